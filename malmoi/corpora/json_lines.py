"""JSON lines: one object a line, its keys are the columns."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns, Record, Table, column_names
from malmoi.corpora._text import Encoded, rows
from malmoi.rows import Dropped, Example

NO_OBJECT = "not a JSON object"
TWICE = "a key is there twice"


@params
class Params(Encoded):
    """text, label, id, document: keys; without `id` a row is called file:row. labels: class name of each value, e.g. {"0": negative}."""

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError where a file's first row is no JSON object or lacks a key; later ones are dropped."""
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        yield from wanted.examples(path, _checked(path, table(path, params, language).records, wanted))


def table(path: Path, how: Encoded, language: str | None = None) -> Table:
    """The file's rows, blank lines among them as Dropped; each has its own columns."""
    return Table([], _records(path, how, language))


def _records(path: Path, how: Encoded, language: str | None) -> Iterator[Record | Dropped]:
    for row, line, replaced in rows(path, how, language):
        where = f"{path.name}:{row}"
        if isinstance(line, Dropped):
            yield line
        elif not line.strip():
            yield Dropped("blank line", where)
        else:
            fields = _object(line, where)
            yield fields if isinstance(fields, Dropped) else Record(row, fields, replaced)


def _object(line: str, where: str) -> dict[str, object] | Dropped:
    """The object on a line. A line that is none, or has a key twice, is dropped."""
    last: list[tuple[str, object]] = []

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        last[:] = found  # the outermost object comes last
        return dict(found)

    try:
        record = json.loads(line, object_pairs_hook=pairs)
    except (ValueError, RecursionError):  # ValueError: no JSON, or an integer of more than 4,300 digits
        return Dropped(NO_OBJECT, where, line)
    if not isinstance(record, dict):
        return Dropped(NO_OBJECT, where, line)
    names = column_names([name for name, _ in last])
    found = dict(zip(names, (value for _, value in last), strict=True))
    if len(found) < len(names):
        return Dropped(TWICE, where, f"{next(name for name in names if names.count(name) > 1)!r}: {line}")
    return found


def _checked(path: Path, records: Iterator[Record | Dropped], wanted: Columns) -> Iterator[Record | Dropped]:
    """The records; the first that is no blank line tells whether the file can be right."""
    first = True
    for record in records:
        if first and not (isinstance(record, Dropped) and record.reason not in (NO_OBJECT, TWICE)):
            _check(path, record, wanted)
            first = False
        yield record


def _check(path: Path, record: Record | Dropped, wanted: Columns) -> None:
    if isinstance(record, Record):
        wanted.check(path, list(record.fields), record.row)
        return
    row = record.where.rpartition(":")[2]
    if record.reason == TWICE:
        raise ConfigError(f"{path}: row {row}: {TWICE}: {record.text:.80}; give each value its own key")
    raise ConfigError(f"{path}: row {row} is not a JSON object; json_lines needs one object on every line (no array around them)")
