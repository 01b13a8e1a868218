"""Where trainings that were stopped are kept: .malmoi/checkpoints/EXPERIMENT/KEY/, not in out/, which DVC empties before a stage runs.

training.npz is where a seed was when it was saved last; finished/ is a seed that is through while others of its experiment are not. The
folder of an experiment goes when all its seeds are through. The key names data, settings, code and seed; what is found is used only where
the libraries are the same, too.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from malmoi import experiments
from malmoi.checkpoints import Checkpoint

SECONDS = 60.0  # from one saving of a training to the next
LIBRARIES = ("numpy", "scipy", "scikit-learn", "keras", "tensorflow")


class Place:
    """What is kept of one seed. folder: None to keep nothing."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self.folder, self.key = folder, key

    def checkpoint(self, on_resume: Callable[[Any, int], None]) -> Checkpoint | None:
        """For `fit`. on_resume: as there."""
        if self.folder is None:
            return None
        found = Checkpoint(self.folder / "training.npz", self._made_by, SECONDS)
        found.on_resume, found.warn = on_resume, _warn
        return found

    def finished(self) -> dict[str, Any] | None:
        """What `finish` was given, of a seed that is through; None where it is not."""
        if self.folder is None or not (self.folder / "finished").is_dir():
            return None
        try:
            about = json.loads((self.folder / "finished/about.json").read_text(encoding="utf-8"))
            if about["model"] == experiments.digest(self._model) and about["made_by"] == self._made_by:
                return dict(about["done"])
            _warn(f"{self.folder / 'finished'} is not what this seed would be now; it is trained anew")
        except (OSError, ValueError, KeyError) as error:
            _warn(f"{self.folder / 'finished'} cannot be read ({error}); the seed is trained anew")
        shutil.rmtree(self.folder / "finished")
        return None

    def finish(self, model: Any, done: dict[str, Any]) -> None:
        """Keep a trained model, and what JSON can say of it."""
        if self.folder is None:
            return
        beside = self.folder / "finished.part"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        model.save(beside / "model")
        about = {"made_by": self._made_by, "model": experiments.digest(beside / "model"), "done": done}
        (beside / "about.json").write_text(json.dumps(about), encoding="utf-8")
        beside.rename(self.folder / "finished")
        (self.folder / "training.npz").unlink(missing_ok=True)

    def deliver(self, model: Any, folder: Path) -> None:
        """Save the trained model in `folder`."""
        if self.folder is None:
            model.save(folder)
        else:
            shutil.copytree(self._model, folder)

    @property
    def _model(self) -> Path:
        return Path(str(self.folder), "finished", "model")

    @property
    def _made_by(self) -> str:
        return hashlib.sha256("\n".join([self.key, *(f"{name} {version(name)}" for name in LIBRARIES)]).encode()).hexdigest()


class Places:
    """What is kept of one experiment. root: .malmoi/checkpoints, or None to keep nothing."""

    def __init__(self, root: Path | None, name: str) -> None:
        self.folder = root / name if root else None

    def of(self, key: str) -> Place:
        """One seed's."""
        return Place(self.folder / key[:16] if self.folder else None, key)

    def remove(self) -> None:
        """All seeds are through."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)
