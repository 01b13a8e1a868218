"""The run above all seeds of an experiment: the mean of each score, its spread and interval; read from `out/` alone, without MLflow.

Mean and spread are plain: `test_accuracy` is the mean over seeds, `test_accuracy_spread` its standard deviation (two seeds at least).
`test_accuracy_low` and `_high` are the 95 % interval that the leaderboard shows: of several seeds, examples and seeds redrawn.
`test_guessing_p` is the p value of "it is no better than guessing" (`malmoi.guessing`), as `compare` has it.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from malmoi.promotion_words import guessing
from malmoi.scores import score
from tasks import _results, _runs


def groups(runs: Sequence[_runs.Run]) -> list[list[_runs.Run]]:
    """Runs that are seeds of one experiment, by its recipe."""

    def recipe(run: _runs.Run) -> tuple[str, str]:
        return run.name, run.recipe

    return [list(seeds) for _, seeds in groupby(sorted(runs, key=recipe), recipe)]


def tags(seeds: Sequence[_runs.Run]) -> dict[str, str]:
    """Tags of the run above them; the first ones find it again."""
    first = seeds[0]
    found = {"malmoi.key": first.recipe, "malmoi.experiment": first.name, "malmoi.seed": _runs.ALL}
    return found | _runs.shared(first) | {"malmoi.seeds": ", ".join(run.seed for run in seeds)}


def epochs(seeds: Sequence[_runs.Run]) -> dict[tuple[str, int], float]:
    """(metric, epoch) -> mean over seeds, for epochs that all of them have."""
    of_each = [_runs.epochs(run) for run in seeds]
    return {place: statistics.fmean(values[place] for values in of_each) for place in of_each[0] if all(place in one for one in of_each)}


def scores(seeds: Sequence[_runs.Run]) -> dict[str, float]:
    """Mean over seeds of each score that all of them have, its spread where there are several, its interval where one is known."""
    of_each = [_runs.scores(run) for run in seeds]
    found = {}
    for name in of_each[0]:
        values = [one[name] for one in of_each if name in one]
        if len(values) == len(seeds):
            found[name] = statistics.fmean(values)
        if len(values) == len(seeds) > 1 and name.startswith(("test_", "valid_", "behaviour_")):
            found[f"{name}_spread"] = statistics.stdev(values)
    guess = _guessing(seeds) or {}
    return found | _edges(seeds) | ({"test_guessing_p": guess["p_adjusted"]} if "p_adjusted" in guess else {})


def _edges(seeds: Sequence[_runs.Run]) -> dict[str, float]:
    found = dict[str, float]()
    for name, (low, high) in _intervals(seeds).items():
        found |= {f"test_{name}_low": float(low), f"test_{name}_high": float(high)}
    return {name: edge for name, edge in found.items() if math.isfinite(edge)}


def _intervals(seeds: Sequence[_runs.Run]) -> dict[str, Sequence[float]]:
    """95 % intervals on test, of several seeds those of the means."""
    evaluation = seeds[0].evaluation
    given = {name: edges for name, edges in evaluation.get("test", {}).get("interval", {}).items() if edges}
    if len(seeds) == 1 or not given:
        return given
    if not (seeds[0].evaluated / "predictions.parquet").is_file():
        return {}
    from malmoi import leaderboard

    return dict(leaderboard.intervals(_results.read(seeds[0].evaluated)))


def describe(seeds: Sequence[_runs.Run]) -> str:
    """The experiment in plain words, for its page."""
    lines = [_runs.introduce(seeds[0]), _result(seeds), _below(seeds), _runs.again(seeds[0])]
    return "\n\n".join(lines)


def _result(seeds: Sequence[_runs.Run]) -> str:
    evaluation, found = seeds[0].evaluation, scores(seeds)
    name = f"test_{evaluation.get('primary')}"
    if name not in found:
        return "Not evaluated yet."
    spread = f" ± {found[f'{name}_spread']:.4f} over {len(seeds)} seeds" if f"{name}_spread" in found else ""
    low, high = found.get(f"{name}_low"), found.get(f"{name}_high")
    interval = f", 95 % interval {low:.4f} to {high:.4f}" if low is not None and high is not None else ""
    better = score(evaluation["primary"]).better
    guess = f" It is {said}." if (said := guessing(_guessing(seeds))) else ""
    return f"**Test {evaluation['primary']} {found[name]:.4f}**{spread}{interval}; {better} is better.{guess}"


def _guessing(seeds: Sequence[_runs.Run]) -> Mapping[str, Any] | None:
    """What `compare` says of the experiment against guessing; None where it says nothing, as of a champion of an earlier training."""
    first, file = seeds[0], seeds[0].out / "compare" / "leaderboard.json"
    rows = _results.load(file).get(f"{first.bundle['problem']}/{first.bundle['corpus']}", []) if file.is_file() else []
    return next((row.get("guessing") for row in rows if row["experiment"] == first.name), None)


def _below(seeds: Sequence[_runs.Run]) -> str:
    if len(seeds) == 1:
        return f"Below it: its one seed, {seeds[0].seed}, so that nothing is known of chance in training."
    return (
        f"Below it: its seeds {', '.join(run.seed for run in seeds)}. What stands here is their mean (curves: over the epochs that all "
        "have), `_spread` their standard deviation, `_low` and `_high` the 95 % interval."
    )
