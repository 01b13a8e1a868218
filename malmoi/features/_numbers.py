"""Tokens of many documents as numbers, in one pass: each token has the next number when it is first seen. All counting is then numpy's.

A look-up in a table of many tokens costs more than anything else that is done to a token, so it is done once: what `fit` has numbered it
keeps for the training documents' own rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice

import numpy as np

BLOCK = 20_000  # documents at a time


@dataclass(frozen=True)
class Numbered:
    """types: number -> token. ids: (tokens,) int32 numbers of all documents' tokens end to end. lengths: (documents,) tokens of each."""

    types: list[str]
    ids: np.ndarray
    lengths: np.ndarray

    def counts(self) -> np.ndarray:
        """(types,) how often each comes."""
        return np.bincount(self.ids, minlength=len(self.types))

    def rows(self) -> np.ndarray:
        """(tokens,) the document that each is in."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


def whole(documents: Iterable[list[str]]) -> Numbered:
    """All documents under one numbering."""
    numbers: dict[str, int] = defaultdict(count().__next__)
    parts = [_numbered(block, numbers) for block in _blocks(documents)]
    ids, lengths = (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else _numbered([], numbers)
    return Numbered(list(numbers), ids, lengths)


def blocks(documents: Iterable[list[str]]) -> Iterator[Numbered]:
    """Some documents at a time, each block with a numbering of its own."""
    for block in _blocks(documents):
        numbers: dict[str, int] = defaultdict(count().__next__)
        ids, lengths = _numbered(block, numbers)
        yield Numbered(list(numbers), ids, lengths)


def by_code_point(types: list[str]) -> np.ndarray:
    """(types,) numbers of the types in the order of their code points."""
    return np.array(sorted(range(len(types)), key=types.__getitem__), np.int64)


def by_count(types: list[str], counts: np.ndarray) -> np.ndarray:
    """(types,) numbers of the types, most frequent first, equal ones by code point: the order of `vocab.order`."""
    ordered = by_code_point(types)
    return ordered[np.argsort(-counts[ordered], kind="stable")]


def characters(types: list[str], counts: np.ndarray) -> dict[str, int]:
    """How often each character comes in tokens of which there are so many."""
    codes = np.frombuffer("".join(types).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, types), np.int64, len(types))
    found = np.bincount(codes, weights=np.repeat(counts, lengths)) if len(codes) else np.zeros(0)  # whole numbers, exact up to 2 ** 53
    return {chr(code): int(found[code]) for code in np.flatnonzero(found)}


def _numbered(block: list[list[str]], numbers: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.fromiter(map(len, block), np.int64, len(block))
    return np.fromiter(map(numbers.__getitem__, chain.from_iterable(block)), np.int32, int(lengths.sum())), lengths


def _blocks(documents: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    source = iter(documents)
    while block := list(islice(source, BLOCK)):
        yield block
