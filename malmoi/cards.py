"""The data card of a corpus: what was read, what was dropped and why, and what each split holds. The same rows give the same card."""

import hashlib
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from malmoi.cleaning import conflicting
from malmoi.rows import SPLITS, Dropped, Example
from malmoi.splits import Splits

SHOWN = 5  # dropped rows shown for each reason
EXCERPT = 120  # characters shown of each
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def card(splits: Splits, dropped: Sequence[Dropped]) -> dict[str, Any]:
    """The card as a JSON mapping: rows, drops, splits, duplicates."""
    kept = sum(len(rows) for rows in splits.values())
    return {
        "rows": {"read": kept + len(dropped), "kept": kept, "dropped": len(dropped)},
        "drops": drops(dropped),
        "splits": {name: describe(splits[name]) for name in SPLITS},
        "duplicates": duplicates(splits),
    }


def drops(dropped: Sequence[Dropped]) -> dict[str, Any]:
    """Reason -> how many rows, and the first few of them."""
    found: dict[str, list[Dropped]] = defaultdict(list)
    for row in dropped:
        found[row.reason].append(row)
    return {
        reason: {"count": len(rows), "first": [{"where": row.where, "text": _excerpt(row.text)} for row in rows[:SHOWN]]}
        for reason, rows in sorted(found.items())
    }


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def describe(examples: Sequence[Example]) -> dict[str, Any]:
    """One split: counts, labels (by name), lengths in characters, shares of scripts among the characters, a digest of the content."""
    characters: Counter[str] = Counter()
    for example in examples:
        characters.update(example.text)
    labels = Counter(example.label for example in examples if example.label is not None)
    return {
        "examples": len(examples),
        "documents": len({example.document for example in examples}),
        "characters": characters.total(),
        "bytes": sum(len(character.encode()) * count for character, count in characters.items()),
        "distinct_characters": len(characters),
        "empty": sum(not example.text.strip() for example in examples),
        "labels": dict(sorted(labels.items())),
        "lengths": lengths([len(example.text) for example in examples]),
        "scripts": scripts(characters),
        "sha256": digest(examples),
    }


def lengths(counts: Sequence[int]) -> dict[str, float]:
    """Mean and quantiles ("50%" is the median) of lengths in characters."""
    if not counts:
        return {}
    found = np.quantile(np.asarray(counts), QUANTILES)
    quantiles = {f"{share:.0%}": round(float(value), 1) for share, value in zip(QUANTILES, found, strict=True)}
    return {"mean": round(float(np.mean(counts)), 2), **quantiles}


def scripts(characters: Counter[str]) -> dict[str, float]:
    """Share of each script among the characters that are not white space, largest first.

    >>> scripts(Counter("말모이 AB12"))
    {'hangul': 0.4286, 'digit': 0.2857, 'latin': 0.2857}
    """
    found: Counter[str] = Counter()
    for character, count in characters.items():
        if not character.isspace():
            found[_script(character)] += count
    total = found.total() or 1
    return {name: round(count / total, 4) for name, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))}


@cache
def _script(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "N":
        return "digit"
    if category[0] != "L":
        return "other"
    name = unicodedata.name(character, "")
    named = {"HANGUL": "hangul", "LATIN": "latin", "CJK": "han", "HIRAGANA": "kana", "KATAKANA": "kana"}
    return named.get(name.partition(" ")[0], "other letter")


def digest(examples: Sequence[Example]) -> str:
    """SHA-256 of the rows in order: id, text, label and document of each."""
    sha = hashlib.sha256()
    for example in examples:
        sha.update(json.dumps([example.id, example.text, example.label, example.document], ensure_ascii=False).encode() + b"\n")
    return sha.hexdigest()


def duplicates(splits: Splits) -> dict[str, Any]:
    """Texts that occur more than once; blank ones do not count.

    within: rows of a split whose text an earlier row has. across: "test in train" is the number of test rows whose text is in train.
    conflicting: different texts of a split that have more than one label.
    """
    texts = {name: [example.text for example in rows if example.text.strip()] for name, rows in splits.items()}
    known = {name: set(rows) for name, rows in texts.items()}
    pairs = (("valid", "train"), ("test", "train"), ("test", "valid"))
    return {
        "within": {name: len(texts[name]) - len(known[name]) for name in SPLITS},
        "across": {f"{one} in {other}": sum(text in known[other] for text in texts[one]) for one, other in pairs},
        "conflicting": {name: len(conflicting(splits[name])) for name in SPLITS},
    }
