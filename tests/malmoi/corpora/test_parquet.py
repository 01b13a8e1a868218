"""Parquet tables."""

import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from malmoi.config import ConfigError
from malmoi.corpora import parquet
from malmoi.corpora.parquet import Params
from malmoi.rows import Dropped, Example


def test_columns_become_examples_and_a_null_text_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    pq.write_table(pa.table({"review": ["좋다", None, "fine"], "stars": [5, 1, 1], "key": [11, 12, 13]}), path)
    rows = list(parquet.read([path], Params(text="review", label="stars", id="key", labels={"5": "positive", "1": "negative"})))
    assert rows == [
        Example("11", "좋다", "positive", "reviews.parquet", row=1),
        Dropped("no text", "reviews.parquet:2"),
        Example("13", "fine", "negative", "reviews.parquet", row=3),
    ]


def test_missing_labels_and_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c", "d"], "label": [1.0, float("nan"), None, 0.0]}), path)
    rows = list(parquet.read([path], Params(text="text", label="label")))
    assert [getattr(row, "reason", row.label if isinstance(row, Example) else "") for row in rows] == ["1", "no label", "no label", "0"]


def test_names_twice_in_nfd_and_as_categories(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    words = pa.array(["a", "b"]).dictionary_encode()
    pq.write_table(pa.Table.from_arrays([words, words, words], names=["리뷰", "x", "x"]), path)
    assert [row.text for row in parquet.read([path], Params(text=unicodedata.normalize("NFD", "리뷰")))] == ["a", "b"]
    with pytest.raises(ConfigError, match="column 'x' is there more than once"):
        list(parquet.read([path], Params(text="x")))


def test_values_that_python_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    broken = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xff\xfe")])
    times = pa.array([-(2**60), 0], pa.timestamp("ms"))
    pq.write_table(pa.table({"text": broken, "when": times, "good": ["x", "y"]}), path)
    assert [getattr(row, "reason", row.text) for row in parquet.read([path], Params(text="text"))] == ["a", "text is no string"]
    assert [row.text for row in parquet.read([path], Params(text="good", label="when"))] == ["x", "y"]


def test_a_missing_column_and_another_kind_of_file_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    pq.write_table(pa.table({"review": ["x"]}), path)
    with pytest.raises(ConfigError, match=r"no column 'text'.*review"):
        list(parquet.read([path], Params(text="text")))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ConfigError, match="not a Parquet file, or cut short"):
        list(parquet.read([path], Params(text="review")))
