"""Rows on disk: the one Parquet schema for examples (after `ingest`) and the one for token sequences (after `tokens`).

Text is NFC UTF-8. Writing the same rows gives the same bytes: no timestamps, a fixed compression and row-group size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SPLITS = ("train", "valid", "test")
ROWS = 20_000  # rows of a group: what is in memory at a time

EXAMPLES = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string()), ("document", pa.string())])
TOKENS = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string()), ("tokens", pa.list_(pa.string()))])


@dataclass(frozen=True)
class Example:
    """One example as a corpus gives it.

    id: unique in its corpus, stable from run to run ("ratings_train.txt:17" where the source has none).
    label: a class name, or None where the corpus has no labels. document: what it was part of (a file, an article): passages of one
    document stay in order. split: "train", "valid" or "test" where the corpus itself decides, else None. row: line or row in its file,
    from 1, for error messages.
    """

    id: str
    text: str
    label: str | None = None
    document: str = ""
    split: str | None = None
    row: int = 0


@dataclass(frozen=True)
class Dropped:
    """A row that is left out: why, where ("ratings_train.txt:17"), and what it said. Readers yield it in the row's place; it is counted."""

    reason: str
    where: str
    text: str = ""


@dataclass(frozen=True)
class Tokens:
    """One example after the tokenizer: `tokens` in reading order, `text` as it was (bits per character are counted on it)."""

    id: str
    text: str
    tokens: list[str]
    label: str | None = None


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write one split."""
    _write(path, EXAMPLES, ({"id": e.id, "text": e.text, "label": e.label, "document": e.document} for e in examples))


def read_examples(path: Path) -> Iterator[Example]:
    """Read one split, row group by row group; `split` is set from the file's name."""
    for row in _read(path):
        yield replace(Example(**row), split=path.stem)


def write_tokens(path: Path, rows: Iterable[Tokens]) -> None:
    """Write one split of token sequences."""
    _write(path, TOKENS, ({"id": r.id, "text": r.text, "label": r.label, "tokens": r.tokens} for r in rows))


def read_tokens(path: Path) -> Iterator[Tokens]:
    """Read one split of token sequences, row group by row group."""
    return (Tokens(**row) for row in _read(path))


def _write(path: Path, schema: pa.Schema, rows: Iterable[dict[str, object]]) -> None:
    group: list[dict[str, object]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for row in rows:
            group.append(row)
            if len(group) == ROWS:
                writer.write_table(pa.Table.from_pylist(group, schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema))


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS):
            yield from batch.to_pylist()
