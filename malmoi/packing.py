"""Tokens of some hundred texts as one piece of bytes, a block, and back: any token comes back as it was, lone surrogates too.

Behind a checksum a block has numbers of texts, words, tokens and of the longest word's bytes; the key of each text; how many tokens each
has; the number of a word for each token; the length of each word; the words, with a mark between. A word is there once, and made once
for all its tokens: making strings is what costs. Where few tokens are asked for, only their words are made.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate, chain, pairwise

import numpy as np

TEXTS, TOKENS = 512, 16_384  # of a block; a text with more tokens is a block by itself
HEAD = struct.Struct("<5I")  # checksum, texts, words, tokens, bytes of the longest word
OBJECTS = 2_000  # bytes that an open block takes beside
BETWEEN = "\x1f"  # a word may have one in it; then there are too many parts, and the lengths say which is which
FEW = 4  # times as many words as tokens: fewer are made one by one


def keys(texts: Sequence[str]) -> np.ndarray:
    """(texts, 2) unsigned 64-bit halves of the BLAKE2b of each text: no two texts share both."""
    digests = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)


def blocks(keys: np.ndarray, documents: Sequence[list[str]]) -> Iterator[tuple[np.ndarray, bytes]]:
    """(the keys of its texts, packed block) for as many blocks as it takes. keys: of the texts; documents: their tokens."""
    ends = np.cumsum([len(tokens) for tokens in documents])
    start = before = 0
    while start < len(documents):
        fitting = int(np.searchsorted(ends, before + TOKENS, side="right"))
        stop = max(min(start + TEXTS, fitting), start + 1)
        yield keys[start:stop], pack(keys[start:stop], documents[start:stop])
        start, before = stop, int(ends[stop - 1])


def pack(keys: np.ndarray, documents: Sequence[list[str]]) -> bytes:
    """One block of texts."""
    tokens = list(chain.from_iterable(documents))
    numbers = {word: number for number, word in enumerate(dict.fromkeys(tokens))}
    words = [word.encode("utf-8", "surrogatepass") for word in numbers]
    longest = max(map(len, words), default=0)
    parts = (
        np.ascontiguousarray(keys, "<u8"),
        np.fromiter(map(len, documents), "<u4", len(documents)),
        np.fromiter(map(numbers.__getitem__, tokens), _width(len(words)), len(tokens)),
        np.fromiter(map(len, words), _width(longest + 1), len(words)),
    )
    body = b"".join([*(part.tobytes() for part in parts), BETWEEN.encode().join(words)])
    sizes = HEAD.pack(0, len(documents), len(words), len(tokens), longest)[4:]
    return zlib.crc32(body, zlib.crc32(sizes)).to_bytes(4, "little") + sizes + body


class Block:
    """A packed block, open. Raises ValueError for one that is damaged."""

    def __init__(self, data: bytes) -> None:
        if len(data) < HEAD.size or zlib.crc32(memoryview(data)[4:]) != int.from_bytes(data[:4], "little"):
            raise ValueError("a checksum is wrong")
        _, texts, words, tokens, longest = HEAD.unpack_from(data)
        kinds = (("<u8", 2 * texts), ("<u4", texts), (_width(words), tokens), (_width(longest + 1), words))
        ends = list(accumulate((np.dtype(kind).itemsize * count for kind, count in kinds), initial=HEAD.size))
        keys, counts, self._numbers, lengths = [np.frombuffer(data, *kind, end) for kind, end in zip(kinds, ends, strict=False)]
        self._keys, self._counts = keys.reshape(-1, 2), counts.astype(np.int64)
        self._order = np.argsort(self._keys[:, 0])
        self._sorted = self._keys[self._order, 0]
        self._starts = np.cumsum(self._counts) - self._counts
        self._ends = np.cumsum(lengths + np.int64(1)) + ends[-1] - 1  # of the words, in all the bytes
        self._lengths, self._data, self._from = lengths, data, ends[-1]
        self._words, self._known = np.empty(words, object), np.zeros(words, bool)
        self.size = len(data) + OBJECTS

    def __len__(self) -> int:
        """Texts."""
        return len(self._keys)

    def rows(self, keys: np.ndarray) -> np.ndarray:
        """(keys) which of the block's texts has each key; -1 where none has."""
        found = self._order[np.searchsorted(self._sorted, keys[:, 0]).clip(max=len(self._order) - 1)]
        return np.where((self._keys[found] == keys).all(axis=1), found, -1)

    def documents(self, rows: np.ndarray) -> list[list[str]]:
        """The tokens of these texts of the block."""
        counts = self._counts[rows]
        ends = np.cumsum(counts)
        numbers = self._numbers[np.arange(counts.sum()) + np.repeat(self._starts[rows] - ends + counts, counts)]
        self._learn(numbers)
        tokens = self._words.take(numbers).tolist()
        return [tokens[start:end] for start, end in pairwise([0, *ends.tolist()])]

    def _learn(self, numbers: np.ndarray) -> None:
        """Make the words with these numbers, where they are not made yet; most at once, if many are asked for."""
        if len(numbers) * FEW > len(self._words) and not self._known.all():
            words = self._data[self._from :].decode("utf-8", "surrogatepass").split(BETWEEN)
            if len(words) == len(self._words):
                self._words, self._known[:] = np.array(words, object), True
        new = np.array(sorted(set(numbers[~self._known[numbers]].tolist())), np.int64)
        ends = self._ends[new]
        for number, start, end in zip(new.tolist(), (ends - self._lengths[new]).tolist(), ends.tolist(), strict=True):
            self._words[number] = self._data[start:end].decode("utf-8", "surrogatepass")
        self._known[new] = True


def _width(numbers: int) -> str:
    """The kind of integer that takes least bytes for numbers below this one."""
    return "<u1" if numbers <= 2**8 else "<u2" if numbers <= 2**16 else "<u4"
