"""Rows on disk: groups of bounded size, and all that is known of an example."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from malmoi import rows
from malmoi.rows import Example, Tokens


def groups(path: Path) -> list[int]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def test_a_group_has_so_many_rows_or_so_many_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROWS", 4)
    monkeypatch.setattr(rows, "CHARACTERS", 10)
    examples = [Example(str(n), text) for n, text in enumerate(["", "", "", "", "말" * 9, "a", "b", "말" * 30, "c"])]
    rows.write_examples(tmp_path / "train.parquet", examples)
    assert groups(tmp_path / "train.parquet") == [4, 2, 2, 1]
    assert [example.text for example in rows.read_examples(tmp_path / "train.parquet")] == [example.text for example in examples]


def test_examples_and_tokens_come_back(tmp_path: Path) -> None:
    examples = [Example("1", "말", "좋다", "책"), Example("2", "", None, "")]
    rows.write_examples(tmp_path / "valid.parquet", examples)
    assert [(e.id, e.text, e.label, e.document, e.split) for e in rows.read_examples(tmp_path / "valid.parquet")] == [
        ("1", "말", "좋다", "책", "valid"),
        ("2", "", None, "", "valid"),
    ]
    cut = [Tokens("1", "말을", ["말", "을"], "좋다"), Tokens("2", "", [], None)]
    rows.write_tokens(tmp_path / "train.parquet", cut)
    assert list(rows.read_tokens(tmp_path / "train.parquet")) == cut


def test_whole_examples_come_back_whole(tmp_path: Path) -> None:
    examples = [Example("1", "말", "좋다", "책", "test", 7), Example("2", "글", None, "", None, 9)]
    rows.write_whole(tmp_path / "whole.parquet", examples)
    assert list(rows.read_whole(tmp_path / "whole.parquet")) == examples


def test_no_rows(tmp_path: Path) -> None:
    rows.write_examples(tmp_path / "test.parquet", [])
    assert list(rows.read_examples(tmp_path / "test.parquet")) == []
