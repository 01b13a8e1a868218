"""Parquet tables, read a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns
from malmoi.corpora._records import column_name
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


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Rows of the files in order. Raises ConfigError where a file is no Parquet or lacks a column."""
    wanted = Columns(params.text, params.label, params.id, params.document, params.labels)
    for path in files:
        with open_parquet(path) as file:
            names = {column_name(name): name for name in file.schema_arrow.names}
            wanted.check(path, [column_name(name) for name in file.schema_arrow.names])
            for row, record in enumerate(_records(path, file, {names[name]: name for name in wanted.needed}), 1):
                yield wanted.example(path, row, record)


def _records(path: Path, file: pq.ParquetFile, columns: dict[str, str]) -> Iterator[dict[str, object]]:
    try:
        for group in range(file.num_row_groups):  # asked for all at once, it keeps what it has read
            for batch in file.iter_batches(batch_size=ROWS, row_groups=[group], columns=list(columns)):
                yield from ({columns[name]: value for name, value in row.items() if name in columns} for row in batch.to_pylist())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: damaged ({error}); write it again") from None


def open_parquet(path: Path) -> pq.ParquetFile:
    """The file, opened. Raises ConfigError where it is none."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path}: not a Parquet file, or cut short ({error}); write it again") from None
