"""Delimited text (CSV, TSV): with or without a header, quoted or not, in any encoding."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Literal

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns
from malmoi.corpora._text import lines
from malmoi.rows import Dropped, Example

LONGEST = 16_000_000  # characters of one field; Python's own limit of 131,072 is less than some articles


@params
class Params:
    """text, label, id, document: names of columns; without `id` a row is called file:row.

    columns: names to give to the columns of a file that has no header row. labels: class name of each value, e.g. {"0": negative}.
    quoting: "standard" ("..." with "" inside) or "none" (a quotation mark is a character like any other). unquote: how often to undo
    standard quoting afterwards, for files that were quoted more than once (NSMC: 2). uneven: what to do with a row that has too few or
    too many columns.
    """

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    columns: list[str] | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    quoting: Literal["standard", "none"] = "standard"
    unquote: int = 0
    uneven: Literal["error", "drop"] = "error"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError naming file and row for a missing column, an uneven row, an open quotation."""
    if len(params.delimiter) != 1:
        raise ConfigError(f"delimiter {params.delimiter!r} should be one character, such as ',' or a tab (\"\\t\")")
    for path in files:
        yield from _read_file(path, params)


def _read_file(path: Path, params: Params) -> Iterator[Example | Dropped]:
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    records = _records(path, params)
    row, names = (0, params.columns) if params.columns is not None else next(records, (1, []))
    wanted.check(path, [name.strip() for name in names])
    names = [name.strip() for name in names]
    for row, record in records:
        if not record and len(names) > 1:
            yield Dropped("blank line", f"{path.name}:{row}")
        elif len(record) != len(names):
            yield _uneven(path, row, record, names, params)
        else:
            yield wanted.example(path, row, dict(zip(names, (unquote(value, params.unquote) for value in record), strict=True)))


def _records(path: Path, params: Params) -> Iterator[tuple[int, list[str]]]:
    """(line number at which the record starts, its fields)."""
    csv.field_size_limit(LONGEST)
    stream = lines(path, params.encoding, newline="")
    plain = params.quoting == "none"
    reader = csv.reader(stream, delimiter=params.delimiter, quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL, strict=True)
    while True:
        row = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cure = "if quotation marks are ordinary characters in this file, set quoting: none"
            raise ConfigError(f"{path}: row {row}: {error}; {cure}") from None
        yield row, record


def _uneven(path: Path, row: int, record: list[str], names: list[str], params: Params) -> Dropped:
    found = f"{len(record)} columns instead of {len(names)}"
    if params.uneven == "error":
        cure = f"mend the row, check delimiter {params.delimiter!r} and quoting {params.quoting!r}, or set uneven: drop"
        raise ConfigError(f"{path}: row {row} has {found} ({', '.join(names)}); {cure}")
    return Dropped(f"uneven row: {found}", f"{path.name}:{row}", params.delimiter.join(record))


def unquote(value: str, times: int) -> str:
    """Undo standard quoting, at most `times` times.

    >>> unquote('\"\"\"재밌다\"\"\"', 2)
    '재밌다'
    """
    for _ in range(times):
        if len(value) < 2 or not (value.startswith('"') and value.endswith('"')):
            break
        value = value[1:-1].replace('""', '"')
    return value
