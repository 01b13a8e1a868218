"""JSON lines: one object a line, its keys are the columns."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns
from malmoi.corpora._text import lines
from malmoi.rows import Dropped, Example


@params
class Params:
    """text, label, id, document: keys; without `id` a row is called file:row. labels: class name of each value, e.g. {"0": negative}."""

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError where a file's first row is no JSON object or lacks a key; later ones are dropped."""
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        yield from _read_file(path, params.encoding, wanted)


def _read_file(path: Path, encoding: str, wanted: Columns) -> Iterator[Example | Dropped]:
    first = True
    for row, line in enumerate(lines(path, encoding), 1):
        if not line.strip():
            yield Dropped("blank line", f"{path.name}:{row}")
            continue
        record = _record(line)
        if first:
            _check(path, row, record, wanted)
            first = False
        if record is None:
            yield Dropped("not a JSON object", f"{path.name}:{row}", line.rstrip("\n"))
        else:
            yield wanted.example(path, row, record)


def _record(line: str) -> dict[str, object] | None:
    try:
        record = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _check(path: Path, row: int, record: dict[str, object] | None, wanted: Columns) -> None:
    if record is None:
        raise ConfigError(f"{path}: row {row} is not a JSON object; json_lines needs one object on every line (no array around them)")
    wanted.check(path, list(record))
