"""What experiments cost side by side: training time and operations, memory, speed of answering; and how this is said to people.

It joins what `train` and `evaluate` measured (files that are never the same twice, decision 8) with what `cost` counted of the model. The
report and `python -m tasks leaderboard` show it.

The convention for operations (Kaplan et al. 2020, section 2.1): a multiply-add is 2 operations, and an update costs three times a reading
forward: once forward, twice backward (the gradients of activations and of weights). Padding, validation and the optimiser are not counted.
"""

import math
from collections.abc import Sequence
from typing import Any

UNKNOWN = "–"
OPERATIONS, PASSES = 2, 3  # of a multiply-add; of an update, in readings forward


def training_operations(per: dict[str, Any], spent: dict[str, Any]) -> float | None:
    """Floating-point operations of one training; None where they are not known, or where nothing is learned by gradients.

    per: as `cost.multiply_adds` gives it; what training does not do, a language model's cache, is not counted. spent: what `train` counted:
    "tokens" and "texts" of one epoch, "epochs", "updates" (0: no gradients).

    >>> per = {"multiply_adds_per_token": 10, "multiply_adds_per_text": 5}
    >>> training_operations(per, {"tokens": 7, "texts": 2, "epochs": 3, "updates": 9})
    1440.0
    """
    token, text = per.get("multiply_adds_per_token"), per.get("multiply_adds_per_text")
    if token is None or text is None or not spent.get("updates") or not spent.get("tokens"):
        return None
    token -= per.get("untrained_multiply_adds_per_token") or 0
    return float(OPERATIONS * PASSES * spent["epochs"] * (token * spent["tokens"] + text * spent["texts"]))


def say_operations(value: float | None) -> str:
    """Operations as people read them.

    >>> say_operations(3.2e12), say_operations(None)
    ('3.2 TFLOP', '–')
    """
    if value is None:
        return UNKNOWN
    power = min(max(int(math.log10(max(value, 1)) // 3), 0), 6)
    return f"{value / 1000**power:.3g} {['', 'k', 'M', 'G', 'T', 'P', 'E'][power]}FLOP"


def summary(row: dict[str, Any], measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What one model of an experiment costs, the mean over its seeds where they differ; None for what is not known.

    row: of the leaderboard; measured: the files that `train`, `evaluate` and `pretrain` measured, by stage, as far as there are. seconds,
    epochs and tokens are of a whole training (seconds: without what starts only once in a process; tokens: as often as they were read),
    operations as `training_operations`. What learns without batches does the same for every seed; its start is in it, so the quickest
    counts. pretraining_seconds: of the language models that it began with, all of them, once for all seeds.
    """
    trained, answered, before = (measured.get(stage, {}) for stage in ("train", "evaluate", "pretrain"))
    seeds = list(trained.get("seeds", {}).values())
    read = [
        {**one, "tokens": one["tokens"] and one["tokens"] * one["epochs"], "seconds": one["seconds"] - one["start_seconds"]}
        for one in seeds
    ]
    means = {name: _mean([one[name] for one in read]) for name in ("seconds", "cpu_seconds", "epochs", "tokens")}
    known = {name: row.get(name) for name in ("parameters", "weight_bytes", "multiply_adds_per_token", "multiply_adds_per_text")}
    if seeds and not any(one["updates"] for one in seeds):
        means["seconds"] = min(one["seconds"] for one in read)
    operations = _mean([training_operations(row, one) for one in seeds])
    rates = {f"{unit}_per_second": answered.get(f"{unit}_per_second") for unit in ("texts", "words", "tokens")}
    memory = {"peak_mb": trained.get("peak_mb"), "answering_peak_mb": answered.get("peak_mb")}
    return {**known, **means, "operations": operations, "pretraining_seconds": _pretrained(before), **memory, **rates}


def _pretrained(before: dict[str, Any]) -> float | None:
    directions = before.get("directions", {}).values()
    return sum(one["seconds"] - one["start_seconds"] for one in directions) if directions else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def say_seconds(value: float | None) -> str:
    """A time as people read it.

    >>> say_seconds(0.0213), say_seconds(3.21), say_seconds(75), say_seconds(4000), say_seconds(None)
    ('21 ms', '3.2 s', '1 min 15 s', '1 h 6 min', '–')
    """
    if value is None:
        return UNKNOWN
    if value < 60:
        return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def say_count(value: float | None) -> str:
    """A count as people read it, three digits of it.

    >>> say_count(812), say_count(12_345), say_count(3_210_000), say_count(None)
    ('812', '12.3 k', '3.21 M', '–')
    """
    if value is None:
        return UNKNOWN
    value = float(f"{value:.3g}")
    power = min(int(math.log10(max(abs(value), 1)) // 3), 4)
    return f"{value / 1000**power:.3g} {['', 'k', 'M', 'G', 'T'][power]}".rstrip()
