"""Parquet tables, read a batch at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns, Record, column_names
from malmoi.rows import Dropped, Example

ROWS = 20_000  # rows in memory at a time


@params
class Params:
    """text, label, id, document: columns; without `id` a row is called file:row. labels: class name of each value, e.g. {"0": negative}."""

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError where a file is no Parquet or lacks a column."""
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        with readable(path), pq.ParquetFile(path) as file:
            names = column_names(file.schema_arrow.names)
            wanted.check(path, names)
            places = [names.index(name) for name in wanted.asked]
            records = (Record(row, fields) for row, fields in enumerate(_records(file, places, wanted.asked), 1))
            yield from wanted.examples(path, records)


def _records(file: pq.ParquetFile, places: list[int], names: list[str]) -> Iterator[dict[str, object]]:
    for group in range(file.num_row_groups):  # asked for all at once, it keeps what it has read
        for batch in file.iter_batches(batch_size=ROWS, row_groups=[group], columns=[file.schema_arrow.names[place] for place in places]):
            columns = [values(batch.column(batch.schema.names.index(file.schema_arrow.names[place]))) for place in places]
            yield from (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def values(column: pa.Array) -> list[object]:
    """A column's values as Python has them; strings that are not UTF-8 stay bytes, and what Python cannot hold is a string."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        found: list[object] = column.to_pylist()
    except UnicodeDecodeError:
        found = [_decoded(value) for value in column.cast(pa.large_binary()).to_pylist()]
    except (ValueError, OverflowError):  # times before the year 1, or of nanoseconds
        found = column.cast(pa.string()).to_pylist()
    return found


def _decoded(value: bytes | None) -> object:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return value


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a file that is not Parquet, or broken, into a ConfigError."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, ConfigError):
            raise
        said = str(error).split("\n")[0]
        raise ConfigError(f"{path}: not a Parquet file, or cut short ({said}); write it again") from None
