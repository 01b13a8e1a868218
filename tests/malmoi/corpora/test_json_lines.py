"""JSON lines: objects, and lines that are none."""

import json
import unicodedata
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from malmoi.corpora import json_lines
from malmoi.corpora.json_lines import Params
from malmoi.rows import Dropped, Example

PARAMS = Params(text="content", label="category")


def read(folder: Path, *lines: str) -> list[Example | Dropped]:
    path = folder / "petitions"
    path.write_text("\n".join(lines), encoding="utf-8")
    return list(json_lines.read([path], PARAMS))


def test_objects_become_examples_and_other_lines_are_dropped_with_a_reason(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        '{"content": "첫째", "category": "교육", "votes": 3}',
        "",
        "{broken",
        '["content"]',
        '{"category": "교육"}',
        '{"content": 7, "category": "교육"}',
        '{"content": "\\ud800", "category": "교육"}',
        '{"content": "둘째", "category": " 복지 "}',
    )
    assert rows[0] == Example("petitions:1", "첫째", "교육", "petitions", row=1)
    assert rows[-1] == Example("petitions:8", "둘째", "복지", "petitions", row=8)
    assert [row.reason for row in rows if isinstance(row, Dropped)] == [
        "blank line",
        "not a JSON object",
        "not a JSON object",
        "no text",
        "text is no string",
        "not valid Unicode (a lone surrogate)",
    ]


def test_values_that_are_no_label(tmp_path: Path) -> None:
    values = ["NaN", "null", '"nan"', '"None"', '""', '" "', "[]", '{"a": 1}', "[1]"]
    rows = read(tmp_path, *(f'{{"content": "x", "category": {value}}}' for value in values), '{"content": "x"}')
    reasons = [row.reason for row in rows if isinstance(row, Dropped)]
    assert reasons == ["no label"] * 6 + ["label is no string and no number"] * 3 + ["no label"]


def test_one_number_is_one_class_however_it_is_written(tmp_path: Path) -> None:
    rows = read(tmp_path, *(f'{{"content": "x", "category": {value}}}' for value in ("1", "1.0", '"1"', "1e0", "0", "-0.0", "2.5")))
    assert [row.label for row in rows if isinstance(row, Example)] == ["1", "1", "1", "1", "0", "0", "2.5"]
    with pytest.raises(ConfigError, match=r"label '1\.0' is the same number as label '1'"):
        read(tmp_path, '{"content": "x", "category": 1}', '{"content": "x", "category": "1.0"}')


@pytest.mark.parametrize("labels", [{"true": "a", "false": "b"}, {"True": "a", "False": "b"}])
def test_truth_values_are_called_as_in_json(tmp_path: Path, labels: dict[str, str]) -> None:
    lines = ['{"content": "x", "category": true}', '{"content": "x", "category": false}']
    assert [row.label for row in read(tmp_path, *lines) if isinstance(row, Example)] == ["true", "false"]
    params = Params(text="content", label="category", labels=labels)
    assert [row.label for row in json_lines.read([tmp_path / "petitions"], params) if isinstance(row, Example)] == ["a", "b"]


def test_a_key_that_is_there_twice(tmp_path: Path) -> None:
    good, twice = '{"content": "x", "category": "y"}', '{"content": "a", "category": "y", "content": "b"}'
    with pytest.raises(ConfigError, match="row 1: a key is there twice: 'content'"):
        read(tmp_path, twice, good)
    rows = read(tmp_path, good, twice, '{"content": "x", "category": "y", "more": {"a": 1}, "a": 2}')
    assert [getattr(row, "reason", row.text) for row in rows] == ["x", "a key is there twice", "x"]


def test_keys_are_compared_in_nfc(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({unicodedata.normalize("NFD", "리뷰"): "x"}), encoding="utf-8")
    assert [row.text for row in json_lines.read([tmp_path / "a.jsonl"], Params(text="리뷰"))] == ["x"]


def test_what_cannot_be_written_is_dropped(tmp_path: Path) -> None:
    half, nul = r'"\ud83d"', r'"\u0000"'
    values = [f'{{"content": "x", "category": {half}}}', f'{{"content": "x", "category": {nul}}}', f'{{"content": {nul}, "category": "y"}}']
    rows = read(tmp_path, '{"content": "x", "category": "y"}', *values, "1" * 5000, "[" * 100_000, '{"content": "x\0", "category": "y"}')
    lone, zero = "not valid Unicode (a lone surrogate)", "holds a NUL byte"
    assert [row.reason for row in rows if isinstance(row, Dropped)] == [lone, zero, zero, "not a JSON object", "not a JSON object", zero]


def test_the_first_row_tells_what_the_file_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"row 1 is not a JSON object.*no array"):
        read(tmp_path, '[{"content": "x", "category": "y"}]')
    with pytest.raises(ConfigError, match=r"no column 'content'.*there are: body, category"):
        read(tmp_path, '{"body": "x", "category": "y"}')
