"""Plots of a sweep: its history, what each key is worth, all trials in parallel coordinates, and scores on the way.

Figures are matplotlib's, made by `_figures.page`, the only file that imports it.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks._figures import page, readable
from tasks._sweeps import Sweep, shown

GREY, BEST = "0.75", "tab:red"
KINDS = ("png", "svg")
LEVELS = 8  # choices, or whole numbers, of a key at most that are all named on its axis


def draw(sweep: Sweep, folder: Path) -> list[Path]:
    """Write the plots for which there are enough trials into `folder`. Returns their paths."""
    drawn = {
        "history": history(sweep),
        "importance": importance(sweep),
        "parallel-coordinates": parallel(sweep),
        "intermediate": intermediate(sweep),
    }
    paths = []
    for name, figure in drawn.items():
        for kind in KINDS if figure is not None else ():
            paths.append(folder / f"{name}.{kind}")
            figure.savefig(paths[-1], dpi=110, metadata={"Date": None} if kind == "svg" else None)
    return paths


def history(sweep: Sweep) -> Any:
    """Scores by trial, and the best until then; pruned and failed trials as crosses at the edge. None without a score."""
    if not sweep.history:
        return None
    figure, axes = page(f"{readable(sweep.name)}: {sweep.metric} by trial", (7.0, 4.2))
    done = [trial for trial in sweep.trials if trial["score"] is not None]
    axes.plot([trial["number"] for trial in done], [trial["score"] for trial in done], "o", color="tab:blue", label="trial", alpha=0.7)
    axes.step(*zip(*sweep.history, strict=True), where="post", color=BEST, label="best so far")
    edge = axes.get_ylim()[0]
    for state, mark in (("pruned", "x"), ("failed", "1")):
        if lost := [trial["number"] for trial in sweep.trials if trial["state"] == state]:
            axes.plot(lost, [edge] * len(lost), mark, color="0.4", label=state, clip_on=False)
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{sweep.metric} ({sweep.direction})")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)
    return figure


def importance(sweep: Sweep) -> Any:
    """What part of the score's variation each key accounts for; None where too few trials can tell."""
    shares = sweep.about["importance"]
    if not shares:
        return None
    names = [readable(sweep.shorts[key]) for key in reversed(shares)]
    values = list(reversed(shares.values()))
    figure, axes = page(f"{readable(sweep.name)}: what {sweep.metric} depends on (fANOVA)", (7.0, 1.4 + 0.4 * len(names)))
    axes.barh(names, values, color="tab:blue")
    for place, value in enumerate(values):
        axes.text(value, place, f" {value:.0%}", va="center", fontsize=9)
    axes.set_xlim(0, max(values) * 1.15)
    axes.set_xlabel("share of the variation")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def intermediate(sweep: Sweep) -> Any:
    """Scores on the way, a line for each trial: the best one red, pruned ones dashed; None where trials tell none."""
    told = [trial for trial in sweep.trials if len(trial["intermediate"]) > 1]
    if not told:
        return None
    figure, axes = page(f"{readable(sweep.name)}: {sweep.about['intermediate']} on the way", (7.0, 4.2))
    best = sweep.ranked[0]["number"] if sweep.ranked else None
    for trial in told:
        color, width = (BEST, 2.0) if trial["number"] == best else ("tab:blue", 1.0)
        style = "--" if trial["state"] == "pruned" else "-"
        label = {best: f"best, trial {best}"}.get(trial["number"])
        axes.plot(*zip(*trial["intermediate"], strict=True), style, color=color, linewidth=width, alpha=0.8, label=label)
    if any(trial["state"] == "pruned" for trial in told):
        axes.plot([], [], "--", color="tab:blue", label="pruned")
    axes.set_xlabel("step")
    axes.set_ylabel(str(sweep.about["intermediate"]))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=9)
    return figure


class Axis:
    """One upright axis of parallel coordinates: where a value is on it, from 0 to 1, and what is written beside it."""

    def __init__(self, name: str, values: Sequence[Any], log: bool = False) -> None:
        self.name = readable(name)
        self._numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        self._log = log and self._numbers
        self._levels = [] if self._numbers else sorted({shown(value) for value in values})
        whole = self._numbers and len(set(values)) <= LEVELS and all(isinstance(value, int) for value in values)
        self._few = sorted(set(values)) if whole else []
        places = [self._raw(value) for value in values]
        self._low, self._high = min(places), max(places)
        self.ticks = self._ticks()

    def place(self, value: Any) -> float:
        """0 at the bottom, 1 at the top; in the middle where all values are the same."""
        return (self._raw(value) - self._low) / (self._high - self._low) if self._high > self._low else 0.5

    def _raw(self, value: Any) -> float:
        if not self._numbers:
            return float(self._levels.index(shown(value)))
        return math.log10(value) if self._log else float(value)

    def _ticks(self) -> list[tuple[float, str]]:
        if self._levels:
            step = math.ceil(len(self._levels) / LEVELS)
            return [(self.place(name), readable(name)) for name in self._levels[::step]]
        if self._few:
            return [(self.place(value), shown(value)) for value in self._few]
        shares = (0.0, 0.25, 0.5, 0.75, 1.0) if self._high > self._low else (0.0,)
        numbers = [self._low + share * (self._high - self._low) for share in shares]
        return [(self._share(number), f"{10**number if self._log else number:.3g}") for number in numbers]

    def _share(self, number: float) -> float:
        return (number - self._low) / (self._high - self._low) if self._high > self._low else 0.5


def parallel(sweep: Sweep) -> Any:
    """Each finished trial as a line over the keys to its score, better ones darker, the best red; None for fewer than two."""
    ranked = sweep.ranked
    if len(ranked) < 2:
        return None
    axes_of = [Axis(one["short"], [trial["values"].get(one["key"]) for trial in ranked], one["log"]) for one in sweep.about["space"]]
    score = Axis(sweep.metric, [trial["score"] for trial in ranked])
    figure, axes = page(f"{readable(sweep.name)}: {len(ranked)} trials, {sweep.direction} {sweep.metric}", (2.2 + 1.9 * len(axes_of), 4.8))
    for rank, trial in reversed(list(enumerate(ranked))):
        places = [axis.place(trial["values"][one["key"]]) for axis, one in zip(axes_of, sweep.about["space"], strict=True)]
        strength = 1 - rank / len(ranked)
        color, width = (BEST, 2.5) if rank == 0 else ((0.12, 0.3, 0.6), 1.0 + strength)
        axes.plot(
            range(len(places) + 1), [*places, score.place(trial["score"])], color=color, linewidth=width, alpha=0.15 + 0.75 * strength
        )
    _upright(axes, [*axes_of, score])
    return figure


def _upright(axes: Any, all_axes: list[Axis]) -> None:
    for place, axis in enumerate(all_axes):
        axes.axvline(place, color="0.3", linewidth=1)
        for height, name in axis.ticks:
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}
            axes.text(place - 0.03, height, name, ha="right", va="center", fontsize=8, bbox=box)
    axes.set_xticks(range(len(all_axes)), [axis.name for axis in all_axes])
    axes.set_xlim(-0.45, len(all_axes) - 0.85)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
