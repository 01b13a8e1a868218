"""Repetition and distinct n-grams, counted by hand."""

from dataclasses import dataclass

import pytest

from malmoi import diversity


@dataclass(frozen=True)
class Text:
    ids: tuple[int, ...]
    logs: tuple[float, ...]


def test_repetition_counts_what_occurred_before_in_the_same_text() -> None:
    # ab ba ab ba: two of four; in two texts nothing of the other counts, but its n-grams do
    assert diversity.repetition(["ababa"], 2) == 0.5
    assert diversity.repetition(["ababa", "abc"], 2) == pytest.approx(2 / 6)
    assert diversity.repetition(["abcd", "abcd"], 2) == 0
    assert diversity.repetition(["aaaaaaaa"]) == pytest.approx(4 / 5), "four tokens: aaaa five times"
    assert diversity.repetition(["abc"]) is None


def test_distinct_counts_over_all_texts() -> None:
    assert diversity.distinct(["abab", "ab"], 1) == pytest.approx(2 / 6)
    assert diversity.distinct(["abcd", "abcd"], 2) == 0.5
    assert diversity.distinct(["ab", "ba"], 2) == 1, "no n-gram goes from one text to the next"
    assert diversity.distinct(["a", ""], 2) is None


def test_measure_has_it_all() -> None:
    found = diversity.measure([Text((3, 4, 3, 4, 3), (-1.0, -2.0, -1.0, 0.0, -1.0)), Text((3,), (-1.0,))])
    assert found["mean_log_likelihood"] == pytest.approx(-1)
    assert (found["repetition"], found["distinct_1"], found["distinct_2"]) == (0, pytest.approx(2 / 6), 0.5)
    assert found["distinct_3"] == pytest.approx(2 / 3)
    assert set(diversity.measure([]).values()) == {None}
