"""Where this room reaches into DVC: its commands, its log, and the environment that its commands get."""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flows.commands import OnLine
from tasks.runtime.locks import BusyError, hold, silent

PATIENCE = 3.0  # seconds to wait for a short run, as one that only looks


@contextmanager
def commands_by(command: Any) -> Iterator[None]:
    """DVC runs commands through `command` while inside; process-wide, so one pipeline at a time."""
    from dvc.stage import run as runner

    before = runner.cmd_run
    runner.cmd_run = command
    try:
        yield
    finally:
        runner.cmd_run = before


@contextmanager
def quiet() -> Iterator[None]:
    """DVC's own remarks do not go to the terminal while inside; its warnings reach the stage that they are about."""
    logger = logging.getLogger("dvc")
    before = logger.level, logger.propagate, logger.handlers
    logger.setLevel(logging.WARNING)  # also empties the cache of what is enabled, which setting `level` would not
    logger.propagate, logger.handlers = False, [logging.NullHandler()]
    try:
        yield
    finally:
        logger.setLevel(before[0])
        logger.propagate, logger.handlers = before[1:]


@contextmanager
def the_only_run(repo: Any) -> Iterator[None]:
    """Keeps other runs of this kind out of the workspace; DVC's own lock is free while commands run.

    Raises LockError, naming the other, where that is not over within seconds.
    """
    from dvc.lock import LockError

    with ExitStack() as held:
        try:
            held.enter_context(hold(Path(repo.tmp_dir) / "malmoi-run.lock", timeout=PATIENCE, say=silent))
        except BusyError as error:
            other = error.owner or "another process"
            raise LockError(f"Unable to acquire lock: another run works in this folder ({other}); wait for its end") from None
        yield


def mend_rwlock(repo: Any) -> None:
    """Take away DVC's list of who reads and writes what where a killed process left it half-written: every command would stumble."""
    path = Path(repo.tmp_dir) / "rwlock"
    for _ in range(3):  # somebody may be writing it just now
        try:
            json.loads(path.read_text(encoding="utf-8"))
            return
        except FileNotFoundError:
            return
        except ValueError:
            time.sleep(0.1)
    path.unlink(missing_ok=True)


class Settings:
    """DVC's settings of a repository, which it forgets with each command and then reads anew from four files."""

    def __init__(self, repo: Any) -> None:
        self._repo, self._read = repo, repo.config
        self._stamps = self._now()

    def give_back(self) -> None:
        """What was read, where no file has changed since."""
        if self._now() == self._stamps:
            self._repo.__dict__["config"] = self._read

    def _now(self) -> list[tuple[int, int] | None]:
        paths = [Path(name) for name in self._read.files.values()]
        return [(path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None for path in paths]


class Warnings(logging.Handler):
    """Takes what DVC warns of, as lines of a stage's output."""

    def __init__(self, take: OnLine) -> None:
        super().__init__(logging.WARNING)
        self._take, self._thread = take, threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a warning of DVC's on as a line of the output of the stage that this thread is at."""
        if threading.get_ident() == self._thread:
            self._take(record.getMessage())


def environment() -> dict[str, str]:
    """What commands get on top of the environment: this interpreter as `python`, its output unbuffered so that progress shows at once."""
    here = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return {"PYTHONUNBUFFERED": "1", "PATH": os.pathsep.join([here, *(part for part in path if part != here)])}
