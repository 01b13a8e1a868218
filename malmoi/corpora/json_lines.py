"""JSON lines: one object a line, its keys are the columns."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns
from malmoi.corpora._records import NO_OBJECT, Record, objects
from malmoi.corpora._text import OnError
from malmoi.rows import Dropped, Example


@params
class Params:
    """text, label, id, document: keys; without `id` a row is called file:row. labels: class name of each value, e.g. {"0": negative}.

    on_error: what to do with a line that has bytes which are not of the encoding: fail, drop it (counted), or replace them by �.
    """

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    on_error: OnError = "fail"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError where a file's first row is no JSON object or lacks a key; later ones are dropped."""
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        yield from _read_file(path, params, wanted)


def _read_file(path: Path, params: Params, wanted: Columns) -> Iterator[Example | Dropped]:
    first = True
    for row, record in objects(path, params.encoding, params.on_error):
        if first:
            first = _check(path, row, record, wanted)
        yield record if isinstance(record, Dropped) else wanted.example(path, row, record)


def _check(path: Path, row: int, record: Record | Dropped, wanted: Columns) -> bool:
    """Raise ConfigError where the first row is no object or lacks a key. Returns whether the first row is still to come."""
    if not isinstance(record, Dropped):
        wanted.check(path, list(record))
        return False
    if record.reason == NO_OBJECT:
        raise ConfigError(f"{path}: row {row} is {NO_OBJECT}; json_lines needs one object on every line (no array around them)")
    return True
