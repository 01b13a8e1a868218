"""Files that others see whole or not at all, also where several processes write them, or one is killed while it does."""

import ctypes
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = ".malmoi"  # folder for locks and work in progress; ignores itself
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of fcntl.h and linux/fs.h
UNFINISHED = ".unfinished"  # ending of names that nobody else reads; .gitignore knows it


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file: readers see the old content or the new one, never a part. Strings as UTF-8.

    Two processes that write at once do not disturb each other: the later one's content stays. What reads before it writes needs a lock
    as well (`locks.lock`).
    """
    with unfinished(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def write_private(path: Path, content: str) -> None:
    """Write a file, as `write_whole`, that nobody but its owner may read, from its first moment on."""
    with unfinished(path) as part, open(part, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
        stream.write(content)


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A path of this process's own beside `path`, for a file to be written to; it takes the place of `path` at the end, or is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{UNFINISHED}")
    try:
        yield part
        with open(part, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two files or folders in one step: nobody finds either of them gone. Returns whether the system can (Linux, renameat2(2))."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if renameat2 is None:
        return False
    return not renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)


def private_folder(root: Path) -> Path:
    """The folder `.malmoi` of `root`, made where it is not there; git ignores it."""
    folder = root / PRIVATE
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder
