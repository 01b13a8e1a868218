"""Tables in files, read a part at a time so that no file is too long: .csv, .tsv, .jsonl, .parquet, and .txt (a text a line).

They are read by the readers of corpora, so that whatever `ingest` reads, this does. All columns are kept. CSV and TSV have a header and
hold strings; JSON lines hold an object each; a column of values that no one type holds is kept as JSON (see `_typed`).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from malmoi.cleaning import blank
from malmoi.config import ConfigError
from malmoi.corpora._fields import Record, Table, column_names
from malmoi.corpora._text import Encoded, encodable, unusable
from malmoi.rows import Dropped

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = (".csv", ".tsv", ".jsonl", ".parquet", ".txt")
NO_TEXT = "no text"
DEEPEST = 32  # lists and objects inside of each other that are kept as such
AS_JSON = {b"malmoi": b"json"}  # what the field of a column says whose values are JSON
Choose = Callable[[list[str]], str]  # the column with the texts, by the names there are


@dataclass(frozen=True)
class Source:
    """A file to read, and how: options of the readers of corpora. delimiter: None for the one that goes with the suffix."""

    path: Path
    encoding: str = "utf-8"
    delimiter: str | None = None
    quoting: Literal["standard", "none"] = "standard"
    uneven: Literal["error", "drop"] = "error"
    on_error: Literal["fail", "drop", "replace"] = "fail"
    language: str | None = None
    text: str | None = None

    @property
    def kind(self) -> str:
        """See `kind`."""
        return kind(self.path)


@dataclass
class Part:
    """Some rows. texts: of the rows, None for those that get no answer; without: how many, by reason; left_out: rows of the file that are
    not here; repaired: how many rows hold U+FFFD for what could not be kept."""

    table: "pa.Table"
    texts: list[str | None]
    without: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    repaired: int = 0


def kind(path: Path) -> str:
    """The file's suffix in small letters. Raises ConfigError for one that is no table's."""
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"{path}: the name should end in one of {', '.join(KINDS)}, found {path.suffix or 'no ending'!r}")
    return path.suffix.lower()


def parts(source: Source, rows: int, choose: Choose) -> Iterator[Part]:
    """The file in parts of at most `rows` rows, always cut at the same places; an empty file gives one part.

    Raises ConfigError, naming file and row, where it is not what its suffix says, and for a row that cannot be kept.
    """
    if source.kind == ".parquet":
        yield from _of_parquet(source, rows, choose)
        return
    import pyarrow as pa

    table, left_out = _table(source), Counter[str]()
    records = _kept(source, table.records, left_out)
    some, column, first = list(islice(records, rows)), "", True
    while some or first:
        names = table.names or list(dict.fromkeys(name for record in some for name in record.fields))
        column = column or choose(names)
        try:
            part = _part(source, names, some, column)
        except RecursionError:
            where = f"{source.path}: row {some[0].row} to row {some[-1].row}"
            raise ConfigError(f"{where}: lists or objects lie too deep in each other to be read") from None
        part.left_out.update(left_out)
        left_out.clear()
        yield part
        some, first = list(islice(records, rows)), False
    if left_out:
        yield Part(pa.table({name: pa.nulls(0) for name in names}), [], left_out=left_out)


def _table(source: Source) -> Table:
    """The file as the reader of its kind sees it. Raises ConfigError for a name that two columns have."""
    from malmoi.corpora import delimited, json_lines, plain

    how = Encoded(encoding=source.encoding, on_error=source.on_error)
    if source.kind == ".jsonl":
        return json_lines.table(source.path, how, source.language)
    if source.kind == ".txt":
        return plain.table(source.path, how, source.language)
    delimiter = source.delimiter or ("\t" if source.kind == ".tsv" else ",")
    delimited.check_delimiter(delimiter)
    layout = delimited.Layout(
        encoding=source.encoding, on_error=source.on_error, delimiter=delimiter, quoting=source.quoting, uneven=source.uneven
    )
    table = delimited.table(source.path, layout, source.language, source.text)
    if not table.names:
        raise ConfigError(f"{source.path}: row 1 should name the columns, and is empty")
    _check_unique(source.path, table.names)
    return table


def _check_unique(path: Path, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: row 1: column {name!r} is there twice; give each its own name")


def _kept(source: Source, records: Iterator[Record | Dropped], left_out: Counter[str]) -> Iterator[Record]:
    """The records; those that were dropped are counted, or an error. In a .txt they stay, so that lines stay side by side."""
    for record in records:
        if isinstance(record, Record):
            yield record
        elif source.kind == ".txt":
            yield Record(int(record.where.rpartition(":")[2]), {"text": None, _WHY: record.reason})
        elif record.reason != "blank line":
            _leave_out(source, record, left_out)


_WHY = "\0why"  # key of a record of a .txt: why its line could not be read


def _leave_out(source: Source, dropped: Dropped, left_out: Counter[str]) -> None:
    uneven = dropped.reason.startswith("uneven row")
    if not uneven and source.on_error != "drop":
        row = dropped.where.rpartition(":")[2]
        raise ConfigError(f"{source.path}: row {row}: {dropped.reason}: {dropped.text:.60}; mend it, or set on_error: drop")
    left_out["uneven rows" if uneven else dropped.reason] += 1


def _part(source: Source, names: list[str], records: list[Record], column: str) -> Part:
    """A table of records, and the texts of its column."""
    import pyarrow as pa

    part = Part(pa.table({}), [])
    for record in records:
        why = str(record.fields.get(_WHY, NO_TEXT))
        part.texts.append(_text(f"{source.path}: column {column!r}", record.row, record.fields.get(column), part.without, why))
    columns: dict[str, list[Any]] = {name: [record.fields.get(name) for record in records] for name in names}
    kept = {name if encodable(name) else _mended(name): [_mended(value) for value in values] for name, values in columns.items()}
    part.repaired = sum(bool(record.replaced) for record in records) + _changed(columns, kept)
    arrays = {name: _typed(values) for name, values in kept.items()}
    fields = [pa.field(name, array.type, metadata=AS_JSON if json_text else None) for name, (array, json_text) in arrays.items()]
    part.table = pa.Table.from_arrays([array for array, _ in arrays.values()], schema=pa.schema(fields))
    return part


def _changed(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> int:
    """Rows in which something was mended."""
    rows = zip(*before.values(), strict=True), zip(*after.values(), strict=True)
    return sum(any(old is not new for old, new in zip(*pair, strict=True)) for pair in zip(*rows, strict=True))


def _text(where: str, row: int, value: object, without: Counter[str], why: str = NO_TEXT) -> str | None:
    """The text to be answered; None, and counted, where there is none or it cannot be read. Raises ConfigError for what is no string."""
    if value is None or value != value:  # NaN
        without[why] += 1
        return None
    if not isinstance(value, str):
        raise ConfigError(f"{where} should hold strings, row {row} has {type(value).__name__}: {value!r:.60}")
    reason = unusable(value) or (NO_TEXT if blank(value) else None)
    if reason:
        without[reason] += 1
        return None
    return value


def _mended(value: Any) -> Any:
    """The value itself, or, where strings in it have lone surrogates, one with U+FFFD in their place."""
    if isinstance(value, str):
        return value if encodable(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        made = [_mended(one) for one in value]
        return made if any(new is not old for new, old in zip(made, value, strict=True)) else value
    if isinstance(value, dict):
        named = {_mended(name): _mended(one) for name, one in value.items()}
        same = all(a is b and c is d for (a, c), (b, d) in zip(named.items(), value.items(), strict=False))
        return value if same and len(named) == len(value) else named
    return value


def _typed(values: list[Any]) -> "tuple[pa.Array, bool]":
    """(a column of the values, False), or (of their JSON, True) where no one type holds them: numbers beside strings, long numbers."""
    import pyarrow as pa

    try:
        if all(_shallow(value) for value in values):
            array = pa.array(values)
            if _writable(array.type):
                return array, False
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        pass
    return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in values], pa.string()), True


def _shallow(value: Any, depth: int = 0) -> bool:
    if not isinstance(value, list | dict):
        return True
    inside = value.values() if isinstance(value, dict) else value
    return depth < DEEPEST and all(_shallow(one, depth + 1) for one in inside)


def _writable(kind: "pa.DataType") -> bool:
    """Whether Parquet has the type: an object without keys it has not."""
    inside = [kind.field(place).type for place in range(kind.num_fields)]
    return not (str(kind).startswith("struct") and not inside) and all(map(_writable, inside))


def _of_parquet(source: Source, rows: int, choose: Choose) -> Iterator[Part]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from malmoi.corpora.parquet import readable

    with readable(source.path), pq.ParquetFile(source.path) as file:
        names = column_names(file.schema_arrow.names)
        _check_unique(source.path, names)
        column, first = choose(names), 0
        for batch in file.iter_batches(rows):
            part = Part(pa.table({}), [])
            part.table, part.repaired = _valid(pa.Table.from_batches([batch]).rename_columns(names))
            part.texts = _texts_of(source.path, part, column, first)
            first += len(batch)
            yield part
        if not first:
            yield Part(pa.Table.from_batches([], file.schema_arrow).rename_columns(names), [])


def _texts_of(path: Path, part: Part, column: str, first: int) -> list[str | None]:
    from malmoi.corpora.parquet import values

    found = values(part.table[column].combine_chunks())
    return [_text(f"{path}: column {column!r}", row, value, part.without) for row, value in enumerate(found, first + 1)]


def _valid(table: "pa.Table") -> "tuple[pa.Table, int]":
    """(the table with strings that are UTF-8, how many rows had to be mended)."""
    import pyarrow as pa

    from malmoi.corpora.parquet import values

    bad: set[int] = set()
    for place, one in enumerate(table.schema):
        if not (pa.types.is_string(one.type) or pa.types.is_large_string(one.type)):
            continue
        try:
            table[place].cast(pa.large_binary()).cast(pa.large_string())
        except pa.ArrowInvalid:
            found = values(table[place].combine_chunks())
            bad |= {row for row, value in enumerate(found) if isinstance(value, bytes)}
            mended = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in found]
            table = table.set_column(place, one.name, pa.array(mended, pa.string()))
    return table, len(bad)
