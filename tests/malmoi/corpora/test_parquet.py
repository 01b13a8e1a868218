"""Parquet tables."""

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


def test_a_missing_column_and_another_kind_of_file_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    pq.write_table(pa.table({"review": ["x"]}), path)
    with pytest.raises(ConfigError, match=r"no column 'text'.*review"):
        list(parquet.read([path], Params(text="text")))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ConfigError, match="not a Parquet file, or cut short"):
        list(parquet.read([path], Params(text="review")))
