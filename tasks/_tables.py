"""Tables in files, read and written a part at a time so that no file is too long: .csv, .tsv, .jsonl, .parquet, and .txt (a text a line).

CSV and TSV have a header and hold strings; JSON lines hold an object each; the names of Parquet's columns are strings. What is read goes
through the readers of corpora, so that a file that can be learned from can be answered.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from malmoi.config import ConfigError
from malmoi.corpora import _records
from malmoi.corpora._fields import is_missing
from malmoi.corpora._text import NUL, EncodingError, OnError, mended
from malmoi.rows import Dropped

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

KINDS = (".csv", ".tsv", ".jsonl", ".parquet", ".txt")
TEXT = "text"  # the column of a .txt file
DIGITS = 76  # of a whole number that Parquet can hold
BLANK = "blank line"
Put = Callable[[Iterable[dict[str, Any]]], object]  # writes rows


@dataclass(frozen=True)
class Reading:
    """How a file is read. rows: of a part; delimiter: between the fields of .csv and .tsv, "" for that of its kind; on_error: what becomes
    of rows with bytes that are not of the encoding."""

    rows: int = 1000
    encoding: str = "utf-8"
    delimiter: str = ""
    on_error: OnError = "fail"


@dataclass
class LeftOut:
    """Rows that are not in the tables, and values that were changed: how many, by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: set[tuple[int, str]] = field(default_factory=set)  # (place in the file, from 0; column) of strings that are no text

    def __str__(self) -> str:
        return "".join(f"; {count:,} {reason}" for reason, count in self.counts.items() if count)


def kind(path: Path) -> str:
    """The file's suffix, in lower case. Raises ConfigError for one that is no table's."""
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        raise ConfigError(f"{path}: the name should end in one of {', '.join(KINDS)}, found {path.suffix or 'no ending'!r}")
    return suffix


def parts(path: Path, how: Reading, left_out: LeftOut) -> "Iterator[pa.Table]":
    """The file in tables of at most `how.rows` rows, always cut at the same places. What is not in them is counted in `left_out`.

    Raises ConfigError, naming file and row, where it is not what its suffix says.
    """
    import pyarrow as pa

    if kind(path) == ".parquet":
        yield from _batches(path, how.rows)
        return
    try:
        columns, rows = _READERS[kind(path)](path, how)
        there = _usable(path, rows, left_out)
        first, some = 0, list(islice(there, how.rows))
        while some or not first:
            yield pa.table({name: _array(path, name, some, first) for name in columns or _names(some)})
            first, some = first + max(1, len(some)), list(islice(there, how.rows))
    except EncodingError as error:
        raise ConfigError(error.message(option="--on-error ", named="--encoding ")) from None


def _batches(path: Path, rows: int) -> "Iterator[pa.Table]":
    import pyarrow as pa

    file = parquet(path)
    _records.check_names(path, file.schema_arrow.names)
    try:
        for batch in file.iter_batches(rows):
            batch.validate(full=True)  # strings that are no UTF-8
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path}: damaged ({error}); write it again") from None


def parquet(path: Path) -> "pq.ParquetFile":
    """The file, opened. Raises ConfigError where it is none."""
    from malmoi.corpora.parquet import open_parquet

    return open_parquet(path)


def _delimited(path: Path, how: Reading) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    delimiter = how.delimiter or ("\t" if kind(path) == ".tsv" else ",")
    names, rows = _records.delimited(path, _records.Format(delimiter, how.encoding, uneven="drop", on_error=how.on_error))
    if meant := _records.other_delimiter(names, delimiter):
        said = _records.DELIMITERS[meant]
        raise ConfigError(f"{path}: row 1 is one column, {names[0]!r}; is it cut by {said}? Say so: --delimiter {_shell(meant)}")
    _records.check_names(path, names)
    return names, rows


def _objects(path: Path, how: Reading) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    return [], _records.objects(path, how.encoding, how.on_error)


def _lines(path: Path, how: Reading) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    """A line that cannot be used is a row without a text, so that lines and answers stay side by side."""
    lines = mended(path, how.encoding, how.on_error)
    return [TEXT], ((row, {TEXT: None if isinstance(line, Dropped) else line}) for row, line in lines)


