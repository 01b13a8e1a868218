"""One maker's tokens in one SQLite file: blocks of texts, and which block has a text. `malmoi.token_cache` opens and bounds such files.

What is read is mostly read again in the order in which it was written, so a question goes to the block of the last answer and those
behind it first; SQLite is asked, text by text, only about what is not there.
"""

import fcntl
import os
import sqlite3
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import numpy as np

from malmoi.packing import Block

ENDING = ".2.sqlite"  # the number changes with the way tokens are written
ASKED = 2_048  # texts of one question to SQLite
FEW = 64  # texts that SQLite is asked about sooner than a block is opened on the chance that it has them
MUCH = 4  # times as many texts in a block as it answers for: fewer, and the order is another one
WAIT = 20.0  # seconds that one process waits for another's write
PAGES_KB = 65_536  # of a file that are kept in memory: keys are hashes, so new texts go all over their table
BLOCKS = 4 * 2**20  # bytes, as they are in the file, of blocks that stay open
TABLES = (
    "CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, packed BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS texts (key INTEGER PRIMARY KEY, block INTEGER NOT NULL)",  # key: the first half; blocks have both
)
Packed = tuple[np.ndarray, bytes]
Documents = list[list[str] | None]


class TokenFile:
    """One maker's tokens, open. Whoever has it open holds its guard file, so that nobody removes it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path, self.full = path, False
        self._blocks, self._open = dict[int, Block](), 0  # and their bytes
        self._last = 0  # number of the block that gave the last answer
        held = os.open(guard(path), os.O_RDWR | os.O_CREAT, 0o666)
        self._let_go: list[Callable[[], object]] = [weakref.finalize(self, os.close, held)]  # where nobody calls `close`, too
        fcntl.flock(held, fcntl.LOCK_SH)
        self._database = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        self._let_go.insert(0, weakref.finalize(self, self._database.close))
        try:
            for setting in ("journal_mode=WAL", "synchronous=NORMAL", f"cache_size=-{PAGES_KB}"):
                self._database.execute(f"PRAGMA {setting}")
            for table in TABLES:
                self._database.execute(table)
            os.utime(path)  # used now
        except BaseException:
            self.close()
            raise

    def read(self, keys: np.ndarray) -> Documents:
        """The tokens of each text, None where they are not known. keys: (texts, 2). Raises ValueError where the file is damaged."""
        documents: Documents = [None] * len(keys)
        left = self._follow(keys, documents)
        self._look_up(keys, left, documents)
        return documents

    def missing(self, keys: np.ndarray) -> list[int]:
        """Indices of the texts that are not in the file, each text once."""
        firsts = np.sort(np.unique(keys[:, 0], return_index=True)[1])
        return firsts[self._where(keys[firsts]) == 0].tolist()

    def write(self, blocks: Sequence[Packed]) -> None:
        """Add these blocks, all or none."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for keys, packed in blocks:
                number = self._database.execute("INSERT INTO blocks (packed) VALUES (?)", (packed,)).lastrowid
                rows = [(key, number) for key in sorted(_signed(keys))]
                self._database.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", rows)
        except BaseException:
            self._database.rollback()
            raise
        self._database.commit()

    def settle(self) -> None:
        """Put what is written into the file itself, so that its size is known."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file and its guard."""
        for let_go in self._let_go:
            let_go()

    def _follow(self, keys: np.ndarray, documents: Documents) -> np.ndarray:
        """Answer from the last block and those behind it, while they have much. Returns the indices of the texts that are left."""
        left, first = np.arange(len(keys)), max(self._last, 1)
        for number in count(first):
            block = self._block(number) if len(left) >= FEW else None
            if block is None:
                break
            rest = _take(block, keys, left, documents)
            found, left = len(left) - len(rest), rest
            self._last = number if found else self._last
            if number > first and found * MUCH < len(block):
                break
        return left

    def _look_up(self, keys: np.ndarray, asked: np.ndarray, documents: Documents) -> None:
        """Ask SQLite which blocks have the texts asked for, and answer from these."""
        blocks = self._where(keys[asked])
        known = blocks[blocks > 0]
        if len(asked) == len(keys) and len(known):
            self._last = int(known[-1])
        for number in sorted(set(known.tolist())):
            block = self._block(number)
            if block is None:
                raise ValueError(f"block {number} is not there")
            _take(block, keys, asked[blocks == number], documents)

    def _block(self, number: int) -> Block | None:
        if number not in self._blocks:
            row = self._database.execute("SELECT CAST(packed AS BLOB) FROM blocks WHERE number = ?", (number,)).fetchone()
            if row is None:
                return None
            self._blocks[number] = Block(row[0] or b"")
            self._open += self._blocks[number].size
        while self._open > BLOCKS and len(self._blocks) > 1:
            self._open -= self._blocks.pop(next(iter(self._blocks))).size  # the one that was opened first
        return self._blocks[number]

    def _where(self, keys: np.ndarray) -> np.ndarray:
        """(texts) the block that has each text; 0 where none has."""
        asked, blocks = _signed(keys), dict[int, int]()
        for start in range(0, len(asked), ASKED):
            part = asked[start : start + ASKED]
            marks = 1 << (len(part) - 1).bit_length()  # a few questions for SQLite to prepare, not one for each number of texts
            question = f"SELECT key, CAST(block AS INTEGER) FROM texts WHERE key IN ({','.join('?' * marks)})"  # noqa: S608 - question marks
            blocks.update(self._database.execute(question, part + part[-1:] * (marks - len(part))))
        return np.fromiter((blocks.get(key) or 0 for key in asked), np.int64, len(asked))


def _take(block: Block, keys: np.ndarray, asked: np.ndarray, documents: Documents) -> np.ndarray:
    """Fill in those of the texts asked for that the block has. Returns the indices of the others."""
    rows = block.rows(keys[asked])
    found = rows >= 0
    for index, tokens in zip(asked[found].tolist(), block.documents(rows[found]), strict=True):
        documents[index] = tokens
    return asked[~found]


def guard(path: Path) -> Path:
    """The file that whoever has this one open holds. Files of the first version had a guard without a number."""
    return path.with_name(path.name.removesuffix(".sqlite").removesuffix(".1") + ".lock")


def _signed(keys: np.ndarray) -> list[int]:
    """The keys' first halves, as SQLite has integers."""
    return np.ascontiguousarray(keys[:, 0]).view("<i8").tolist()
