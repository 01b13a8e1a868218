"""champions/: who stands as champion of each board, since when and why, and the bundles of all who have.

`history.yaml`, in git, is a list of events for each board; the last one says who stands. `bundles.dvc`, in git, pins what lies beside it
and DVC carries: for each champion a small `out/` of its own (MODEL/EXPERIMENT-HASH/out), the entry of its training in dvc.lock, and the
hashes of the texts that it has read (seen.npy). A decision of `promote` rests on this folder, so it is an input of that stage and never
written by it: decision 16.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from malmoi import config
from malmoi.config import ConfigError, params
from tasks import _files, _pins
from tasks.project import lockfile
from tasks.runtime.files import write_whole
from tasks.runtime.locks import lock, path_for

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path("champions")
HISTORY, PINS, SEEN = "history.yaml", "bundles.dvc", "seen.npy"
HEAD = """\
# Who stands as champion of each board, the last entry of its list, and how it came there. Read by the stage `promote`, written by
# `python -m tasks accept` and `python -m tasks rollback`. Keep it in git, with bundles.dvc. by: first (chosen on validation), evidence,
# force, rollback, or release (what a person had put there may be challenged again). train: DVC's hash of out/train/EXPERIMENT. key: of
# the bundle that is served, files: SHA-256 of its files (`serve` compares with it). decided: what the decision rested on.
"""
HELD = ("force", "rollback")  # what a person has put there stays until it is released


@params
class Event:
    """One entry of a board's history."""

    by: Literal["first", "evidence", "force", "rollback", "release"]
    experiment: str
    seed: int
    train: str
    key: str
    files: str = ""
    decided: str = ""
    reason: str = ""

    @property
    def place(self) -> str:
        """Its folder under champions/MODEL."""
        return f"{self.experiment}-{self.train[:8]}"

    @property
    def held(self) -> str:
        """Why evidence does not move it, in words; "" where it may."""
        how = {"force": "put there by force", "rollback": "rolled back to"}.get(self.by)
        return f"the champion was {how} ({self.reason}) and stays until it is released" if how else ""


def read(champions: Path) -> dict[str, list[Event]]:
    """Events by board, the oldest first. Raises ConfigError for a history that cannot be right."""
    file = champions / HISTORY
    given = config.load(file) if file.is_file() else {}
    return config.read(dict[str, list[Event]], given, str(file))


@contextmanager
def alone(champions: Path, doing: str) -> Iterator[None]:
    """Hold the lock of champions/ while inside: from reading the history to writing it, so that nothing that is written in between by
    another process, a rollback for one, is overruled. A process that holds it may enter again.

    Raises BusyError, naming the other process, where that goes on holding it.
    """
    with lock(path_for(champions), doing):
        yield


def before(events: list[Event], decided: str) -> list[Event]:
    """The events that a decision resting on `decided` is made against: all, but not the one that this very decision has led to."""
    again = bool(events) and events[-1].by in ("first", "evidence") and events[-1].decided == decided
    return events[:-1] if again else events


def hash_of(trained: Path) -> str:
    """DVC's hash of a trained experiment's folder."""
    return _pins.of_folder(trained).md5


def bundle(champions: Path, model: str, event: Event) -> Path:
    """The folder of the bundle that is served."""
    return champions / model / event.place / "out" / "train" / event.experiment / f"seed-{event.seed}"


def out_of(champions: Path, model: str, event: Event) -> Path:
    """The champion's small `out/`. Raises ConfigError where it is not there, or not what it was."""
    folder = champions / model / event.place / "out"
    trained = folder / "train" / event.experiment
    if not trained.is_dir():
        raise ConfigError(f"{folder}: the champion's bundle is not there; bring it: dvc pull {champions / PINS}")
    if hash_of(trained) != event.train:
        raise ConfigError(f"{trained}: is not what was made champion; bring that back: dvc checkout --force {champions / PINS}")
    return folder


def event_of(out: Path, by: Literal["first", "evidence", "force", "rollback"], experiment: str, seed: int) -> Event:
    """An event that makes what `out/` has of an experiment the champion. Raises ConfigError where that is not there."""
    trained = out / "train" / experiment
    served = trained / f"seed-{seed}"
    key = str(_files.load(served / "bundle.json")["key"])
    return Event(by=by, experiment=experiment, seed=seed, train=hash_of(trained), key=key, files=_files.digest(served))


def add(champions: Path, model: str, event: Event) -> None:
    """Write an event at the end of a board's history. What it was decided on is read inside the same `alone`."""
    with alone(champions, f"{event.by} of {model}"):
        history = read(champions)
        history.setdefault(model, []).append(event)
        plain = {name: [_plain(one) for one in events] for name, events in sorted(history.items())}
        write_whole(champions / HISTORY, HEAD + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=1000))


def keep(champions: Path, model: str, event: Event, out: Path) -> None:
    """Copy what `out/` has of an experiment to champions/, and pin it. Nothing where that was done before.

    Raises ConfigError where `out/` was trained anew meanwhile, so that the copy is of another training.
    """
    with alone(champions, f"keeps {event.experiment} of {model}"):
        _keep(champions, champions / model / event.place, event, out)


def _keep(champions: Path, folder: Path, event: Event, out: Path) -> None:
    if not folder.is_dir():
        half = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(half, ignore_errors=True)
        for part in ("train", "evaluate"):
            shutil.copytree(out / part / event.experiment, half / "out" / part / event.experiment)
        if hash_of(half / "out" / "train" / event.experiment) != event.train:
            shutil.rmtree(half)
            raise ConfigError(f"{out / 'train' / event.experiment}: changed while it was copied; run this again when no run is at work")
        _copy_about(half, out, event.experiment)
        half.rename(folder)
    _pins.put(champions / PINS, folder, _pins.of_folder(folder))


def seen(out: Path) -> "np.ndarray":
    """(n,) sorted hashes of the texts that a champion was trained on; none where that was not written down. out: its small `out/`."""
    import numpy as np

    file = out.parent / SEEN
    return np.load(file, allow_pickle=False) if file.is_file() else np.zeros(0, np.uint64)


def hashes(texts: Iterable[str]) -> "np.ndarray":
    """(n,) 64-bit hashes."""
    import numpy as np

    digests = b"".join(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, "<u8")


def _copy_about(folder: Path, out: Path, experiment: str) -> None:
    """What else a card says of it, as far as it is there: data, costs, and where it comes from; and which texts it has read."""
    corpus = str(_files.load(folder / "out" / "evaluate" / experiment / "metrics.json")["corpus"])
    parts = [f"ingest/{corpus}/{name}" for name in ("card.json", "test.parquet")]
    parts += [f"cost/{stage}/{experiment}.json" for stage in ("train", "evaluate")]
    for part in (part for part in parts if (out / part).is_file()):
        (folder / "out" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(out / part, folder / "out" / part)
    stages, stage = lockfile.stages(out.resolve().parent / lockfile.NAME), f"train@{experiment}"
    if stage in stages:
        (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": {stage: stages[stage]}}, allow_unicode=True), encoding="utf-8")
    _write_seen(folder, out / "ingest" / corpus / "train.parquet")


def _write_seen(folder: Path, train: Path) -> None:
    import numpy as np

    from malmoi.rows import read_examples

    if train.is_file():
        np.save(folder / SEEN, np.unique(hashes(example.text for example in read_examples(train))), allow_pickle=False)


def _plain(event: Event) -> dict[str, Any]:
    return {name: value for name, value in asdict(event).items() if value != ""}
