"""Guards: single measures that must not get worse when a champion is replaced, held against the limits of params/promote.yaml.

A measure has parts (the classes of a classifier, the languages of a slice), each with a value; one that was not measured is None, and
breaks a guard that asks for it. `tasks/_evidence.py` takes the measures from what `evaluate` and `train` have written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from malmoi.promotion import Guards, Limit
from malmoi.scores import Metric

Parts = Mapping[str, float | None]
Measures = Mapping[str, Parts]
NOWHERE = "was not measured"


@dataclass(frozen=True)
class Guard:
    """title: of a value, its part after it; better: "higher" or "lower"; unit: behind a value."""

    title: str
    better: str
    unit: str = ""


GUARDS = {
    "classes": Guard("F1 of class", "higher"),
    "slices": Guard("{metric} on texts in", ""),  # its direction is the metric's
    "latency": Guard("time for a text", "lower", " ms"),
    "size": Guard("size of the bundle", "lower", " MB"),
    "calibration": Guard("calibration error", "lower"),
    "behaviour": Guard("failures of behavioural tests", "lower"),
}


def judge(guards: Guards, metric: Metric, own: Measures, champion: Measures | None) -> list[dict[str, Any]]:
    """What each guard that asks something says of each part: {"guard", "part", "what", "value", "champion", "limit", "broken"}.

    metric: that is compared on the board, which `slices` are measured in. champion: None where there is none yet; limits that compare with
    it are then not asked.
    """
    found = []
    for name, guard in GUARDS.items():
        limit: Limit | None = getattr(guards, name)
        if limit is None or name not in own:
            continue
        kind = Guard(guard.title.format(metric=metric.title), guard.better or metric.better, guard.unit)
        theirs = {} if champion is None else champion.get(name, {})
        for part in sorted(own[name].keys() | theirs.keys()):
            broken = _broken(kind, limit, (own[name].get(part), theirs.get(part)), champion is not None)
            what = f"{kind.title} {part}".strip()
            values = {"value": own[name].get(part), "champion": theirs.get(part)}
            found.append({"guard": name, "part": part, "what": what, **values, "limit": _words(kind, limit), "broken": broken})
    return found


def _broken(guard: Guard, limit: Limit, values: tuple[float | None, float | None], against: bool) -> str:
    """Why the limit is broken, in words; "" where it is kept. values: the challenger's, the champion's."""
    own, theirs = values
    compared = against and not limit.worse is limit.times is None
    if own is None:
        return NOWHERE if compared or not limit.least is limit.most is None else ""
    if limit.least is not None and own < limit.least:
        return f"{_show(own, guard)} is less than {_show(limit.least, guard)}"
    if limit.most is not None and own > limit.most:
        return f"{_show(own, guard)} is more than {_show(limit.most, guard)}"
    if not compared:
        return ""
    if theirs is None:
        return f"the champion's {NOWHERE}"
    fall = theirs - own if guard.better == "higher" else own - theirs
    if limit.worse is not None and fall > limit.worse:
        return f"{_show(own, guard)} is worse than the champion's {_show(theirs, guard)} by more than {_show(limit.worse, guard)}"
    if limit.times is not None and own > limit.times * theirs:
        return f"{_show(own, guard)} is more than {limit.times:g} times the champion's {_show(theirs, guard)}"
    return ""


def _words(guard: Guard, limit: Limit) -> str:
    asked = {
        "at least {}": limit.least,
        "at most {}": limit.most,
        "at most {} worse than the champion": limit.worse,
    }
    said = [words.format(_show(value, guard)) for words, value in asked.items() if value is not None]
    return ", ".join(said + ([f"at most {limit.times:g} times the champion's"] if limit.times is not None else []))


def _show(value: float, guard: Guard) -> str:
    return f"{value:.4g}{guard.unit}"
