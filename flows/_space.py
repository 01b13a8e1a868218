"""What a sweep file may say, read strictly, and the space of values that it spans.

name: bills-gru
experiment: bills-gru                                   # or: targets, metric (and intermediate) of any other DVC project
space:
  params/experiments/bills.yaml:experiments.bills-gru.model.units: {low: 16, high: 128, step: 16}
  params/experiments/bills.yaml:experiments.bills-gru.model.cell: {choices: [gru, lstm]}
trials: 20
"""

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from flows import _settings
from malmoi import config
from malmoi.config import ConfigError, params

TEXT = re.compile(r"found '[-+]?\d+e[-+]?\d+'")  # what YAML 1.1 takes for a text: a number with an exponent and no point
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@params
class Metric:
    """The score of a trial: a file that the stages make (JSON, YAML or TOML), a dotted key in it, and which way is better."""

    file: str
    key: str
    direction: Literal["maximize", "minimize"]


@params
class Intermediate:
    """Scores on the way: lines of a stage's output in which `pattern` finds (?P<step>...) and (?P<value>...), for pruning."""

    pattern: str
    name: str = "intermediate"
    direction: Literal["maximize", "minimize"] = "minimize"


@params
class Sampler:
    """Who chooses. startup: random trials before TPE believes what it has seen."""

    kind: Literal["tpe", "grid", "random"] = "tpe"
    seed: int = 1
    startup: int = 10


@params
class Pruner:
    """Who ends hopeless trials. startup: finished trials before it does; warmup: steps of a trial that it never ends; keep: the best
    per cent that `percentile` lets go on."""

    kind: Literal["none", "median", "percentile", "hyperband", "halving"] = "none"
    startup: int = 5
    warmup: int = 0
    keep: float = 25.0


@params
class Range:
    """Values of one key: `choices`, or numbers from `low` to `high`, both included."""

    choices: list[Any] | None = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False


@params
class Sweep:
    """A sweep file. experiment: an entry of params/experiments, which stands for targets, metric and intermediate. fixed: values that are
    the same in all trials. trials: how many (grid: all points by default). timeout: seconds after which no trial is begun."""

    name: str
    space: dict[str, Range]
    experiment: str = ""
    targets: list[str] = field(default_factory=list)
    metric: Metric | None = None
    intermediate: Intermediate | None = None
    sampler: Sampler = field(default_factory=Sampler)
    pruner: Pruner = field(default_factory=Pruner)
    trials: int | None = None
    timeout: float | None = None
    fixed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dimension:
    """One key of the space, with `values` (choices) or numbers; whole: only whole ones. short: the least that tells it from the others."""

    key: str
    short: str
    range: Range
    whole: bool = False

    def label(self, choice: Any) -> Any:
        """A choice as Optuna knows it: lists and mappings by their JSON text."""
        return json.dumps(choice, ensure_ascii=False) if isinstance(choice, list | dict) else choice

    def value(self, chosen: Any) -> Any:
        """What goes into the params file for what Optuna chose."""
        return next(
            (one for one in self.range.choices or [] if self.label(one) == chosen and type(self.label(one)) is type(chosen)), chosen
        )

    def points(self) -> list[Any]:
        """All values, for a grid. Only for what `check_grid` lets pass."""
        given = self.range
        if given.choices is not None:
            return [self.label(choice) for choice in given.choices]
        low, high, step = given.low or 0.0, given.high or 0.0, given.step or 1.0
        found = [low + place * step for place in range(math.floor((high - low) / step + 1e-9) + 1)]
        return [round(value) for value in found] if self.whole else found

    def said(self) -> str:
        """The space of this key in a few words."""
        given = self.range
        if given.choices is not None:
            return " | ".join(str(self.label(choice)) for choice in given.choices)
        step = f", step {given.step:g}" if given.step else ""
        return f"{given.low:g} to {given.high:g}{step}{', log' if given.log else ''}{'' if self.whole or given.step else ', real'}"


