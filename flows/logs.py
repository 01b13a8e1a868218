"""What stages print: kept in .malmoi/logs, one file per stage, as it was the last time that the stage had something to say."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows._dvc import Warnings
from flows.commands import OnLine

FOLDER = ".malmoi"  # logs and timings, in the project's root; ignores itself


def log_path(root: Path, name: str) -> Path:
    """Where the output of stage `name` is kept; its folder is made, and is ignored by git."""
    folder = root / FOLDER
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder / "logs" / (name.replace("/", "_").replace(":", "_") + ".log")


@contextmanager
def taken(path: Path, on_line: OnLine, tail: deque[str]) -> Iterator[OnLine]:
    """A callback that hands a line on to `on_line`, `tail` and the file `path`, which is made when the first one comes.

    While inside, what DVC warns of goes the same way.
    """
    path.unlink(missing_ok=True)

    def take(line: str) -> None:
        tail.append(line)
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        on_line(line)

    handler = Warnings(take)
    logging.getLogger("dvc").addHandler(handler)
    try:
        yield take
    finally:
        logging.getLogger("dvc").removeHandler(handler)
