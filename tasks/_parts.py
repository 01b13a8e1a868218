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
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.runtime import files, locks

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
        """In their order, as far as none is missing: a kill while they were removed may have left later ones."""
        names = (self.folder / f"{number:08}.parquet" for number in count())
        return list(takewhile(Path.is_file, names))

    def add(self, number: int, table: "pa.Table") -> None:
        """Part `number`, from 0; those before it are there."""
        import pyarrow.parquet as pq

        file = self.folder / f"{number:08}.parquet"
        with files.unfinished(file) as part:
            pq.write_table(table, part, compression="zstd")

    def finish(self, write: Callable[[Path, list[Path]], None]) -> None:
        """Make the target of its parts, whole or not at all, and remove them."""
        whole = self.folder / f"whole{self.target.suffix}"
        write(whole, self.files)
        with open(whole, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(whole, self.target)
        (self.folder / FROM).unlink()  # first: without it, what a kill leaves of the parts is thrown away
        shutil.rmtree(self.folder)


@contextmanager
def parts(target: Path, made_from: Mapping[str, Any]) -> Iterator[Parts]:
    """The parts of `target` that were made from the same. Raises BusyError (a ConfigError) where another process is making them now."""
    target = Path(os.path.realpath(target))  # through links, so that two names of one file have one lock and one folder
    folder = target.with_name(target.name + ".partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    with locks.lock(locks.path_for(target), f"predict to {target.name}", timeout=0):
        folder.mkdir(exist_ok=True)
        said = json.dumps(made_from, sort_keys=True, ensure_ascii=True)
        known = folder / FROM
        if not known.is_file() or known.read_text(encoding="utf-8", errors="replace") != said:
            for file in folder.glob("[0-9]*"):
                file.unlink()
            files.write_whole(known, said)
        yield Parts(target, folder)
