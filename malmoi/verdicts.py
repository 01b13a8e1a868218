"""How a classifier did in its behavioural tests: a verdict on each case, failure rates with their intervals, and the worst failures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from malmoi import metrics
from malmoi.behaviour import Case, Plan, Settings
from malmoi.config import ConfigError

KINDS = ("invariance", "direction", "minimum")


@dataclass(frozen=True)
class Verdict:
    """How one model did on one case. confidence: how sure it was of what it got wrong, in 0..1; answers: (label, its probability), before
    and after."""

    failed: bool
    confidence: float
    answers: list[tuple[str, float]]


def judge(asked: Plan, classify: Callable[[list[str]], np.ndarray], labels: Sequence[str], settings: Settings) -> list[Verdict]:
    """A model's verdicts, in the order of the cases. classify: texts to (n, classes) probabilities; it is called once.

    Raises ConfigError where a label of params/behaviour.yaml is none of the model's.
    """
    columns = {label: place for place, label in enumerate(labels)}
    for label in {case.expected for case in asked.cases} - {""}:
        if label not in columns:
            raise ConfigError(
                f"params/behaviour.yaml: sentiment.{asked.corpus}: no class is called {label!r}; there are: {', '.join(labels)}"
            )
    texts = list(dict.fromkeys(text for case in asked.cases for text in (case.before, case.after) if text is not None))
    shares = dict(zip(texts, classify(texts), strict=True))
    found = []
    for case in asked.cases:
        rows = [shares[text] for text in (case.before, case.after) if text is not None]
        kind = asked.about[case.test][0]
        found.append(_direction(case, rows, columns, settings) if kind == "direction" else _label(case, rows, labels))
    return found


def _label(case: Case, rows: list[np.ndarray], labels: Sequence[str]) -> Verdict:
    """Is the last answer the one expected: that before, or the label that a plain sentence must get?"""
    best = [int(row.argmax()) for row in rows]
    answers = [(labels[place], float(row[place])) for place, row in zip(best, rows, strict=True)]
    return Verdict(labels[best[-1]] != (case.expected or labels[best[0]]), min(share for _, share in answers), answers)


def _direction(case: Case, rows: list[np.ndarray], columns: Mapping[str, int], settings: Settings) -> Verdict:
    """Does the probability of what was said fall when it is negated? The surer of it the model still is, the worse."""
    before, after = (float(row[columns[case.expected]]) for row in rows)
    return Verdict(before - after < settings.least_move, after, [(case.expected, before), (case.expected, after)])


def summarise(asked: Plan, by_seed: Mapping[int, list[Verdict]], settings: Settings) -> dict[str, Any]:
    """behaviour.json. Of each test: how many cases, the failures of each seed and their mean, its share (rate) with a 95 % interval that
    counts a case once however many seeds answered it, and the failures that the models were surest of. Overall: the mean of the tests'
    rates, and that of each kind."""
    tests = {test: _test(asked, test, by_seed, settings) for test in asked.about}
    rates = {kind: [one["rate"] for one in tests.values() if one["kind"] == kind] for kind in KINDS}
    return {
        "tests": tests,
        "kinds": {kind: fmean(found) for kind, found in rates.items() if found},
        "left_out": asked.left_out,
        "rate": fmean(one["rate"] for one in tests.values()) if tests else None,
    }


def _test(asked: Plan, test: str, by_seed: Mapping[int, list[Verdict]], settings: Settings) -> dict[str, Any]:
    places = [place for place, case in enumerate(asked.cases) if case.test == test]
    failures = {str(seed): sum(verdicts[place].failed for place in places) for seed, verdicts in by_seed.items()}
    kind, words = asked.about[test]
    mean = fmean(failures.values())
    edges = metrics.share_interval(np.array(mean), np.array(len(places)))
    return {
        "kind": kind,
        "language": asked.language,
        "about": words,
        "cases": len(places),
        "failures": mean,
        "seeds": failures,
        "rate": mean / len(places),
        "interval": [float(edge) for edge in edges],
        "examples": _worst(asked, places, by_seed)[: settings.shown],
    }


def _worst(asked: Plan, places: list[int], by_seed: Mapping[int, list[Verdict]]) -> list[dict[str, Any]]:
    """Failed cases, each with the seed whose model was surest, the surest first."""
    found = [(by_seed[seed][place].confidence, -place, -seed) for seed in by_seed for place in places if by_seed[seed][place].failed]
    surest: dict[int, int] = {}
    for _, place, seed in sorted(found, reverse=True):
        surest.setdefault(-place, -seed)
    return [_example(asked.cases[place], by_seed[seed][place], seed) for place, seed in surest.items()]


def _example(case: Case, verdict: Verdict, seed: int) -> dict[str, Any]:
    answers = [{"label": label, "probability": round(share, 4)} for label, share in verdict.answers]
    return {"before": case.before, "after": case.after, "expected": case.expected or None, "answers": answers, "seed": seed}
