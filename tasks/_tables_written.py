"""Parquet files, one after the other, into one table of any kind that `_tables` reads."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from malmoi.config import ConfigError
from tasks._tables import AS_JSON, kind

if TYPE_CHECKING:
    import pyarrow as pa

Put = Callable[[Iterable[dict[str, Any]]], object]  # writes rows


def write(path: Path, parts: Sequence[Path]) -> None:
    """Write the file. A column that a part lacks is empty there.

    Raises ConfigError where Parquet is asked for and a column holds what no one type can be.
    """
    import pyarrow.parquet as pq

    schemas = [pq.read_schema(part) for part in parts]
    if kind(path) == ".parquet":
        _write_parquet(path, parts, schemas)
        return
    names = list(dict.fromkeys(name for schema in schemas for name in schema.names))
    # what UTF-8 cannot hold is written as JSON escapes it
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        put = _WRITERS[kind(path)](stream, names, "\t" if kind(path) == ".tsv" else ",")
        for part in parts:
            put(_rows(path, pq.read_table(part), names))


def _rows(path: Path, table: "pa.Table", names: list[str]) -> Iterator[dict[str, Any]]:
    columns = {name: _values(path, table, name) if name in table.column_names else [None] * len(table) for name in names}
    return (dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _values(path: Path, table: "pa.Table", name: str) -> list[Any]:
    """A column as Python has it."""
    import pyarrow as pa

    from malmoi.corpora.parquet import values

    column = table[name].combine_chunks()
    try:
        found: list[Any] = values(column)
    except (pa.ArrowException, UnicodeError) as error:
        raise ConfigError(f"{path}: column {name!r} of {column.type} cannot be written ({error}); write .parquet") from None
    if not _is_json(table.schema, name):
        return found
    return [None if value is None else json.loads(value) for value in found]


def _is_json(schema: "pa.Schema", name: str) -> bool:
    return bool((schema.field(name).metadata or {}).items() >= AS_JSON.items())


def _write_parquet(path: Path, parts: Sequence[Path], schemas: "list[pa.Schema]") -> None:
    """One schema for all: numbers become as wide as any part has them; what is JSON in one part is JSON in all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    as_json = {name for schema in schemas for name in schema.names if _is_json(schema, name)}
    typed = [pa.schema([pa.field(one.name, pa.string() if one.name in as_json else one.type) for one in schema]) for schema in schemas]
    try:
        schema = pa.unify_schemas(typed or [pa.schema([])], promote_options="permissive")
    except pa.ArrowException as error:
        raise ConfigError(f"{path}: a column holds different kinds of values, which Parquet cannot: {error}; write .jsonl") from None
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            table = pq.read_table(part)
            columns = {field.name: pa.nulls(len(table), field.type) for field in schema}
            there = {name: _as_json(path, table, name) if name in as_json else table[name] for name in table.column_names}
            typed_columns = [_cast(path, name, column, schema.field(name).type) for name, column in (columns | there).items()]
            writer.write_table(pa.table(typed_columns, schema=schema))


def _cast(path: Path, name: str, column: "pa.Array | pa.ChunkedArray", kind: "pa.DataType") -> "pa.Array | pa.ChunkedArray":
    """A column of another type. Arrow 25 breaks a list of nothing but nulls that is cast to its own type.

    Raises ConfigError where a value would not stay what it is, as a whole number above 2**53 among fractions.
    """
    import pyarrow as pa

    if column.type.equals(kind):
        return column
    try:
        return pa.array(column.to_pylist(), kind) if pa.types.is_nested(kind) and "null" in str(kind) else column.cast(kind)
    except pa.ArrowException as error:
        raise ConfigError(f"{path}: column {name!r} holds values that no one type of Parquet keeps ({error}); write .jsonl") from None


def _as_json(path: Path, table: "pa.Table", name: str) -> "pa.Array":
    import pyarrow as pa

    if _is_json(table.schema, name):
        return table[name]
    values = _values(path, table, name)
    return pa.array([None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in values], pa.string())


def _cells_to(stream: TextIO, names: list[str], delimiter: str) -> Put:
    """CSV. Written with CR and LF, so that a CR in a cell is quoted, and then with LF alone."""
    writer = csv.writer(_Lines(stream), delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(names)
    return lambda rows: writer.writerows([_cell(value) for value in row.values()] for row in rows)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> None:
        self._stream.write(row.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def _objects_to(stream: TextIO, names: list[str], delimiter: str) -> Put:
    return lambda rows: stream.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def _lines_to(stream: TextIO, names: list[str], delimiter: str) -> Put:
    """The label alone, a line for each text; an empty one where there is none."""
    return lambda rows: stream.writelines(f"{row['label'] or ''}\n" for row in rows)


_WRITERS: dict[str, Callable[[TextIO, list[str], str], Put]] = {
    ".csv": _cells_to,
    ".tsv": _cells_to,
    ".jsonl": _objects_to,
    ".txt": _lines_to,
}
