"""The rules of promotion: what a challenger must show to take the champion's place. Read from params/promote.yaml.

`defaults` are for every board (one problem on one corpus, as "classify-bills"), `boards: {NAME: ...}` for what is different in one. A rule
that is null is not asked. `malmoi.challenge` applies them, `malmoi.guards` those that are limits of single measures.
"""

from collections.abc import Collection
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from malmoi import config
from malmoi.config import ConfigError, params
from malmoi.registry import suggest
from malmoi.scores import METRICS, comparable

COSTS = ("latency", "size")  # guards whose measures may be so many times the champion's
CLASSIFIERS = ("classes", "calibration", "behaviour")  # guards that are asked of classifiers alone


@params
class Limit:
    """What one measure may be. least, most: of the challenger itself. worse: how much worse than the champion's, in the measure's own unit;
    times: how many times the champion's. What is null is not asked."""

    least: float | None = None
    most: float | None = None
    worse: float | None = None
    times: float | None = None


@params
class Guards:
    """What must not get worse, whatever the primary metric gains; null asks nothing, and what is asked but was not measured is broken.

    classes: F1 of each class on test (0 to 1). slices: the metric that paired tests compare (of perplexity: bits per token) on test texts
    in Korean and in English, each by itself. examples:
    fewest test examples of a class or a language that is looked at by itself. latency: milliseconds for a text, answered in batches. size:
    megabytes of the bundle. calibration: expected calibration error (0 to 1). behaviour: share of behavioural tests that fail (0 to 1).
    classes, calibration and behaviour are asked of classifiers alone.
    """

    examples: int = 1
    classes: Limit | None = None
    slices: Limit | None = None
    latency: Limit | None = None
    size: Limit | None = None
    calibration: Limit | None = None
    behaviour: Limit | None = None


@params
class Checks:
    """What must be right about the data. leakage: largest share of the texts of test that occur in train. data_card: there is one, with a
    licence, of the test split that was answered. contract: the data contract was checked, and nothing in it is broken."""

    leakage: float | None = None
    data_card: bool = False
    contract: bool = False


@params
class Rules:
    """All rules of one board.

    level: largest chance of any false "better" on the board, all its challengers together. seeds: fewest of a model that draws random
    numbers (`linear` and `ngram` draw none). gain: metric -> the least gain that matters, in the metric's unit; 0 for one not
    named. Metrics are those that paired tests compare (`scores.comparable`).
    """

    level: float = 0.05
    seeds: int = 1
    gain: dict[str, float] = field(default_factory=dict)
    guards: Guards = Guards()
    checks: Checks = Checks()


@params
class _File:
    defaults: dict[str, Any] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)


def rules(path: Path, board: str, known: Collection[str]) -> Rules:
    """The rules of `board`. known: names of all boards that there may be.

    Raises ConfigError, naming file, entry and key, for what is unknown, of a wrong type, or cannot be, and for a board that is none.
    """
    file = config.read(_File, config.load(path), str(path))
    for other in file.boards:
        if other not in known:
            raise ConfigError(f"{path}: boards.{other}: no board is called {other!r}{suggest(other, sorted(known))}")
    _checked(config.read(Rules, file.defaults, f"{path}: defaults"), f"{path}: defaults")
    for other, own in file.boards.items():
        _belongs(own, other, f"{path}: boards.{other}")
    where = f"{path}: boards.{board}" if board in file.boards else f"{path}: defaults"
    return _checked(config.read(Rules, _merged(file.defaults, file.boards.get(board, {})), where), where)


def plain(found: Rules) -> dict[str, Any]:
    """As a JSON mapping."""
    return asdict(found)


def _merged(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Groups (gain, guards, checks) key by key; one guard is replaced as a whole."""
    groups = {
        key: {**defaults[key], **value} for key, value in own.items() if isinstance(value, dict) and isinstance(defaults.get(key), dict)
    }
    return defaults | own | groups


def _belongs(own: dict[str, Any], board: str, where: str) -> None:
    """Raises ConfigError where a board asks of its problem what that does not have, and so would never be looked at."""
    problem = next(problem for problem in METRICS if board.startswith(problem.replace("_", "-")))
    config.read(Rules, own, where)
    for metric in own.get("gain") or {}:
        _gained(metric, comparable([problem]), where)
    for guard in own.get("guards") or {}:
        if guard in CLASSIFIERS and problem != "classify":
            raise ConfigError(f"{where}: guards.{guard}: is asked of classifiers alone; leave it out")


def _gained(metric: str, known: list[str], where: str) -> None:
    """Raises ConfigError for a metric that no paired test compares: its least gain would never be looked at."""
    if metric in known:
        return
    instead = next((one.tested for metrics in METRICS.values() for one in metrics if one.name == metric and one.tested in known), "")
    said = f"; perplexities are compared by their logarithm: give {instead}" if instead else suggest(metric, known)
    raise ConfigError(f"{where}: gain.{metric}: no paired test here compares {metric!r}{said}")


def _checked(found: Rules, where: str) -> Rules:
    if not 0 < found.level < 1:
        raise ConfigError(f"{where}: level: a chance between 0 and 1, found {found.level}")
    if found.seeds < 1:
        raise ConfigError(f"{where}: seeds: at least 1, found {found.seeds}")
    for metric, least in found.gain.items():
        _gained(metric, comparable(METRICS), where)
        if least < 0:
            raise ConfigError(f"{where}: gain.{metric}: 0 or more, found {least}; the direction that is better is known")
    limits = {guard: limit for guard, limit in asdict(found.guards).items() if isinstance(limit, dict)}
    for guard, limit in limits.items():
        if all(value is None for value in limit.values()):
            raise ConfigError(f"{where}: guards.{guard}: asks nothing; give least, most, worse or times, or write null")
        if limit["times"] is not None and guard not in COSTS:
            raise ConfigError(f"{where}: guards.{guard}.times: only of {' and '.join(COSTS)}; give `worse` instead")
    return found
