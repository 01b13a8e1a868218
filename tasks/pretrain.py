"""Language models of a corpus's training split, as the beginning of its classifiers (Howard and Ruder, 2018): numbers of texts in, the same
numbers out, with what the language models learned beside them, so that an experiment names this as its features.

The texts are read from their start and, with `directions: both`, by a second model from their end. Labels are not looked at.
"""

import argparse
import csv
import json
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from malmoi.config import ConfigError, params

COLUMNS = ("direction", "epoch", "train_loss", "valid_loss")
QUIET = 5.0  # seconds between two lines about steps


@params
class Pretraining:
    """An entry of table `pretraining`.

    features: an entry of table `features` of kind sequence. model, training: as of an experiment with a recurrent language model; a
    classifier goes on from it with the same cell, units and layers, bidirectional where directions is both. seed: of every random draw.
    """

    corpus: str
    features: str
    model: dict[str, Any]
    training: dict[str, Any] = field(default_factory=dict)
    directions: Literal["forward", "both"] = "both"
    seed: int = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="an entry of table `pretraining`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--features", type=Path, required=True, help="folder that the features stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--checkpoints", type=Path, help="folder for trainings that are stopped; default: they begin again")


def run(name: str, params: Path, features: Path, out: Path, checkpoints: Path | None = None) -> None:
    """Train the language models. Raises ConfigError where the entry or the features cannot be right."""
    from malmoi import batches, config, experiments
    from malmoi.models import _encoders
    from malmoi.pretrained import Pretrained
    from tasks import _checkpoints

    where = f"{params}: pretraining.{name}"
    entry = config.read(Pretraining, config.entry(params, "pretraining", name), where)
    pipeline = json.loads((features / "pipeline.json").read_text(encoding="utf-8"))
    splits = [batches.load_split(features / f"{split}.npz") for split in ("train", "valid")]
    inputs = [split.inputs for split in splits if isinstance(split.inputs, batches.Sequences)]
    if len(inputs) < len(splits) or (features / "state/pretrained.npz").exists():
        raise ConfigError(f"{where}: features must be of kind sequence: a language model learns from token ids, and begins with nothing")
    spec = batches.Spec("language_model", pipeline["width"], seed=entry.seed)
    work = _Work(name, entry, where, _checkpoints.Places(checkpoints, name), experiments.digest(features))
    history: list[dict[str, Any]] = []
    forward = _learned(work, spec, splits, _Told(name, "forward", history))
    if entry.directions == "both":
        back = [replace(split, inputs=_encoders.turned(one)) for split, one in zip(splits, inputs, strict=True)]
        arrays = _encoders.both(forward, _learned(work, spec, back, _Told(name, "backward", history)))
    else:
        arrays = _encoders.one(forward)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(features, out)
    Pretrained(_encoders.KIND, arrays, {"pretraining": asdict(entry)}).save(out / "state")
    _write(out / "pretraining.csv", history)
    work.places.remove()


@dataclass(frozen=True)
class _Work:
    """What both language models are made from. where: for errors; places: where a stopped training is kept; inputs: digest of features."""

    name: str
    entry: Pretraining
    where: str
    places: Any
    inputs: str


def _learned(work: _Work, spec: Any, splits: list[Any], told: "_Told") -> Any:
    """Weights of one language model, by name: trained, taken up again, or as they were left where it was through before."""
    from malmoi import experiments, registry

    entry = work.entry
    experiment = experiments.Experiment(
        problem=spec.problem, corpus=entry.corpus, features=entry.features, model=entry.model, training=entry.training, seeds=[spec.seed]
    )
    model = experiments.build(experiment, spec, work.where)
    if not hasattr(model, "design"):
        raise ConfigError(f"{work.where}: model family {experiment.family} is no network: a classifier cannot begin with it; use recurrent")
    place = work.places.of(experiments.key(experiment, told.title, spec.seed, work.inputs))
    if (done := place.finished()) is not None:
        told.history += done["history"]
        with TemporaryDirectory() as folder:
            place.deliver(model, Path(folder) / "model")
            return registry.find("models", experiment.family).load(Path(folder) / "model").weights
    model.fit(*splits, told.epoch, told.step, place.checkpoint(told.resumed))
    place.finish(model, {"history": [row for row in told.history if row["direction"] == told.direction]})
    return model.weights


class _Told:
    """Says on stdout how far it is, and keeps the losses."""

    def __init__(self, name: str, direction: str, history: list[dict[str, Any]]) -> None:
        self.title, self.direction, self.history = f"{name}, {direction}", direction, history
        self.began = self.said = time.monotonic()

    def resumed(self, epochs: list[Any], batch: int) -> None:
        """Training goes on after these epochs and so many batches of the next."""
        for epoch in epochs:
            self._keep(epoch)
        print(f"{self.title}: taken up again after {len(epochs)} epochs and {batch} batches", flush=True)

    def _keep(self, epoch: Any) -> None:
        self.history.append(dict(zip(COLUMNS, (self.direction, epoch.number, epoch.train_loss, epoch.valid_loss), strict=True)))

    def epoch(self, epoch: Any) -> None:
        """One pass is over."""
        now = time.monotonic()
        self._keep(epoch)
        losses = f"train_loss {epoch.train_loss:.4f}, valid_loss {epoch.valid_loss:.4f}"
        print(f"{self.title}: epoch {epoch.number}/{epoch.of}, {losses}, {now - self.began:.1f} s", flush=True)
        self.began = self.said = now

    def step(self, step: Any) -> None:
        """One batch is over; said at most every few seconds."""
        now = time.monotonic()
        if now - self.said < QUIET:
            return
        self.said = now
        left = (now - self.began) / step.number * (step.of - step.number)
        print(f"{self.title}: epoch {step.epoch}, batch {step.number}/{step.of}, loss {step.loss:.4f}, about {left:.0f} s left", flush=True)


def _write(path: Path, history: list[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
