"""Delimited text (CSV, TSV): with or without a header, quoted or not, in any encoding."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Literal

from malmoi.config import ConfigError, params
from malmoi.corpora import _text
from malmoi.corpora._encodings import MARKED
from malmoi.corpora._fields import Columns, Record, Table, column_names
from malmoi.corpora._text import Encoded
from malmoi.rows import Dropped, Example

LONGEST = 16_000_000  # characters of one field; Python's own limit of 131,072 is less than some articles
OTHERS = re.compile("[;\t|,]")  # delimiters that a file may have instead


@params
class Layout(Encoded):
    """How rows are cut into fields.

    columns: names to give to the columns of a file that has no header row. quoting: "standard" ("..." with "" inside; spaces before a
    field do not count) or "none" (a quotation mark is a character like any other). unquote: how often to undo standard quoting
    afterwards, for files that were quoted more than once (NSMC: 2). uneven: what to do with a row that has too few or too many columns.
    """

    columns: list[str] | None = None
    delimiter: str = ","
    quoting: Literal["standard", "none"] = "standard"
    unquote: int = 0
    uneven: Literal["error", "drop"] = "error"


@params
class Params(Layout):
    """text, label, id, document: names of columns; without `id` a row is called file:row.

    labels: class name of each value, e.g. {"0": negative}.
    """

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError naming file and row for a missing column, an uneven row, an open quotation."""
    check_delimiter(params.delimiter)
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        found = table(path, params, language, wanted.text)
        wanted.check(path, found.names)
        yield from wanted.examples(path, found.records)


def check_delimiter(delimiter: str) -> None:
    """Raise ConfigError for what cannot stand between fields."""
    if len(delimiter) != 1 or delimiter in '\r\n"\0' or not _text.encodable(delimiter):
        raise ConfigError(
            f"delimiter {delimiter!r} should be one character, such as ',' or a tab (\"\\t\"), and no quotation mark or line end"
        )


def table(path: Path, layout: Layout, language: str | None = None, text: str | None = None) -> Table:
    """The file's columns and rows. text: the column that has the texts, where that is known.

    Raises ConfigError where the names of the columns are of another encoding, or are one name that holds another delimiter.
    """
    found = _records(path, layout, language)
    names = column_names(layout.columns) if layout.columns is not None else _header(path, found, layout)
    _check_cut(path, names, layout.delimiter, text)
    return Table(names, (_row(path, row, record, names, layout) for row, record in found))


def _header(path: Path, found: Iterator[tuple[int, list[str]]], layout: Layout) -> list[str]:
    row, header = next(found, (1, []))
    line, _ = _text.repair(layout.delimiter.join(header), layout, f"{path.name}:{row}")
    if isinstance(line, Dropped):
        raise ConfigError(f"{path}: row {row} has the names of the columns, and is not {layout.encoding}: {line.text}; mend it")
    return column_names([_whole(name) for name in header])


def _check_cut(path: Path, names: list[str], delimiter: str, text: str | None) -> None:
    other = OTHERS.search(names[0]) if len(names) == 1 and names[0] != text else None
    if other and other[0] != delimiter:
        shown = '"\\t"' if other[0] == "\t" else f'"{other[0]}"'
        raise ConfigError(
            f"{path}: row 1: with delimiter {delimiter!r} there is one column only, called {names[0]!r}; if {shown} stands between the "
            f"columns, set delimiter: {shown}"
        )


def _row(path: Path, row: int, record: list[str], names: list[str], layout: Layout) -> Record | Dropped:
    where = f"{path.name}:{row}"
    if not record and len(names) > 1:
        return Dropped("blank line", where)
    line, replaced = _text.repair(layout.delimiter.join(record), layout, where)
    if isinstance(line, Dropped):
        return line
    if len(record) != len(names):
        return _uneven(path, row, record, names, layout)
    values = [unquote(_whole(value) if replaced or "\udd0d" in line else value, layout.unquote) for value in record]
    return Record(row, dict(zip(names, values, strict=True)), replaced)


def _whole(value: str) -> str:
    return _text.let_loose(MARKED.sub("\ufffd", value))


def _records(path: Path, layout: Layout, language: str | None) -> Iterator[tuple[int, list[str]]]:
    """(line number at which the record starts, its fields)."""
    csv.field_size_limit(LONGEST)
    stream = map(_text.hold_loose, _text.lines(path, layout, language))
    plain = layout.quoting == "none"
    reader = csv.reader(
        stream,
        delimiter=layout.delimiter,
        quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
        skipinitialspace=not plain and layout.delimiter != " ",
        strict=True,
    )
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


def _uneven(path: Path, row: int, record: list[str], names: list[str], layout: Layout) -> Dropped:
    found = f"{len(record)} columns instead of {len(names)}"
    if layout.uneven == "error":
        cure = f"mend the row, check delimiter {layout.delimiter!r} and quoting {layout.quoting!r}, or set uneven: drop"
        raise ConfigError(f"{path}: row {row} has {found} ({', '.join(names)}); {cure}")
    return Dropped(f"uneven row: {found}", f"{path.name}:{row}", _whole(layout.delimiter.join(record)))


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
