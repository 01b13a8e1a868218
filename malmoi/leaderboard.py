"""Ranking: which experiment did better on the same test examples, by how much, and is the difference more than chance?

Only what is comparable is ranked together. Language models are ranked by bits per character of the raw text, whatever their tokens are. A
tokenizer that does not give the text back has no such number: its models stand apart, and perplexity ranks them among their own kind.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from malmoi import statistics
from malmoi.config import ConfigError
from malmoi.scores import Metric, score, show, show_difference, show_p, tested

SHAPE = (
    "multiply_adds_per_token",
    "multiply_adds_per_text",
    "untrained_multiply_adds_per_token",
    "weight_bytes",
)  # what a model costs, where it says so (`cost`)


@dataclass(frozen=True)
class Outcomes:
    """What one experiment did on each of the n test examples, sorted by id.

    ids: (n,); values: (n, seeds), bool right or wrong, or bits; sizes: {metric: (n,)}, what the values are divided by: ones for accuracy,
    characters or tokens of each text for bits. guess: (n,) the same values of `guesser`, which reads nothing (`malmoi.guessing`).
    """

    ids: np.ndarray
    values: np.ndarray
    sizes: dict[str, np.ndarray]
    guess: np.ndarray | None = None
    guesser: str = ""


@dataclass(frozen=True)
class Entry:
    """One evaluated experiment: what `metrics.json` says (see tasks/evaluate.py), and its outcomes."""

    metrics: dict[str, Any]
    outcomes: Outcomes
    tokenizer: str
    feature: str

    @property
    def name(self) -> str:
        """The experiment's name."""
        return str(self.metrics["experiment"])

    @property
    def metric(self) -> Metric:
        """Its primary metric, which ranks it."""
        return score(self.metrics["primary"])

    @property
    def board(self) -> str:
        """The leaderboard it belongs to, "classify/bills"."""
        return f"{self.metrics['problem']}/{self.metrics['corpus']}"

    @property
    def tokenization(self) -> str:
        """What its losses and perplexity are counted in: its vocabulary, and the test split in its tokens, by their digest. Where that was
        not written down, it stands alone. Empty for classifiers, whose losses are per text."""
        counted = self.metrics["test"]["mean"]
        if "tokens" not in counted:
            return ""
        digest = self.metrics.get("vocabulary")
        which = f"vocabulary {digest[:12]}" if digest else f"vocabulary not known, {self.name} alone"
        unknown = show("unknown_rate", counted["unknown_rate"])
        return f"{self.tokenizer} ({counted['tokens']:,.0f} test tokens, {unknown} unknown; {which})"

    @property
    def group(self) -> str:
        """Empty where it is ranked with all others of its board; else its tokenization, within which alone perplexity compares."""
        return self.tokenization if self.metrics["primary"] == "perplexity" else ""

    def mean(self, split: str) -> float:
        """Mean over seeds of its primary metric on `split`."""
        return float(self.metrics[split]["mean"][self.metrics["primary"]])


def model_name(board: str) -> str:
    """Name of a board as a file and as a registered model.

    >>> model_name("language_model/bills")
    'language-model-bills'
    """
    return board.replace("/", "-").replace("_", "-")


def best_first(entries: list[Entry], split: str) -> list[Entry]:
    """Sorted by the primary metric on `split`; equal scores by fewer parameters, then by name."""

    def key(entry: Entry) -> tuple[float, int, str]:
        return -entry.metric.sign * entry.mean(split), entry.metrics["parameters"], entry.name

    return sorted(entries, key=key)


def compare(first: Entry, second: Entry) -> dict[str, Any]:
    """The paired test of two experiments, on the test examples that both answered. Raises ConfigError where these are not the same.

    Classifiers of one seed: McNemar's test over texts. All others, and so every language model: the paired bootstrap over texts, the unit
    that is redrawn with all its tokens, since the bits of neighbouring tokens are no independent draws.
    """
    if not np.array_equal(first.outcomes.ids, second.outcomes.ids):
        raise ConfigError(f"{first.name} and {second.name} were evaluated on different test examples; `dvc repro` brings both up to date")
    metric = _paired_metric(first, second)
    found = statistics.difference(first.outcomes.values, second.outcomes.values, first.outcomes.sizes[metric])
    return {
        "against": second.name,
        "metric": metric,
        "difference": _rounded(found.value),
        "interval": [_rounded(edge) for edge in found.interval],
        "p": _rounded(found.p),
        "test": found.test,
        "examples": found.examples,
    }


