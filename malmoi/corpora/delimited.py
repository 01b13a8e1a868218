"""Delimited text (CSV, TSV): with or without a header, quoted or not, in any encoding."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Literal

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns
from malmoi.corpora._records import DELIMITERS, Format, Record, delimited, mapped, other_delimiter
from malmoi.corpora._text import OnError
from malmoi.rows import Dropped, Example


@params
class Params:
    """text, label, id, document: names of columns; without `id` a row is called file:row.

    columns: names to give to the columns of a file that has no header row. labels: class name of each value, e.g. {"0": negative}.
    quoting: "standard" ("..." with "" inside) or "none" (a quotation mark is a character like any other). unquote: how often to undo
    standard quoting afterwards, for files that were quoted more than once (NSMC: 2). skip_space: a space after a delimiter is no part of
    the field. uneven: what to do with a row that has too few or too many columns. on_error: what to do with a row that has bytes which are
    not of the encoding: fail, drop it (counted), or replace them by �.
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
    skip_space: bool = False
    uneven: Literal["error", "drop"] = "error"
    on_error: OnError = "fail"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError naming file and row for a missing or repeated column, an uneven row, an open
    quotation, and bytes that are not of the encoding."""
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        yield from _read_file(path, params, wanted)


def _read_file(path: Path, params: Params, wanted: Columns) -> Iterator[Example | Dropped]:
    how = Format(
        params.delimiter, params.encoding, params.quoting, params.columns, params.skip_space, params.uneven, on_error=params.on_error
    )
    names, records = delimited(path, how)
    if (meant := other_delimiter(names, params.delimiter)) and wanted.text not in names:
        raise ConfigError(f"{path}: row 1 is one column, {names[0]!r}; is it cut by {DELIMITERS[meant]}? Set delimiter: {meant!r}")
    wanted.check(path, names)

    def example(row: int, record: Record) -> Example | Dropped:
        fields = {name: unquote(value, params.unquote) for name, value in record.items()} if params.unquote else record
        return wanted.example(path, row, fields)

    yield from mapped(records, example)


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
