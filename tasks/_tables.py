"""Tables in files, read and written a part at a time so that no file is too long: .csv, .tsv, .jsonl, .parquet, and .txt (a text a line).

CSV and TSV have a header and hold strings; JSON lines hold an object each; the names of Parquet's columns are strings.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from malmoi.config import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

KINDS = (".csv", ".tsv", ".jsonl", ".parquet", ".txt")
TEXT = "text"  # the column of a .txt file
Put = Callable[[Iterable[dict[str, Any]]], object]  # writes rows


def kind(path: Path) -> str:
    """The file's suffix. Raises ConfigError for one that is no table's."""
    if path.suffix not in KINDS:
        raise ConfigError(f"{path}: the name should end in one of {', '.join(KINDS)}, found {path.suffix or 'no ending'!r}")
    return path.suffix


def parts(path: Path, rows: int, encoding: str) -> "Iterator[pa.Table]":
    """The file in tables of at most `rows` rows, always cut at the same places.

    Raises ConfigError, naming file and line, where it is not what its suffix says.
    """
    import pyarrow as pa

    if kind(path) == ".parquet":
        yield from (pa.Table.from_batches([batch]) for batch in parquet(path).iter_batches(rows))
        return
    with _opened(path, encoding) as stream:
        columns, lines = _READERS[path.suffix](path, stream)
        first, some = 0, list(islice(lines, rows))
        while some or not first:
            yield _table(path, columns or _names(some), some, first)
            first, some = first + max(1, len(some)), list(islice(lines, rows))


def parquet(path: Path) -> "pq.ParquetFile":
    """The file, opened. Raises ConfigError where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise ConfigError(f"{path}: no Parquet file: {error}") from None


def write(path: Path, parts: Sequence[Path]) -> None:
    """Put Parquet files, one after the other, into one file of the kind that the suffix of `path` says. A column that a part lacks is empty
    there. Raises ConfigError where Parquet is asked for and a column holds what no one type can be."""
    import pyarrow.parquet as pq

    schemas = [pq.read_schema(part) for part in parts]
    if path.suffix == ".parquet":
        return _write_parquet(path, parts, schemas)
    names = list(dict.fromkeys(name for schema in schemas for name in schema.names))
    with open(path, "w", encoding="utf-8", newline="") as stream:
        put = _WRITERS[path.suffix](stream, names)
        for part in parts:
            put({name: row.get(name) for name in names} for row in pq.read_table(part).to_pylist())
    return None


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    try:
        with open(path, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as stream:
            yield stream
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not {encoding} (byte {error.start}: {error.reason}); name its encoding, as: --encoding cp949") from None
    except LookupError:
        raise ConfigError(f"no encoding is called {encoding!r}; try utf-8 or cp949") from None


def _delimited(path: Path, stream: TextIO) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Column names, and rows; blank lines are passed over."""
    reader = csv.reader(stream, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: {error}") from None
    double = sorted({name for name in header if header.count(name) > 1})
    if not header or double:
        raise ConfigError(
            f"{path}: the first line should name the columns, " + (f"{', '.join(double)} is there twice" if double else "it is empty")
        )
    return header, _cells(path, reader, header)


def _cells(path: Path, reader: Any, header: list[str]) -> Iterator[dict[str, Any]]:
    try:
        for cells in reader:
            if cells and len(cells) != len(header):
                raise ConfigError(f"{path}:{reader.line_num}: {len(cells)} cells, the first line names {len(header)} columns")
            if cells:
                yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: {error}") from None


def _objects(path: Path, stream: TextIO) -> tuple[list[str], Iterator[dict[str, Any]]]:
    return [], _parsed(path, stream)


def _parsed(path: Path, stream: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: no JSON: {error}") from None
        if not isinstance(row, dict):
            raise ConfigError(f"{path}:{number}: should be an object ({{...}}), found {line.strip()[:40]}")
        yield row


def _lines(path: Path, stream: TextIO) -> tuple[list[str], Iterator[dict[str, Any]]]:
    return [TEXT], ({TEXT: line.rstrip("\r\n")} for line in stream)


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _table(path: Path, columns: list[str], rows: list[dict[str, Any]], first: int) -> "pa.Table":
    import pyarrow as pa

    arrays = {}
    for name in columns:
        try:
            arrays[name] = pa.array([row.get(name) for row in rows])
        except pa.ArrowException as error:
            raise ConfigError(
                f"{path}: column {name!r} holds different kinds of values in rows {first + 1} to {first + len(rows)}: {error}"
            ) from None
    return pa.table(arrays)


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
    writer = csv.writer(stream, delimiter="\t" if stream.name.endswith(".tsv") else ",", lineterminator="\n")
    writer.writerow(names)
    return lambda rows: writer.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def _objects_to(stream: TextIO, names: list[str]) -> Put:
    return lambda rows: stream.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def _lines_to(stream: TextIO, names: list[str]) -> Put:
    """The label alone, a line for each text; an empty one where there is none."""
    return lambda rows: stream.writelines(f"{row['label'] or ''}\n" for row in rows)


_READERS = {".csv": _delimited, ".tsv": _delimited, ".jsonl": _objects, ".txt": _lines}
_WRITERS = {".csv": _cells_to, ".tsv": _cells_to, ".jsonl": _objects_to, ".txt": _lines_to}
