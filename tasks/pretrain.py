"""Language models of a corpus's training split, as the beginning of its classifiers (Howard and Ruder, 2018): numbers of texts in, the same
numbers out, with what the language models learned beside them, so that an experiment names this as its features.

The texts are read from their start and, with `directions: both`, by a second model from their end. Labels are not looked at.
"""

import argparse
import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from malmoi.config import ConfigError, params
from tasks import _teller


@params
class Pretraining:
    """An entry of table `pretraining`.

    features: an entry of table `features` of kind sequence. model, training: as of an experiment with a language model that is a network; a
    classifier goes on from it with the same family and shape, bidirectional where directions is both, which only family recurrent can be.
    seed: of every random draw.
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
    parser.add_argument("--cost", type=Path, help="file to write what it cost; default: it is not written")
    parser.add_argument("--checkpoints", type=Path, help="folder for trainings that are stopped; default: they begin again")


def run(name: str, params: Path, features: Path, out: Path, cost: Path | None = None, checkpoints: Path | None = None) -> None:
    """Train the language models. Raises ConfigError where the entry or the features cannot be right."""
    from malmoi import batches, config, experiments
    from malmoi.models._network import encoders
    from malmoi.pretrained import Pretrained
    from tasks import _checkpoints, _training_cost

    where = f"{params}: pretraining.{name}"
    entry = config.read(Pretraining, config.entry(params, "pretraining", name), where)
    pipeline = json.loads((features / "pipeline.json").read_text(encoding="utf-8"))
    splits = [batches.load_split(features / f"{split}.npz") for split in ("train", "valid")]
    inputs = [split.inputs for split in splits if isinstance(split.inputs, batches.Sequences)]
    if len(inputs) < len(splits) or (features / "state/pretrained.npz").exists():
        raise ConfigError(f"{where}: features must be of kind sequence: a language model learns from token ids, and begins with nothing")
    spec = batches.Spec("language_model", pipeline["width"], seed=entry.seed)
    work = _Work(name, entry, where, _checkpoints.Places(checkpoints, name), experiments.digest(features))
    learned = {"forward": _learned(work, spec, splits, "forward")}
    if entry.directions == "both":
        back = [replace(split, inputs=encoders.turned(one)) for split, one in zip(splits, inputs, strict=True)]
        learned["backward"] = _learned(work, spec, back, "backward")
    weights = [one.weights for one in learned.values()]
    arrays = encoders.both(*weights) if len(weights) > 1 else encoders.one(*weights)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(features, out)
    Pretrained(encoders.KIND, arrays, {"pretraining": asdict(entry)}).save(out / "state")
    _teller.write(out / "pretraining.csv", [row for one in learned.values() for row in one.history])
    if cost:
        costs = {direction: one.cost for direction, one in learned.items()}
        _training_cost.save(cost, {"pretraining": name, "features": entry.features}, {"directions": costs})
    work.places.remove()


@dataclass(frozen=True)
class _Work:
    """What both language models are made from. where: for errors; places: where a stopped training is kept; inputs: digest of features."""

    name: str
    entry: Pretraining
    where: str
    places: Any
    inputs: str


@dataclass(frozen=True)
class _Learned:
    """One language model: its weights by name, its history, and what it cost."""

    weights: Any
    history: list[dict[str, Any]]
    cost: dict[str, Any]


def _learned(work: _Work, spec: Any, splits: list[Any], direction: str) -> _Learned:
    """A language model: trained, taken up again, or as it was left where it was through before."""
    from malmoi import experiments, registry
    from tasks import _training_cost

    entry, told = work.entry, _teller.Teller(f"{work.name}, {direction}", {"direction": direction})
    experiment = experiments.Experiment(
        problem=spec.problem, corpus=entry.corpus, features=entry.features, model=entry.model, training=entry.training, seeds=[spec.seed]
    )
    model = experiments.build(experiment, spec, work.where)
    if not hasattr(model, "design"):
        raise ConfigError(f"{work.where}: model family {experiment.family} is no network: a classifier cannot begin with it; use recurrent")
    if entry.directions == "both" and experiment.family != "recurrent":
        raise ConfigError(
            f"{work.where}.directions: two models of family {experiment.family} do not make one that reads both ways; "
            "set directions: forward, or take recurrent"
        )
    place = work.places.of(experiments.key(experiment, told.title, spec.seed, work.inputs))
    if (done := place.finished()) is not None:
        with TemporaryDirectory() as folder:
            place.deliver(model, Path(folder) / "model")
            weights = registry.find("models", experiment.family).load(Path(folder) / "model").weights
            return _Learned(weights, done["history"], done["cost"])
    told.clock = type(told.clock)()
    model.fit(*splits, told.epoch, told.step, place.checkpoint(told.resumed))
    cost = _training_cost.of_seed(told.clock, model, splits[0].inputs, len(told.history))
    place.finish(model, {"history": told.history, "cost": cost})
    return _Learned(model.weights, told.history, cost)
