"""What the trials of a sweep are for: the stages to bring up to date, the score that they are judged by, and scores on the way.

A sweep of an experiment is judged by the experiment's primary metric on the validation split, never on the test split, which is kept for
the one that is chosen in the end.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows._space import Intermediate, Metric, Sweep
from malmoi.config import ConfigError

DIRECTIONS = {"higher": "maximize", "lower": "minimize"}
# A line of the train stage: "bills-gru seed 1: epoch 3/14, train_loss 0.6931, valid_loss 0.6501, 1.2 s"
EPOCH = r": epoch (?P<step>\d+)/\d+, .*\bvalid_loss (?P<value>[-+.\w]+)"


@dataclass(frozen=True)
class Goal:
    """targets: stages; metric: where the score is; name: what it is called; intermediate: where scores on the way are, or None."""

    targets: list[str]
    metric: Metric
    name: str
    intermediate: Intermediate | None

    def score(self, root: Path) -> float:
        """The score that the stages have made below `root`. Raises ConfigError where it is not there or no number."""
        from dvc.utils.serialize import LOADERS, ParseError

        where = f"{self.metric.file}: {self.metric.key}"
        try:
            found: Any = LOADERS[(root / self.metric.file).suffix](str(root / self.metric.file))
        except (OSError, ParseError) as error:
            raise ConfigError(f"{where}: cannot be read ({error}); is it made by {', '.join(self.targets)}?") from None
        for part in self.metric.key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
            raise ConfigError(f"{where}: is {found!r}, and should be a number")
        return float(found)

    def hear(self, line: str) -> tuple[int, float] | None:
        """Step and score on the way that a line of output tells of, or None."""
        found = re.search(self.intermediate.pattern, line) if self.intermediate else None
        try:
            return (int(found["step"]), float(found["value"])) if found else None
        except ValueError:
            return None


def of(sweep: Sweep, root: Path, where: str) -> Goal:
    """The goal of a sweep in the project at `root`. Raises ConfigError where the file does not say it, or names what is not there."""
    if sweep.experiment:
        found = _of_experiment(sweep, root, where)
    elif sweep.metric and sweep.targets:
        named = f"{Path(sweep.metric.file).stem}.{sweep.metric.key}"
        found = Goal(sweep.targets, sweep.metric, named, sweep.intermediate)
    else:
        raise ConfigError(f"{where}: give `experiment`, or `targets` and `metric` ({{file: ..., key: ..., direction: maximize}})")
    if sweep.pruner.kind != "none" and found.intermediate is None:
        raise ConfigError(f"{where}: pruner {sweep.pruner.kind} needs `intermediate`: which lines of the output tell a score on the way")
    if found.intermediate:
        _check(found.intermediate, where)
    return found


def _check(given: Intermediate, where: str) -> None:
    try:
        named = re.compile(given.pattern).groupindex
    except re.error as error:
        raise ConfigError(f"{where}: intermediate.pattern is no regular expression: {error}") from None
    if missing := {"step", "value"} - set(named):
        raise ConfigError(f"{where}: intermediate.pattern has no group (?P<{min(missing)}>...)")


def _of_experiment(sweep: Sweep, root: Path, where: str) -> Goal:
    from malmoi import experiments, objectives

    name = sweep.experiment
    experiment = experiments.read(_file(root, name, where), name)
    primary = objectives.find(experiment.problem).primary(True)
    metric = Metric(file=f"out/evaluate/{name}/metrics.json", key=f"valid.mean.{primary.name}", direction=DIRECTIONS[primary.better])  # type: ignore[arg-type]
    epochs = Intermediate(pattern=re.escape(name) + r" seed \d+" + EPOCH, name="valid_loss")
    chosen = sweep.metric or metric
    label = f"valid_{primary.name}" if chosen == metric else f"{Path(chosen.file).stem}.{chosen.key}"
    return Goal(sweep.targets or [f"evaluate@{name}"], chosen, label, sweep.intermediate or epochs)


def _file(root: Path, name: str, where: str) -> Path:
    """The params file of an experiment that dvc.yaml switches on."""
    from malmoi import config

    switched = [part for part in config.load(root / "dvc.yaml").get("vars", []) if isinstance(part, str)]
    tables = {file: config.load(root / file).get("experiments") or {} for file in switched}
    for file, table in tables.items():
        if name in table:
            return root / file
    there = [str(key) for table in tables.values() for key in table]
    raise ConfigError(f"{where}: experiment: dvc.yaml switches on no {name!r}; there are: {', '.join(there)}")
