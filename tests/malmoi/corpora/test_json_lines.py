"""JSON lines: objects, and lines that are none."""

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


def test_the_first_row_tells_what_the_file_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"row 1 is not a JSON object.*no array"):
        read(tmp_path, '[{"content": "x", "category": "y"}]')
    with pytest.raises(ConfigError, match=r"no column 'content'.*there are: body, category"):
        read(tmp_path, '{"body": "x", "category": "y"}')
