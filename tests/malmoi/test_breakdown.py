"""Scores of parts of a split: against values counted by hand, and the parts add up to the whole."""

import math

import numpy as np
import pytest

from malmoi import breakdown, metrics
from malmoi.batches import END, UNKNOWN

LABELS = np.array([0, 0, 1, 1, 1])
SHARES = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])


def rows(columns: breakdown.Columns) -> list[dict]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_quantiles_are_about_equal_and_equal_values_stay_together() -> None:
    found = breakdown.quantiles(np.arange(1, 101))
    assert (found.low.tolist(), found.high.tolist()) == ([1, 21, 41, 61, 81], [20, 40, 60, 80, 100])
    assert np.bincount(found.index).tolist() == [20] * 5
    same = breakdown.quantiles(np.array([3, 3, 3, 3]))
    assert (same.low.tolist(), same.high.tolist(), same.index.tolist()) == ([3], [3], [0, 0, 0, 0])


def test_per_class_by_hand() -> None:
    # predicted: 0 1 1 1 0; class 0: 1 of 2 predicted, 1 of 2 actual; class 1: 2 of 3 predicted, 2 of 3 actual
    found = rows(breakdown.classes(SHARES, LABELS, ["불만", "만족"]))
    assert [(row["class"], row["support"], row["predicted"]) for row in found] == [("불만", 2, 2), ("만족", 3, 3)]
    assert [row["precision"] for row in found] == [0.5, pytest.approx(2 / 3, abs=1e-6)]
    assert [row["recall"] for row in found] == [0.5, pytest.approx(2 / 3, abs=1e-6)]
    assert np.mean([row["f1"] for row in found]) == pytest.approx(metrics.classification(SHARES, LABELS)["macro_f1"], abs=1e-6)
    assert all(row["low"] <= row["f1"] <= row["high"] for row in found)


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    found = rows(breakdown.classes(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]), ["a", "b"]))
    assert (found[1]["precision"], found[1]["recall"], found[1]["f1"], found[1]["support"]) == (0, 0, 0, 1)
    assert (found[1]["low"], found[1]["high"]) == ("", "")


def test_the_reliability_table_gives_the_calibration_error() -> None:
    found = rows(breakdown.calibration(SHARES, LABELS))
    assert sum(row["texts"] for row in found) == 5
    gap = sum(row["texts"] * abs(row["accuracy"] - row["confidence"]) for row in found) / 5
    assert gap == pytest.approx(metrics.calibration_error(SHARES, LABELS), abs=1e-5)
    sure_and_wrong = next(row for row in found if row["texts"] == 2)  # 0.6 twice, both wrong
    assert (sure_and_wrong["confidence"], sure_and_wrong["accuracy"]) == (0.6, 0)
    assert sure_and_wrong["from"] == 0.6


def test_intervals_of_shares_are_those_of_wilson() -> None:
    low, high = metrics.share_interval(np.array([0, 8, 10]), np.array([10, 10, 10]))
    assert low.tolist() == pytest.approx([0, 0.4902, 0.7225], abs=1e-4)  # Newcombe 1998, method 3, gives 0.7225 for 10 of 10
    assert high.tolist() == pytest.approx([0.2775, 0.9433, 1], abs=1e-4)


def test_accuracy_by_length_in_both_units() -> None:
    correct = np.array([True, True, False, True, False, False])
    lengths = {"characters": np.array([1, 2, 3, 40, 50, 60]), "tokens": np.array([1, 1, 1, 9, 9, 9])}
    found = rows(breakdown.accuracy_by_length(correct, lengths))
    characters, tokens = ([row for row in found if row["unit"] == unit] for unit in lengths)
    assert sum(row["texts"] for row in characters) == 6
    assert [(row["from"], row["to"], row["texts"]) for row in tokens] == [(1, 1, 3), (9, 9, 3)]
    assert [row["accuracy"] for row in tokens] == pytest.approx([2 / 3, 1 / 3], abs=1e-6)
    assert tokens[0]["low"] < 2 / 3 < tokens[0]["high"]


def test_accuracy_by_what_the_vocabulary_lacks() -> None:
    correct = np.array([True, True, False, False, True])
    unknown, tokens = np.array([0, 0, 1, 6, 0]), np.array([10, 0, 10, 10, 3])  # the second text is empty
    found = rows(breakdown.accuracy_by_unknown(correct, unknown, tokens))
    assert [(row["from"], row["to"], row["texts"], row["accuracy"]) for row in found] == [(0, 0, 3, 1), (0.05, 0.1, 1, 0), (0.5, 1, 1, 0)]


def test_language_by_length_adds_up() -> None:
    random = np.random.default_rng(3)
    tokens = random.integers(2, 40, 60)
    bits, charged = random.uniform(5, 9, 60) * tokens, np.where(tokens % 7 == 0, 20.0, 0.0)
    units = {"tokens": tokens, "characters": tokens * 3, "bytes": tokens * 9, "unknown": tokens // 7}
    found = rows(breakdown.language_by_length(bits, charged, units, True))
    for unit in ("characters", "tokens"):
        part = [row for row in found if row["unit"] == unit]
        assert (sum(row["texts"] for row in part), sum(row["tokens"] for row in part)) == (60, tokens.sum())
        spent = sum(row["tokens"] * math.log2(row["perplexity"]) for row in part)
        assert spent == pytest.approx(bits.sum(), rel=1e-4)
        assert all(row["bits_per_character_low"] <= row["bits_per_character"] <= row["bits_per_character_high"] for row in part)
    assert found[0]["from"] == tokens.min() * 3 - 1, "a text's end is not part of its length"
    lossy = rows(breakdown.language_by_length(bits, charged, units, False))
    assert {row["bits_per_character"] for row in lossy} == {""}


def test_language_by_frequency_adds_up() -> None:
    frequencies = np.array([0, 0, 0, 1200, 99, 10, 9, 1])  # three special ids first
    ids = np.array([3, 4, END, UNKNOWN, 5, 6, END, 7, 3, END])
    bits = np.arange(1.0, 11.0)
    found = rows(breakdown.language_by_frequency(ids, bits, np.array([0.0, 30.0, 0.0]), np.array([3, 4, 3]), frequencies))
    assert [(row["frequency"], row["tokens"]) for row in found] == [
        ("unknown", 1),
        ("1-9", 2),
        ("10-99", 2),
        ("1000-9999", 2),
        ("end of text", 3),
    ]
    assert [row["bits_per_token"] for row in found] == [
        4 + 30,
        (6 + 8) / 2,
        (2 + 5) / 2,
        (1 + 9) / 2,
        pytest.approx((3 + 7 + 10) / 3, abs=1e-4),
    ]
    assert sum(row["tokens"] * row["bits_per_token"] for row in found) == pytest.approx(bits.sum() + 30, abs=1e-3)
    assert sum(row["share_of_bits"] for row in found) == pytest.approx(1, abs=1e-5)
    assert found[1]["perplexity"] == 2**7


def test_a_frequent_token_that_training_had_ten_times_is_no_rare_one() -> None:
    found = breakdown.language_by_frequency(np.array([3, END]), np.ones(2), np.zeros(1), np.array([2]), np.array([0, 0, 0, 10]))
    assert found["frequency"] == ["10-99", "end of text"]
