"""Files of word vectors as others write them: word2vec's text and binary formats, fastText's .vec and .bin, GloVe's text; each also as .gz.

The format is seen from the content. Only the vectors of the words that are asked for stay in memory.
"""

import gzip
import struct
import unicodedata
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, cast

import numpy as np

from malmoi.config import ConfigError

FASTTEXT, GZIP = struct.pack("<i", 793712314), b"\x1f\x8b"
NUMBER = frozenset(b"0123456789+-.eE \r")


@dataclass(frozen=True)
class Found:
    """vectors: of the words that were asked for and are there. described: format and size of the file, in words. parts: how many of the
    words got theirs from n-grams."""

    vectors: dict[str, np.ndarray]
    dimensions: int
    described: str
    parts: int = 0


def read(path: Path, words: Collection[str], encoding: str) -> Found:
    """The vectors of `words`. Raises ConfigError, with the line where there are lines, for a file that is missing, cut off or damaged."""
    if not path.is_file():
        raise ConfigError(f"file: {path}: no such file; give a file of word vectors, its path seen from the project's root")
    try:
        with _open(path) as file:
            first = file.read(len(FASTTEXT))
        if first == FASTTEXT:
            return _facebook(path, words)
        with _open(path) as file:
            return _words(path, file, set(words), encoding)
    except (EOFError, OSError, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _open(path: Path) -> IO[bytes]:
    with open(path, "rb") as file:
        packed = file.read(len(GZIP)) == GZIP
    return cast(IO[bytes], gzip.open(path)) if packed else open(path, "rb")


def _words(path: Path, file: IO[bytes], words: set[str], encoding: str) -> Found:
    first = file.readline()
    head = first.split()
    if len(head) == 2 and all(part.isdigit() for part in head):
        count, dimensions, lines = int(head[0]), int(head[1]), 1
        second = file.readline()
        if not _is_text(second):
            file.seek(len(first))
            return _binary(path, file, words, (count, dimensions))
        rest = chain([second] if second else [], file)
    else:
        count, dimensions, lines, rest = None, max(0, len(head) - 1), 0, chain([first], file)
    if not dimensions:
        raise ConfigError(f"{path}:1: neither two sizes nor a word and its numbers: {first[:60]!r}; is it a vector file?")
    vectors, read = _text(_Lines(path, dimensions, encoding, lines), rest, words)
    if count is not None and read != count:
        raise ConfigError(f"{path}:1: says {count} vectors, but the file has {read}; is it cut off?")
    return Found(vectors, dimensions, f"text, {read:,} vectors of {dimensions} numbers")


def _is_text(line: bytes) -> bool:
    """Whether what follows the first word is numbers in letters, not four bytes each."""
    return set(line.rstrip(b"\n").partition(b" ")[2]) <= NUMBER | set(b"nainfNAINF")


@dataclass(frozen=True)
class _Lines:
    """What is known of a text file. before: lines before the first vector."""

    path: Path
    dimensions: int
    encoding: str
    before: int

    def word(self, number: int, line: bytes) -> str:
        """The word of a line. Raises ConfigError where its numbers are not `dimensions`, or it is in another encoding."""
        parts = line.rsplit(b" ", self.dimensions)
        more = parts[0].split(b" ")[1:]  # a word may have spaces, but not numbers, in it
        if len(parts) <= self.dimensions or (more and set(b"".join(more)) <= NUMBER):
            found = line.count(b" ")
            raise ConfigError(
                f"{self.path}:{self.before + number}: {found} numbers, where the first line says {self.dimensions}: {line[:60]!r}"
            )
        try:
            return unicodedata.normalize("NFC", parts[0].decode(self.encoding))
        except (UnicodeDecodeError, LookupError) as error:
            raise ConfigError(f"{self.path}:{self.before + number}: not {self.encoding}: {error}; set option encoding") from None

    def vector(self, number: int, line: bytes) -> np.ndarray:
        """Its numbers."""
        try:
            vector = np.array([float(part) for part in line.rsplit(b" ", self.dimensions)[1:]], np.float32)
        except ValueError as error:
            raise ConfigError(f"{self.path}:{self.before + number}: {error}") from None
        return _finite(vector, f"{self.path}:{self.before + number}")


def _text(about: _Lines, lines: Iterable[bytes], words: set[str]) -> tuple[dict[str, np.ndarray], int]:
    vectors: dict[str, np.ndarray] = {}
    number = 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip(b" \r\n")
        word = about.word(number, line)
        if word in words and word not in vectors:
            vectors[word] = about.vector(number, line)
    return vectors, number


def _binary(path: Path, file: IO[bytes], words: set[str], sizes: tuple[int, int]) -> Found:
    """`file` is read up to its first vector."""
    (count, dimensions), vectors = sizes, dict[str, np.ndarray]()
    about = f"{path}: says {count} vectors of {dimensions} numbers"
    for number in range(1, count + 1):
        word = unicodedata.normalize("NFC", _name(file).decode("utf-8", "replace"))  # the C tool cuts long words inside a letter
        row = file.read(4 * dimensions)
        if len(row) < 4 * dimensions:
            raise ConfigError(f"{about}, but ends in number {number}")
        if word in words and word not in vectors:
            vectors[word] = _finite(np.frombuffer(row, "<f4").astype(np.float32), f"{path}: vector {number}")
    if file.read(2).strip(b"\n"):
        raise ConfigError(f"{about}, but more follows: are the dimensions right?")
    return Found(vectors, dimensions, f"binary, {count:,} vectors of {dimensions} numbers")


def _name(file: IO[bytes]) -> bytes:
    """The bytes up to the next space, without the line end that some programs put before a word."""
    letters = []
    while (letter := file.read(1)) not in (b" ", b""):
        letters.append(letter)
    return b"".join(letters).lstrip(b"\n")


def _facebook(path: Path, words: Collection[str]) -> Found:
    """fastText's .bin, by gensim: words that it lacks get the mean of their n-grams."""
    from gensim.models.fasttext import load_facebook_vectors

    try:
        model = load_facebook_vectors(str(path))
    except (AssertionError, NotImplementedError, ValueError, struct.error) as error:
        raise ConfigError(f"{path}: looks like fastText's .bin, but cannot be read: {error or type(error).__name__}") from None
    vectors = {word: model.get_vector(word).astype(np.float32) for word in words if word in model.key_to_index or model.bucket}
    there = {word: vector for word, vector in vectors.items() if vector.any()}
    parts = sum(word not in model.key_to_index for word in there)
    return Found(there, model.vector_size, f"fastText .bin, {len(model):,} vectors of {model.vector_size} numbers", parts)


def _finite(vector: np.ndarray, where: str) -> np.ndarray:
    if not np.isfinite(vector).all():
        raise ConfigError(f"{where}: a number is not finite")
    return vector
