"""Counting with little memory gives what counting with much does."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi import vocab
from malmoi.tally import Tally, missing

TOKENS = st.lists(st.sampled_from(["가", "나", "다", "a", "b", "", "\n", "\t", "\ud800", "😀"]), max_size=6)


def tally(folder: Path, documents: list[list[str]], kinds: int) -> Tally:
    made = Tally(folder, kinds)
    for tokens in documents:
        made.add(tokens)
    return made


@given(st.lists(TOKENS, max_size=12), st.integers(1, 20))
def test_counts_and_orders_are_those_of_counting_in_memory(documents: list[list[str]], kinds: int) -> None:
    counts = vocab.count(documents)
    with TemporaryDirectory() as folder:
        made = tally(Path(folder), documents, kinds)
        assert list(made.entries()) == sorted(counts.items())
        assert list(made.by_count()) == vocab.order(counts)
        assert list(made.entries()) == sorted(counts.items()), "a second time"


def test_files_are_made_only_for_many_kinds(tmp_path: Path) -> None:
    documents = [["가", "나"], ["다", "가"]]
    list(tally(tmp_path / "few", documents, 3).by_count())
    assert not (tmp_path / "few").exists()
    assert list(tally(tmp_path / "many", documents, 2).by_count()) == [("가", 2), ("나", 1), ("다", 1)]
    assert (tmp_path / "many").exists()


@given(TOKENS, TOKENS)
def test_missing_counts_what_is_not_known(tokens: list[str], others: list[str]) -> None:
    expected = sum(token not in others for token in tokens)
    assert missing(sorted(Counter(tokens).items()), sorted(Counter(others).items())) == expected


@pytest.mark.parametrize(("tokens", "found"), [([("가", 2), ("나", 3)], 3), ([], 0), ([("", 1)], 1)])
def test_missing_by_hand(tokens: list[tuple[str, int]], found: int) -> None:
    assert missing(tokens, [("가", 9), ("다", 9)]) == found
