"""Rows on disk: the one Parquet schema for examples (after `ingest`) and the one for token sequences (after `tokens`).

Text is NFC UTF-8. Writing the same rows gives the same bytes: no timestamps, a fixed compression and row-group size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SPLITS = ("train", "valid", "test")
ROWS = 20_000  # rows of a group: what is in memory at a time
CHARACTERS = 32_000_000  # of texts in a group; only long ones come to that
READ = 2_000  # rows read at a time

EXAMPLES = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string()), ("document", pa.string())])
TOKENS = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string()), ("tokens", pa.list_(pa.string()))])

WHOLE = pa.schema([*EXAMPLES, ("split", pa.string()), ("row", pa.int64())])


@dataclass(frozen=True)
class Example:
    """One example as a corpus gives it.

    id: unique in its corpus, stable from run to run ("ratings_train.txt:17" where the source has none).
    label: a class name, or None where the corpus has no labels. document: what it was part of (a file, an article): passages of one
    document stay in order. split: "train", "valid" or "test" where the corpus itself decides, else None. row: line or row in its file,
    from 1, for error messages. replaced: bytes of the row that were not of its file's encoding and are U+FFFD now (`on_error: replace`).
    """

    id: str
    text: str
    label: str | None = None
    document: str = ""
    split: str | None = None
    row: int = 0
    replaced: int = 0


@dataclass(frozen=True)
class Dropped:
    """A row that is left out: why, where ("ratings_train.txt:17"), and what it said. Readers yield it in the row's place; it is counted.

    value: what was found where something else was expected, so that an error can list such values.
    """

    reason: str
    where: str
    text: str = ""
    value: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Tokens:
    """One example after the tokenizer: `tokens` in reading order, `text` as it was (bits per character are counted on it)."""

    id: str
    text: str
    tokens: list[str]
    label: str | None = None


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write one split."""
    with Writer(path, EXAMPLES) as writer:
        for example in examples:
            writer.add((example.id, example.text, example.label, example.document))


def read_examples(path: Path) -> Iterator[Example]:
    """Read one split, some rows at a time; `split` is set from the file's name."""
    return (Example(name, text, label, document, path.stem) for name, text, label, document in _read(path))


def write_tokens(path: Path, rows: Iterable[Tokens]) -> None:
    """Write one split of token sequences."""
    with Writer(path, TOKENS) as writer:
        for row in rows:
            writer.add((row.id, row.text, row.label, row.tokens))


def read_tokens(path: Path) -> Iterator[Tokens]:
    """Read one split of token sequences, some rows at a time."""
    return (Tokens(name, text, tokens, label) for name, text, label, tokens in _read(path))


def write_whole(path: Path, examples: Iterable[Example]) -> None:
    """Write examples with all that is known of them: what `ingest` keeps beside it while it decides on them."""
    with Writer(path, WHOLE) as writer:
        for example in examples:
            writer.add((example.id, example.text, example.label, example.document, example.split, example.row))


def read_whole(path: Path) -> Iterator[Example]:
    """Read what `write_whole` wrote, some rows at a time."""
    return (Example(*row) for row in _read(path))


class Writer:
    """A Parquet file that rows are added to one by one. A group of them is in memory: so many rows, or fewer if their texts are long."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self._columns: list[list[Any]] = [[] for _ in schema.names]
        self._characters = 0

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *problem: Any) -> None:
        if self._columns[0] and problem[0] is None:
            self._flush()
        self._file.close()

    def add(self, row: tuple[Any, ...]) -> None:
        """One row more: values in the schema's order, the text second."""
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._characters += len(row[1])
        if len(self._columns[0]) == ROWS or self._characters >= CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        columns = [pa.array(values, part.type) for values, part in zip(self._columns, self._schema, strict=True)]
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        for values in self._columns:
            values.clear()
        self._characters = 0


def _read(path: Path) -> Iterator[tuple[Any, ...]]:
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):  # asked for all at once, it keeps what it has read
            for batch in file.iter_batches(batch_size=READ, row_groups=[group]):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
