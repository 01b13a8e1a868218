"""Numbers of all rows: blocks that join, repeats and membership as the slow ways find them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi import outline
from malmoi.outline import Columns, Outline, among, repeated
from malmoi.rows import Example

NUMBERS = st.lists(st.integers(-3, 3), max_size=30)


def test_columns_grow_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "BLOCK", 4)
    columns = Columns(number="q", small="b")
    assert columns["number"].tolist() == []
    for row in range(11):
        columns.add(row << 40, -row)
        assert len(columns) == row + 1
    assert columns["number"].tolist() == [row << 40 for row in range(11)]
    columns.add(5, 6)  # after a column was asked for, too
    assert columns["small"].tolist() == [*range(0, -11, -1), 6]
    assert (columns["number"].dtype, columns["small"].dtype) == (np.int64, np.int8)


def test_an_outline_of_rows() -> None:
    found = Outline([Example("1", "말 모이", "x", "a", "test"), Example("2", " ", None, "b"), Example("3", "말 모이", "x", "a", "train")])
    assert found.names == ["x", None]
    assert found.labels.tolist() == [0, 1, 0]
    assert found.lengths.tolist() == [4, 1, 4]
    assert found.splits.tolist() == [2, -1, 0]
    assert found.blank.tolist() == [False, True, False]
    assert found.texts[0] == found.texts[2] != found.texts[1]
    assert found.documents[0] == found.documents[2] != found.documents[1]


@given(NUMBERS)
def test_repeated_is_what_an_earlier_row_has(numbers: list[int]) -> None:
    pairs = [(number, abs(number)) for number in numbers]
    expected = [pair in pairs[:place] for place, pair in enumerate(pairs)]
    assert repeated(np.array([a for a, _ in pairs], int), np.array([b for _, b in pairs], int)).tolist() == expected


@given(NUMBERS, NUMBERS)
def test_among_is_membership(values: list[int], known: list[int]) -> None:
    assert among(np.array(values, np.int64), np.array(known, np.int64)).tolist() == [value in known for value in values]