def _usable(path: Path, rows: Iterator[tuple[int, Any]], left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """The records, with values that can be written. Raises ConfigError for a row that a person should mend."""
    place = 0
    for row, record in rows:
        if not isinstance(record, Dropped):
            left_out.broken |= {(place, name) for name, value in record.items() if isinstance(value, str) and _has_surrogate(value)}
            place += 1
            yield {name: _value(value, left_out) for name, value in record.items()}
        elif record.reason in (BLANK, NUL) or (record.reason.startswith("not ") and "JSON" not in record.reason):
            left_out.counts[f"left out: {record.reason}"] += 1
        else:
            raise ConfigError(f"{path}: row {row}: {record.reason}: {record.text[:60]}; mend the row, or take it out")


def _value(value: Any, left_out: LeftOut) -> Any:
    """A value that UTF-8 and JSON can hold: half of a surrogate pair becomes �, NaN becomes null."""
    if isinstance(value, str) and not value.isascii():
        written = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if _has_surrogate(value) else value
        left_out.counts["values with half a character (a lone surrogate), written as �"] += written is not value
        return written
    if isinstance(value, list):
        return [_value(one, left_out) for one in value]
    if isinstance(value, dict):
        return {_value(name, left_out): _value(one, left_out) for name, one in value.items()}
    return None if is_missing(value) else value


def _has_surrogate(text: str) -> bool:
    try:
        text.isascii() or text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _array(path: Path, name: str, rows: list[dict[str, Any]], first: int) -> "pa.Array":
    """A column. Whole numbers that are too long for 64 bits are decimals. Raises ConfigError where values are of several kinds."""
    import pyarrow as pa

    values = [row.get(name) for row in rows]
    try:
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
            return pa.array([Decimal(value) if isinstance(value, int) else value for value in values], pa.decimal256(DIGITS))
        return pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
        where = f"{path}: column {name!r}, rows {first + 1} to {first + len(rows)}"
        raise ConfigError(f"{where}: holds different kinds of values, or numbers of more than {DIGITS} digits: {error}") from None


def write(path: Path, parts: Sequence[Path]) -> None:
    """Put Parquet files, one after the other, into one file of the kind that the suffix of `path` says. A column that a part lacks is empty
    there. Raises ConfigError where Parquet is asked for and a column holds what no one type can be."""
    import pyarrow.parquet as pq

    schemas = [pq.read_schema(part) for part in parts]
    if kind(path) == ".parquet":
        return _write_parquet(path, parts, schemas)
    names = list(dict.fromkeys(name for schema in schemas for name in schema.names))
    with open(path, "w", encoding="utf-8", newline="") as stream:
        put = _WRITERS[kind(path)](stream, names)
        for part in parts:
            put({name: row.get(name) for name in names} for row in pq.read_table(part).to_pylist())
    return None


def _write_parquet(path: Path, parts: Sequence[Path], schemas: "list[pa.Schema]") -> None:
    """One schema for all: numbers become as wide as any part has them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pa.unify_schemas(schemas or [pa.schema([])], promote_options="permissive")
    except pa.ArrowException as error:
        raise ConfigError(f"{path}: a column holds different kinds of values, which Parquet cannot: {error}; write .jsonl") from None
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            table = pq.read_table(part)
            columns = {field.name: pa.nulls(len(table), field.type) for field in schema}
            writer.write_table(pa.table(columns | {name: table[name] for name in table.column_names}).cast(schema))


def _cells_to(stream: TextIO, names: list[str]) -> Put:
    writer = csv.writer(stream, delimiter="\t" if stream.name.lower().endswith(".tsv") else ",", lineterminator="\n")
    writer.writerow(names)
    return lambda rows: writer.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def _objects_to(stream: TextIO, names: list[str]) -> Put:
    return lambda rows: stream.writelines(json.dumps(_plain(row), ensure_ascii=False, default=str) + "\n" for row in rows)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row with whole numbers as such."""
    return {name: int(value) if isinstance(value, Decimal) and value == int(value) else value for name, value in row.items()}


def _shell(delimiter: str) -> str:
    """A delimiter as a person types it."""
    return "$'\\t'" if delimiter == "\t" else f"'{delimiter}'"


def _lines_to(stream: TextIO, names: list[str]) -> Put:
    """The label alone, a line for each text; an empty one where there is none."""
    return lambda rows: stream.writelines(f"{row['label'] or ''}\n" for row in rows)


_READERS = {".csv": _delimited, ".tsv": _delimited, ".jsonl": _objects, ".txt": _lines}
_WRITERS = {".csv": _cells_to, ".tsv": _cells_to, ".jsonl": _objects_to, ".txt": _lines_to}
