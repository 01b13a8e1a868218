"""Tokens remembered by content: what one tokenizer made of a text is asked for again at far less than it cost to make.

Each maker (`tokenization.fingerprint`: code, options, package versions, dictionary) has an SQLite file of its own in the folder, so that
no change of a tokenizer can ever give old tokens. Several processes and threads may use the folder at once. A damaged file is begun anew;
where nothing can be written there is no cache, and no error either.
"""

import fcntl
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from malmoi import packing
from malmoi.token_file import ENDING, TokenFile, guard

INDEXED = 24  # bytes that SQLite takes to know where one text is
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # the last: other tables than were made

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class TokenCache:
    """Tokens of many makers in a folder of at most `limit_mb` MiB.

    Beyond that the files of other makers go, those first that were not opened for the longest time, unless they are in use. When a
    maker's own file is as large as the limit allows, it stops taking new texts and still answers for those it has.
    """

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self._folder, self._limit = folder, limit_mb * 2**20
        self._files: dict[str, TokenFile | None] = {}  # None: given up
        self._lock = threading.Lock()

    def get(self, maker: str, texts: Sequence[str]) -> list[list[str] | None]:
        """The tokens of each text as `maker` cut it; None where they are not known."""
        keys = packing.keys(texts)
        return self._use(maker, lambda file: file.read(keys)) or [None] * len(texts)

    def put(self, maker: str, texts: Sequence[str], documents: Sequence[list[str]]) -> None:
        """Remember them. Raises ValueError where there are not as many documents as texts."""
        if len(texts) != len(documents):
            raise ValueError(f"{len(texts)} texts and {len(documents)} documents: there must be one of each")
        if documents:
            keys = packing.keys(texts)
            self._use(maker, lambda file: self._write(file, keys, documents))

    def close(self) -> None:
        """Let go of the files; the next question opens them again."""
        with self._lock:
            for file in self._files.values():
                if file:
                    file.close()
            self._files.clear()

    def _use(self, maker: str, work: Callable[[TokenFile], T]) -> T | None:
        with self._lock:
            try:
                if maker not in self._files:
                    self._files[maker] = self._open(self._folder / f"{maker}{ENDING}")
                file = self._files[maker]
                return work(file) if file else None
            except (sqlite3.Error, OSError, ValueError) as error:
                self._fail(maker, error)
                return None

    def _open(self, path: Path) -> TokenFile:
        self._folder.mkdir(parents=True, exist_ok=True)
        with _held(self._folder / "lock"):
            return TokenFile(path)

    def _fail(self, maker: str, error: Exception) -> None:
        """A damaged file is removed, once nobody uses it, and begun anew at the next question; anything else ends the caching."""
        file = self._files.pop(maker, None)
        if file:
            file.close()
        damaged = isinstance(error, ValueError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED
        path = self._folder / f"{maker}{ENDING}"
        if damaged and self._remove(path):
            _LOG.warning("warning: token cache %s was damaged (%s): removed and begun anew", path, error)
            return
        self._files[maker] = None
        _LOG.warning("warning: no token cache in %s from here on (%s); everything is cut anew", self._folder, error)

    def _write(self, file: TokenFile, keys: np.ndarray, documents: Sequence[list[str]]) -> None:
        if file.full:
            return
        new = file.missing(keys)  # others may have cut them meanwhile
        blocks = list(packing.blocks(keys[new], [documents[index] for index in new]))
        size = 2 * sum(len(packed) + INDEXED * len(part) for part, packed in blocks)
        if self._used() + size > self._limit:
            file.settle()
            self._make_room(file.path, size)
        if self._used() + size > self._limit:
            file.full = True
            _LOG.warning("token cache: %s is full; MALMOI_TOKEN_CACHE_MB sets a greater limit", file.path)
            return
        file.write(blocks)

    def _used(self) -> int:
        return sum(path.stat().st_size for path in self._folder.glob("*.sqlite*") if path.exists())

    def _make_room(self, own: Path, size: int) -> None:
        others = [path for path in self._folder.glob("*.sqlite") if path != own]
        for path in sorted(others, key=lambda path: path.stat().st_mtime):
            if self._used() + size <= self._limit:
                return
            self._remove(path)

    def _remove(self, path: Path) -> bool:
        """Whether the file is gone now; one that somebody has open stays, as SQLite cannot bear that."""
        try:
            with _held(self._folder / "lock"), _held(guard(path), wait=False):
                for ending in ("", "-wal", "-shm"):
                    path.with_name(path.name + ending).unlink(missing_ok=True)
                guard(path).unlink()
        except OSError:
            return False
        return True


@contextmanager
def _held(path: Path, wait: bool = True) -> Iterator[None]:
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
