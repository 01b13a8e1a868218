"""Tokens remembered by content: what one tokenizer made of a text is asked for again at far less than it cost to make.

Each maker (`tokenization.fingerprint`: code, options, package versions, dictionary) has an SQLite file of its own in the folder, so that
no change of a tokenizer can ever give old tokens. Several processes and threads may use the folder at once. A damaged file is begun anew;
where nothing can be written there is no cache, and no error either.
"""

import fcntl
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from malmoi import packing

ENDING = ".1.sqlite"  # the number changes with the way tokens are written below
ASKED = 2_000  # texts of one question to SQLite
WAIT = 20.0  # seconds that one process waits for another's write
PAGES_KB = 65_536  # of a file that are kept in memory: keys are hashes, so every question goes all over it
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
Row = tuple[bytes, bytes]


class TokenCache:
    """Tokens of many makers in a folder of at most `limit_mb` MiB.

    Beyond that the files of other makers go, those first that were not opened for the longest time, unless they are in use. When a
    maker's own file is as large as the limit allows, it stops taking new texts and still answers for those it has.
    """

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self._folder, self._limit = folder, limit_mb * 2**20
        self._files: dict[str, _File | None] = {}  # None: given up
        self._lock = threading.Lock()

    def get(self, maker: str, texts: Sequence[str]) -> list[list[str] | None]:
        """The tokens of each text as `maker` cut it; None where they are not known."""
        keys = [packing.key(text) for text in texts]
        found = self._use(maker, lambda file: file.read(list(set(keys)))) or {}
        return [found.get(key) for key in keys]

    def put(self, maker: str, texts: Sequence[str], documents: Sequence[list[str]]) -> None:
        """Remember them."""
        rows = sorted((packing.key(text), packing.pack(tokens)) for text, tokens in zip(texts, documents, strict=True))
        if rows:
            self._use(maker, lambda file: self._write(file, rows))

    def close(self) -> None:
        """Let go of the files; the next question opens them again."""
        with self._lock:
            for file in self._files.values():
                if file:
                    file.close()
            self._files.clear()

    def _use(self, maker: str, work: "Callable[[_File], T]") -> T | None:
        with self._lock:
            try:
                if maker not in self._files:
                    self._files[maker] = self._open(self._folder / f"{maker}{ENDING}")
                file = self._files[maker]
                return work(file) if file else None
            except (sqlite3.Error, OSError, ValueError) as error:
                self._fail(maker, error)
                return None

    def _open(self, path: Path) -> "_File":
        self._folder.mkdir(parents=True, exist_ok=True)
        with _held(self._folder / "lock"):
            return _File(path)

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

    def _write(self, file: "_File", rows: list[Row]) -> None:
        size = 2 * sum(len(key) + len(value) for key, value in rows)
        if file.full:
            return
        if self._used() + size > self._limit:
            file.settle()
            self._make_room(file.path, size)
        if self._used() + size > self._limit:
            file.full = True
            _LOG.warning("token cache: %s is full; MALMOI_TOKEN_CACHE_MB sets a greater limit", file.path)
            return
        file.write(rows)

    def _used(self) -> int:
        return sum(path.stat().st_size for path in self._folder.glob(f"*{ENDING}*") if path.exists())

    def _make_room(self, own: Path, size: int) -> None:
        others = [path for path in self._folder.glob("*.sqlite") if path != own]
        for path in sorted(others, key=lambda path: path.stat().st_mtime):
            if self._used() + size <= self._limit:
                return
            self._remove(path)

    def _remove(self, path: Path) -> bool:
        """Whether the file is gone now; one that somebody has open stays, as SQLite cannot bear that."""
        try:
            with _held(self._folder / "lock"), _held(_guard(path), wait=False):
                for ending in ("", "-wal", "-shm"):
                    path.with_name(path.name + ending).unlink(missing_ok=True)
                _guard(path).unlink()
        except OSError:
            return False
        return True


class _File:
    """One maker's tokens, open. Whoever has it open holds its guard file, so that nobody removes it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path, self.full = path, False
        guard = os.open(_guard(path), os.O_RDWR | os.O_CREAT, 0o666)
        self._let_go: list[Callable[[], object]] = [weakref.finalize(self, os.close, guard)]  # where nobody calls `close`, too
        fcntl.flock(guard, fcntl.LOCK_SH)
        self._database = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        self._let_go.insert(0, weakref.finalize(self, self._database.close))
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(f"PRAGMA cache_size=-{PAGES_KB}")
            self._database.execute("CREATE TABLE IF NOT EXISTS tokens (text BLOB PRIMARY KEY, tokens BLOB NOT NULL) WITHOUT ROWID")
            os.utime(path)  # used now
        except BaseException:
            self.close()
            raise

    def read(self, keys: list[bytes]) -> dict[bytes, list[str]]:
        found: dict[bytes, list[str]] = {}
        question = f"SELECT text, tokens FROM tokens WHERE text IN ({','.join('?' * ASKED)})"  # noqa: S608 - question marks only
        for start in range(0, len(keys), ASKED):
            asked = keys[start : start + ASKED]
            asked += asked[-1:] * (ASKED - len(asked))  # one question for SQLite to prepare, not one for each number of texts
            found |= {key: packing.unpack(value) for key, value in self._database.execute(question, asked)}
        return found

    def write(self, rows: list[Row]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("INSERT OR IGNORE INTO tokens VALUES (?, ?)", rows)
        except BaseException:
            self._database.rollback()
            raise
        self._database.commit()

    def settle(self) -> None:
        """Put what is written into the file itself, so that its size is known."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        for let_go in self._let_go:
            let_go()


def _guard(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(ENDING) + ".lock")


@contextmanager
def _held(path: Path, wait: bool = True) -> Iterator[None]:
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
