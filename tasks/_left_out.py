"""Why rows of a corpus were left out, in words: for the error that nothing is left, with the values that were found and what may help."""

import json
from collections.abc import Iterable, Mapping

import yaml

from malmoi.cleaning import Drops

NAMED = 5  # values named of each kind


def reasons(unread: Drops, unclean: Drops, labels: Mapping[str, str] | None) -> dict[str, int]:
    """How many rows were dropped, by reason; one of the reader's says where the first row is, and which values were found.

    labels: the reader's option of that name.
    """
    told = {f"{reason} ({_told(unread, reason, labels or {})})": count for reason, count in unread.counts.items()}
    return told | dict(unclean.counts)


def _told(drops: Drops, reason: str, labels: Mapping[str, str]) -> str:
    first = drops.first[reason][0]
    values = [value for value, _ in drops.values[reason].most_common()]
    if not values:
        return f"first {first.where}" + (f": {first.text:.60}" if first.text else "")
    known = [str(name) for name in labels]
    return f"found {_some(values)}; `labels` has {_some(known)}; first {first.where}" + _hint(values, known)


def _some(values: list[str]) -> str:
    return ", ".join(map(repr, values[:NAMED])) + (", ..." if len(values) > NAMED else "")


def _hint(values: Iterable[str], known: list[str]) -> str:
    """What may be wrong with the keys of `labels`: YAML makes other values of some words, or they are written in another way."""
    for value in values:
        if (key := _as_yaml(value)) != value and key in known:
            return f'; YAML reads {value} as {key}: put it in quotation marks in `labels`, as "{value}"'
    for value in values:
        if near := next((name for name in known if _number(name) == _number(value) or name.casefold() == value.casefold()), None):
            return f"; write {near!r} as in the file, {value!r}"
    return ""


def _as_yaml(value: str) -> str:
    """A word as it comes out of YAML, where it is a key without quotation marks.

    >>> [_as_yaml(value) for value in ("yes", "010", "0x1f", "1:30", "null", "good")]
    ['true', '8', '31', '90', 'null', 'good']
    """
    try:
        read = yaml.safe_load(value)
        return next(iter(json.loads(json.dumps({read: None}, default=str)))) if isinstance(read, bool | int | float | None) else value
    except (yaml.YAMLError, ValueError, TypeError):
        return value


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