def adjust(paired: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Comparisons that are looked at together, with Holm's p and the verdict in words: "better", "worse" or "no difference"."""
    values = statistics.holm([one["p"] for one in paired])
    return [one | {"p_adjusted": _rounded(p), "verdict": verdict(one, p)} for one, p in zip(paired, values, strict=True)]


def verdict(paired: dict[str, Any], p: float) -> str:
    """What a comparison shows of the first of the two, at the usual level."""
    if p >= statistics.LEVEL or paired["difference"] == 0:
        return "no difference"
    return "better" if score(paired["metric"]).sign * paired["difference"] > 0 else "worse"


def say(paired: dict[str, Any]) -> str:
    """A comparison as a sentence's end: "better than x: +1.2 points (95% interval +0.3 to +2.1; McNemar, mid-p: p = 0.010)"."""
    low, high = (show_difference(paired["metric"], edge).split(" ")[0] for edge in paired["interval"])
    by = show_difference(paired["metric"], paired["difference"])
    words = f"{paired['verdict']} than" if paired["verdict"] != "no difference" else "no difference shown from"
    return f"{words} {paired['against']}: {by} (95% interval {low} to {high}; {paired['test']}: {show_p(paired['p_adjusted'])})"


def intervals(entry: Entry) -> dict[str, list[float]]:
    """95 % intervals on test, of several seeds those of the means: seeds redrawn as well as examples. An older `evaluate` gave the first
    seed's, which say nothing of a mean: these are left out."""
    primary, outcomes = entry.metrics["primary"], entry.outcomes
    given, alone = entry.metrics["test"]["interval"], outcomes.values.shape[1] == 1
    given = given if alone or "redrawn" in entry.metrics["test"] else {}
    if primary not in outcomes.sizes or alone:
        return dict(given)
    edges = statistics.interval(outcomes.values, outcomes.sizes[primary])
    return {**given, primary: [_rounded(edge) for edge in edges]}


def seed_interval(entry: Entry, seed: int) -> tuple[float, float]:
    """95 % interval of the primary metric on test of one seed alone. Where it is no ratio of sums: that which `evaluate` gave."""
    primary, outcomes = entry.metrics["primary"], entry.outcomes
    if primary not in outcomes.sizes:
        low, high = entry.metrics["test"]["interval"][primary]
        return float(low), float(high)
    place = sorted(int(one) for one in entry.metrics["test"]["seeds"]).index(seed)
    return statistics.interval(outcomes.values[:, [place]], outcomes.sizes[primary])


def rank(entries: list[Entry]) -> list[dict[str, Any]]:
    """Rows of one board, best first by the test metric, those that stand apart last; each with the paired test against the row below it."""
    rows = []
    for group in sorted({entry.group for entry in entries}):
        ordered = best_first([entry for entry in entries if entry.group == group], "test")
        paired = adjust([compare(above, below) for above, below in pairwise(ordered)])
        pairs = [*paired, None]
        rows += [_row(entry, place, pair) for place, (entry, pair) in enumerate(zip(ordered, pairs, strict=True), start=1)]
    return rows


def _paired_metric(first: Entry, second: Entry) -> str:
    """What is compared: the primary metric, and for perplexity its logarithm, which is a sum over texts."""
    if first.group != second.group:
        raise ConfigError(f"{first.name} and {second.name} do not compare: perplexity is per token, and their tokens differ")
    return tested(first.metrics["primary"]).name


def _row(entry: Entry, place: int, paired: dict[str, Any] | None) -> dict[str, Any]:
    metrics, primary = entry.metrics, entry.metrics["primary"]
    test = metrics["test"]
    return {
        "rank": place,
        "group": entry.group,
        "experiment": entry.name,
        **{key: metrics[key] for key in ("problem", "corpus", "language", "family", "parameters")},
        **{key: metrics.get(key) for key in SHAPE},
        "tokenizer": entry.tokenizer,
        "tokenization": entry.tokenization,
        "feature": entry.feature,
        "metric": primary,
        "better": entry.metric.better,
        "test": test["mean"],
        "interval": intervals(entry),
        "spread": test["spread"],
        "seeds": {seed: values[primary] for seed, values in test["seeds"].items()},
        "valid": entry.mean("valid"),
        "paired": paired,
        **({"absent_labels": metrics["absent_labels"]} if metrics.get("absent_labels") else {}),
    }


def _rounded(value: float) -> float:
    """Six significant digits: enough for people, and no noise of the last bit in files that are compared."""
    return float(f"{value:.6g}")
