"""A sweep as `flows.sweep` leaves it in its folder: sweep.json, and what a person reads of it, sweep.md."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from tasks._files import load


@dataclass(frozen=True)
class Sweep:
    """sweep.json. name: the sweep's; key: 16 hex digits, made when it was begun; metric: name of the score; direction: "maximize" or
    "minimize"; trials: all that were begun; about: the whole file."""

    name: str
    key: str
    metric: str
    direction: str
    trials: list[dict[str, Any]]
    about: dict[str, Any]

    @property
    def ranked(self) -> list[dict[str, Any]]:
        """Finished trials, the best first."""
        sign = -1 if self.direction == "maximize" else 1
        done = [trial for trial in self.trials if trial["score"] is not None]
        return sorted(done, key=lambda trial: (sign * trial["score"], trial["number"]))

    @property
    def shorts(self) -> dict[str, str]:
        """Short names of the keys."""
        return {one["key"]: one["short"] for one in self.about["space"]}

    @property
    def history(self) -> list[tuple[int, float]]:
        """(trial, best score until then) for each finished trial."""
        pick, best, found = max if self.direction == "maximize" else min, None, []
        for trial in self.trials:
            if trial["score"] is not None:
                best = trial["score"] if best is None else pick(best, trial["score"])
                found.append((int(trial["number"]), float(best)))
        return found


def read(folder: Path) -> Sweep:
    """The sweep in a folder. Raises ConfigError where there is none, or its file is broken."""
    about = load_or_teach(folder / "sweep.json")
    try:
        return Sweep(about["name"], about["key"], about["metric"], about["direction"], about["trials"], about)
    except (KeyError, TypeError):
        raise ConfigError(f"{folder / 'sweep.json'}: not as flows.sweep writes it; give the sweep's command again") from None


def load_or_teach(path: Path) -> Any:
    """A JSON file of a sweep."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; a sweep makes it: python -m flows.sweep params/sweep.yaml")
    return load(path)


def shown(value: Any) -> str:
    """A value of a trial, short enough for a table.

    >>> shown(0.0031234567), shown(64), shown("gru"), shown(None)
    ('0.003123', '64', 'gru', '–')
    """
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def page(sweep: Sweep) -> str:
    """sweep.md."""
    about, best = sweep.about, next(iter(sweep.ranked), None)
    states = [trial["state"] for trial in sweep.trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    sampler, pruner = about["sampler"], about["pruner"]
    how = f"chosen by {sampler['kind']} (seed {sampler['seed']}), pruned by {pruner['kind']}"
    lines = [
        f"# Sweep {sweep.name}",
        f"{counts} of {about['wanted']} trials; {sweep.direction} **{sweep.metric}**; {how}; begun at commit {about['baseline'][:10]}.",
        _winner(best, sweep),
        "## Trials",
        _table(sweep),
        "## Space",
        "\n".join(f"- `{one['key']}`: {one['said']}" for one in about["space"]),
    ]
    if about["fixed"]:
        lines.append(
            "In all trials: " + ", ".join(f"`{key}` = {json.dumps(value, ensure_ascii=False)}" for key, value in about["fixed"].items())
        )
    if about["importance"]:
        shares = "\n".join(f"- {sweep.shorts[key]}: {share:.0%}" for key, share in about["importance"].items())
        lines += ["## Importance", "What part of the score's variation each key accounts for (fANOVA):", shares]
    return "\n\n".join(line for line in lines if line) + "\n"


def _winner(best: dict[str, Any] | None, sweep: Sweep) -> str:
    if best is None:
        return "No trial has a score yet."
    values = ", ".join(f"{sweep.shorts[key]} {shown(value)}" for key, value in best["values"].items())
    return f"Best: **{best['score']:.6g}**, trial {best['number']} ({values}). Take it with `dvc exp apply {best['experiment']}`."


def _table(sweep: Sweep) -> str:
    """All trials: the finished by score, then the others by number."""
    others = [trial for trial in sweep.trials if trial["score"] is None]
    head = ["trial", sweep.metric, *sweep.shorts.values(), "state", "seconds", "stages that ran"]
    rows = [head, ["---"] * len(head), *(_row(trial, sweep) for trial in [*sweep.ranked, *others])]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def _row(trial: dict[str, Any], sweep: Sweep) -> list[str]:
    score = f"{trial['score']:.6g}" if trial["score"] is not None else "–"
    values = [shown(trial["values"].get(key)) for key in sweep.shorts]
    seconds = f"{(trial['ended'] - trial['began']) / 1000:.1f}" if trial["ended"] and trial["began"] else "–"
    ran = ", ".join((trial["stages"] or {}).get("ran", [])) or "–"
    again = f", trial {trial['again']} again" if trial["again"] is not None else ""
    reason = f": {str(trial['reason']).splitlines()[0][:80]}" if trial["reason"] else ""
    return [str(trial["number"]), score, *values, f"{trial['state']}{again}{reason}", seconds, ran]
