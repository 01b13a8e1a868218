"""The data card of a corpus: what was read, what was dropped and why, and what each split holds. The same rows give the same card."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from malmoi.cleaning import Drops, conflicting
from malmoi.outline import Columns, Outline, among
from malmoi.rows import SPLITS, Example

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class Description:
    """What the card says of one split, gathered row by row: counts, labels by name, lengths in characters, shares of scripts among the
    characters, and a digest (SHA-256) of id, text, label and document of the rows in order."""

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        self._characters, self._labels = Counter[str](), Counter[str]()
        self._columns = Columns(length="i", document="q")
        self._empty, self._sha = 0, hashlib.sha256()
        for example in examples:
            self.add(example)

    def add(self, example: Example) -> None:
        """One row more."""
        self._characters.update(example.text)
        if example.label is not None:
            self._labels[example.label] += 1
        self._columns.add(len(example.text), hash(example.document))
        self._empty += not example.text.strip()
        row = [example.id, example.text, example.label, example.document]
        self._sha.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")

    @property
    def characters(self) -> Counter[str]:
        """How often each character occurs."""
        return self._characters

    @property
    def lengths(self) -> np.ndarray:
        """(n,) characters of each text."""
        return self._columns["length"]

    def card(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return {
            "examples": len(self._columns),
            "documents": len(np.unique(self._columns["document"])),
            "characters": self._characters.total(),
            "bytes": sum(len(character.encode()) * count for character, count in self._characters.items()),
            "distinct_characters": len(self._characters),
            "empty": self._empty,
            "labels": dict(sorted(self._labels.items())),
            "lengths": lengths(self._columns["length"]),
            "scripts": scripts(self._characters),
            "sha256": self._sha.hexdigest(),
        }


def card(descriptions: Mapping[str, Description], dropped: Drops, repeats: dict[str, Any]) -> dict[str, Any]:
    """The card as a JSON mapping: rows, drops, splits, duplicates (see below)."""
    splits = {name: descriptions[name].card() for name in SPLITS}
    kept = sum(split["examples"] for split in splits.values())
    return {
        "rows": {"read": kept + dropped.counts.total(), "kept": kept, "dropped": dropped.counts.total()},
        "drops": drops(dropped),
        "splits": splits,
        "duplicates": repeats,
    }


def drops(dropped: Drops) -> dict[str, Any]:
    """Reason -> how many rows, and the first few of them."""
    return {
        reason: {"count": count, "first": [{"where": row.where, "text": row.text} for row in dropped.first[reason]]}
        for reason, count in sorted(dropped.counts.items())
    }


def lengths(counts: Sequence[int] | np.ndarray) -> dict[str, float]:
    """Mean and quantiles ("50%" is the median) of lengths in characters."""
    if not len(counts):
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


def duplicates(outline: Outline, fates: np.ndarray) -> dict[str, Any]:
    """Texts that occur more than once in the division `fates` (see `splits.divide`); blank ones do not count.

    within: rows of a split whose text an earlier row has. across: "test in train" is the number of test rows whose text is in train.
    conflicting: different texts of a split that have more than one label.
    """
    there = ~outline.blank
    texts = {name: np.sort(outline.texts[there & (fates == place)]) for place, name in enumerate(SPLITS)}
    pairs = (("valid", "train"), ("test", "train"), ("test", "valid"))
    within = {name: int((texts[name][1:] == texts[name][:-1]).sum()) for name in SPLITS}
    across = {f"{one} in {other}": int(among(texts[one], texts[other]).sum()) for one, other in pairs}
    texts.clear()
    return {"within": within, "across": across, "conflicting": {name: _conflicting(outline, fates == n) for n, name in enumerate(SPLITS)}}


def _conflicting(outline: Outline, rows: np.ndarray) -> int:
    return len(conflicting(outline.texts[rows], outline.labels[rows])) if len(outline.names) > 1 else 0