def read(path: Path, name: str | None = None) -> Sweep:
    """A sweep file, under another name where one is given. Raises ConfigError, naming file, entry and key, where it cannot be right by
    itself."""
    try:
        sweep = config.read(Sweep, {**config.load(path), **({"name": name} if name else {})}, str(path))
    except ConfigError as error:
        hint = "\n(YAML takes a number such as 1e-3 for a text: write 1.0e-3)" if TEXT.search(str(error)) else ""
        raise ConfigError(f"{error}{hint}") from None
    if not NAME.fullmatch(sweep.name):
        raise ConfigError(f"{path}: name: {sweep.name!r} is also the name of a folder and of git references; use letters, digits, - and _")
    if not sweep.space:
        raise ConfigError(f"{path}: space: it is empty; give at least one key, as `params.yaml:model.units: {{low: 16, high: 64}}`")
    for name, number in (("trials", sweep.trials), ("timeout", sweep.timeout)):
        if number is not None and number <= 0:
            raise ConfigError(f"{path}: {name}: must be above 0, found {number:g}")
    return sweep


def dimensions(sweep: Sweep, root: Path, where: str) -> list[Dimension]:
    """The space against the params files below `root`. Raises ConfigError for a key that is not there or a range that cannot be right."""
    for name, value in sweep.fixed.items():
        _settings.look(root, name, f"{where}: fixed.{name}")
        if name in sweep.space:
            raise ConfigError(f"{where}: fixed.{name}: it is in `space`, too; keep one ({value!r} or the range)")
    shorts = _shorts(list(sweep.space))
    return [_dimension(sweep, name, shorts[name], _settings.look(root, name, f"{where}: space.{name}"), where) for name in sweep.space]


def _dimension(sweep: Sweep, name: str, short: str, now: Any, where: str) -> Dimension:
    given, place = sweep.space[name], f"{where}: space.{name}"
    if (given.choices is None) == (given.low is None and given.high is None):
        raise ConfigError(f"{place}: give either choices, or low and high; as {{choices: [gru, lstm]}} or {{low: 16, high: 64, step: 16}}")
    if given.choices is not None:
        if given.step is not None or given.log or not given.choices:
            raise ConfigError(f"{place}: choices must be a list with something in it, without step and log")
        return Dimension(name, short, given)
    _check_numbers(given, now, place)
    whole = not isinstance(now, float) and all(value is None or float(value).is_integer() for value in (given.low, given.high, given.step))
    if sweep.sampler.kind == "grid" and (given.log or (given.step is None and not whole)):
        raise ConfigError(f"{place}: a grid needs choices, or low, high and step (and no log)")
    return Dimension(name, short, given, whole)


def _check_numbers(given: Range, now: Any, place: str) -> None:
    if given.low is None or given.high is None:
        raise ConfigError(f"{place}: low and high are needed, both")
    if given.low > given.high:
        raise ConfigError(f"{place}: low {given.low:g} is above high {given.high:g}; exchange them")
    if given.step is not None and given.step <= 0:
        raise ConfigError(f"{place}: step must be above 0, found {given.step:g}")
    if given.log and (given.low <= 0 or given.step is not None):
        raise ConfigError(f"{place}: log needs low above 0 and no step; found low {given.low:g}, step {given.step}")
    if isinstance(now, bool) or not (now is None or isinstance(now, int | float)):
        raise ConfigError(f"{place}: it is {now!r} now, which is no number; give choices")


def _shorts(names: list[str]) -> dict[str, str]:
    """For each key the shortest end of it that no other has."""
    parts = {name: _settings.split(name)[1].split(".") for name in names}
    found = {}
    for name, path in parts.items():
        ends = [".".join(path[-length:]) for length in range(1, len(path) + 1)]
        others = [f".{'.'.join(other)}" for key, other in parts.items() if key != name]
        found[name] = next((end for end in ends if not any(other.endswith(f".{end}") for other in others)), name)
    return found
