"""What stages print: kept in .malmoi/logs, one file per stage, as it was the last time that the stage ran."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows._dvc import Warnings
from flows.commands import OnLine
from tasks.runtime.files import private_folder


def log_path(root: Path, name: str) -> Path:
    """Where the output of stage `name` is kept; its folder is made, and is ignored by git."""
    folder = private_folder(root)
    (folder / "logs").mkdir(exist_ok=True)
    return folder / "logs" / (name.replace("/", "_").replace(":", "_") + ".log")


class StageLog:
    """The log of one stage while a run looks at it: the old one stays until the stage's command starts, or the stage fails without.

    So a stage that is unchanged, or restored from the cache, keeps the log of the run that made it; and what a run that is killed has said
    until then is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._early: list[str] | None = []  # lines that came before it was known whether the stage runs

    def begin(self) -> None:
        """Replace the old log; a second time changes nothing."""
        if self._early is not None:
            early, self._early = self._early, None
            self._path.write_text("".join(f"{line}\n" for line in early), encoding="utf-8")

    def add(self, line: str) -> None:
        """Take a line of output."""
        if self._early is not None:
            self._early.append(line)
            return
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


@contextmanager
def taken(log: StageLog, on_line: OnLine, tail: deque[str]) -> Iterator[OnLine]:
    """A callback that hands a line on to `on_line`, `tail` and the stage's log. While inside, what DVC warns of goes the same way."""

    def take(line: str) -> None:
        tail.append(line)
        log.add(line)
        on_line(line)

    handler = Warnings(take)
    logging.getLogger("dvc").addHandler(handler)
    try:
        yield take
    finally:
        logging.getLogger("dvc").removeHandler(handler)
