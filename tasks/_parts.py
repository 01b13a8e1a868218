"""Work that is done part by part and goes on where it was stopped: each finished part is a file beside what is to be made.

The folder `OUT.partial` holds the parts and what they were made from; parts of another question, or of another input, are thrown away. A
part is there whole or not at all, so a kill at any moment loses one part at most, and the outcome is the same bytes.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError
from tasks.runtime import locks

if TYPE_CHECKING:
    import pyarrow as pa

FROM = "made-from.json"


@dataclass(frozen=True)
class Parts:
    """The parts of `target` that are there."""

    target: Path
    folder: Path

    @property
    def files(self) -> list[Path]:
        """In their order."""
        return sorted(self.folder.glob("[0-9]*.parquet"))

    def add(self, number: int, table: "pa.Table") -> None:
        """Part `number`, from 0; those before it are there."""
        import pyarrow.parquet as pq

        file = self.folder / f"{number:08}.parquet"
        pq.write_table(table, file.with_suffix(".unfinished"), compression="zstd")
        os.replace(file.with_suffix(".unfinished"), file)

    def finish(self, write: Callable[[Path, list[Path]], None]) -> None:
        """Make the target of its parts, whole or not at all, and remove them."""
        unfinished = self.folder / f"whole{self.target.suffix}"
        write(unfinished, self.files)
        with open(unfinished, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(unfinished, self.target)
        shutil.rmtree(self.folder)


@contextmanager
def parts(target: Path, made_from: Mapping[str, Any]) -> Iterator[Parts]:
    """The parts of `target` that were made from the same. Raises ConfigError where another process is making them now."""
    folder = target.with_name(target.name + ".partial")
    try:
        with locks.lock(folder / "lock", f"makes {target}", timeout=0):
            yield _matching(target, folder, made_from)
    except locks.BusyError as error:
        raise ConfigError(f"{target}: another process is making it now ({error}); wait for it, or name another file") from None


def _matching(target: Path, folder: Path, made_from: Mapping[str, Any]) -> Parts:
    """The parts in a folder; those that were made from something else are removed."""
    said = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
    known = folder / FROM
    if not known.is_file() or known.read_text(encoding="utf-8") != said:
        for file in folder.glob("[0-9]*"):
            file.unlink()
        known.write_text(said, encoding="utf-8")
    return Parts(target, folder)
