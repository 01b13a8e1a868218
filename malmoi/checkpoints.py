"""A training that was stopped, in a file: where it was, so that it can go on and end with the same bytes as one that never stopped.

The file is written beside its name and then renamed, so it is there whole or not at all, whenever the process is killed. It is read only
by what made it: `made_by` says what went into the training, its code and the libraries. One that cannot be read is set aside.
"""

import json
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from malmoi.batches import Epoch

ABOUT = "about"  # the array that holds what is no array, as JSON
BROKEN = (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zipfile.LargeZipFile)


@dataclass(frozen=True)
class Saved:
    """What was saved. about: what JSON can say; arrays: by name."""

    about: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def part(self, name: str) -> list[np.ndarray]:
        """The arrays that were saved as a list under this name."""
        found = [key for key in self.arrays if key.rpartition(".")[0] == name]
        return [self.arrays[key] for key in sorted(found, key=lambda key: int(key.rpartition(".")[2]))]


def _quiet(message: str) -> None:
    """For those who do not want to know."""


class Checkpoint:
    """A file for one training. seconds: from one saving to the next; made_by: any text that is another one where the training is.

    on_resume is told of the epochs that are over, and how many batches of the next one; warn, of a file that is no good.
    """

    def __init__(self, path: Path, made_by: str, seconds: float) -> None:
        self.path, self.made_by, self.seconds = path, made_by, seconds
        self.on_resume: Callable[[list[Epoch], int], None] = lambda epochs, batch: None
        self.warn: Callable[[str], None] = _quiet
        self._saved = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() - self._saved >= self.seconds

    def save(self, about: dict[str, Any], parts: dict[str, list[np.ndarray]]) -> None:
        """Write lists of arrays and what else there is to know. Raises ValueError for an array that only pickle could write."""
        arrays = {f"{name}.{place}": array for name, part in parts.items() for place, array in enumerate(part)}
        told = json.dumps({"made_by": self.made_by, "names": sorted(arrays), **about}).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".part")
        with open(beside, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays, **{ABOUT: np.frombuffer(told, np.uint8)})
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        _sync(self.path.parent)
        self._saved = time.monotonic()

    def load(self) -> Saved | None:
        """What was saved last; None where there is nothing, or nothing that this training could go on from."""
        if not self.path.exists():
            return None
        try:
            saved = _read(self.path)
        except BROKEN as error:
            aside = self.path.with_suffix(".broken")
            self.path.replace(aside)
            self.warn(f"{self.path} cannot be read ({type(error).__name__}: {error}); it is now {aside.name}, and training starts anew")
            return None
        if saved.about["made_by"] == self.made_by:
            return saved
        self.warn(f"{self.path} was made by other code, or on other libraries; training starts anew")
        return None

    def remove(self) -> None:
        """The training is over."""
        self.path.unlink(missing_ok=True)


def told(epochs: list[Epoch]) -> list[dict[str, Any]]:
    """Epochs as JSON can say them."""
    return [asdict(epoch) for epoch in epochs]


def heard(epochs: list[dict[str, Any]]) -> list[Epoch]:
    """Epochs that were `told`."""
    return [Epoch(**epoch) for epoch in epochs]


def _read(path: Path) -> Saved:
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}  # each is checked against its sum
    about = json.loads(arrays.pop(ABOUT).tobytes())
    if about["names"] != sorted(arrays):
        raise ValueError("arrays are missing")
    return Saved(about, arrays)


def _sync(folder: Path) -> None:
    """Have the name on the disk, too, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
