"""Parquet tables, read a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns
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
    needed = [name for name in (params.text, params.label, params.id, params.document) if name is not None]
    for path in files:
        with _open(path) as file:
            wanted.check(path, file.schema_arrow.names)
            for row, record in enumerate(_records(file, list(dict.fromkeys(needed))), 1):
                yield wanted.example(path, row, record)


def _records(file: pq.ParquetFile, columns: list[str]) -> Iterator[dict[str, object]]:
    for group in range(file.num_row_groups):  # asked for all at once, it keeps what it has read
        for batch in file.iter_batches(batch_size=ROWS, row_groups=[group], columns=columns):
            yield from batch.to_pylist()


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ConfigError(f"{path}: not a Parquet file, or cut short ({error}); write it again") from None
