"""An experiment: which corpus, features, model, training settings and seeds; an entry of table `experiments` in params/experiments/."""

import hashlib
import json
from dataclasses import asdict, field
from pathlib import Path
from types import ModuleType
from typing import Any

from malmoi import config, registry, sources
from malmoi.batches import Spec
from malmoi.config import ConfigError, params

PROBLEMS = ("classify", "language_model")  # those of `objectives`, which is not imported: a new score must not train every model again


@params
class Experiment:
    """One entry.

    problem: "classify" or "language_model". corpus, features: names of entries of those tables. model: {family, and its options};
    training: the family's training options. seeds: one model is trained for each, and the scores' spread is reported.
    prompts: texts that a language model is asked to continue.
    """

    problem: str
    corpus: str
    features: str
    model: dict[str, Any]
    training: dict[str, Any] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=lambda: [1])
    prompts: list[str] = field(default_factory=list)

    @property
    def family(self) -> str:
        """File in malmoi/models/ that builds the model."""
        return str(self.model["family"])


def read(path: Path, name: str) -> Experiment:
    """Entry `name` of a file in params/experiments/. Raises ConfigError where anything in it cannot be right."""
    return check(config.entry(path, "experiments", name), f"{path}: experiments.{name}")


def check(entry: object, where: str) -> Experiment:
    """An entry, as YAML gave it. Raises ConfigError, beginning with `where`, where anything in it cannot be right."""
    experiment = config.read(Experiment, entry, where)
    if experiment.problem not in PROBLEMS:
        raise ConfigError(f"{where}: no problem is called {experiment.problem!r}; there are: {', '.join(PROBLEMS)}")
    if "family" not in experiment.model:
        raise ConfigError(f"{where}: model has no family; there are: {', '.join(registry.names('models'))}")
    if experiment.family not in registry.names("models"):
        raise ConfigError(
            f"{where}: no model is called {experiment.family!r}{registry.suggest(experiment.family, registry.names('models'))}"
        )
    if not experiment.seeds or len(set(experiment.seeds)) < len(experiment.seeds):
        raise ConfigError(f"{where}: seeds must be a list of different whole numbers, found {experiment.seeds}")
    return experiment


def build(experiment: Experiment, spec: Spec, where: str) -> Any:
    """The experiment's untrained model."""
    family: ModuleType = registry.find("models", experiment.family)
    shape = {key: value for key, value in experiment.model.items() if key != "family"}
    settings = config.read(family.Params, shape, f"{where}.model")
    return family.build(settings, config.read(family.Training, experiment.training, f"{where}.training"), spec)


def recipe(experiment: Experiment, name: str, inputs: str) -> str:
    """(64 hex digits) What went into all seeds of an experiment: stage, name, settings, `inputs` (digest of its features), the code that
    builds and trains the family's models."""
    parts = {
        "stage": "train",
        "name": name,
        "experiment": {part: value for part, value in asdict(experiment).items() if part not in ("seeds", "prompts")},
        "inputs": inputs,
        "code": sources.digest(f"malmoi/models/{experiment.family}.py", "malmoi/batches.py"),
    }
    return _hash(parts)


def key(experiment: Experiment, name: str, seed: int, inputs: str) -> str:
    """(64 hex digits) What went into one trained model: its `recipe` and the seed."""
    return _hash({"recipe": recipe(experiment, name, inputs), "seed": seed})


def _hash(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def digest(folder: Path) -> str:
    """(64 hex digits) SHA-256 of all files in a folder, names included."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()
