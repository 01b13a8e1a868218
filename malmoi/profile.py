"""The profile of one version of a corpus: counts from which a contract is checked and two versions are compared without their texts.

Gathered while rows stream by, in bounded memory, and the same bytes for the same rows. For each split: examples, labels, lengths in
characters (quantiles, and a histogram with 20 bins for a factor of ten), characters, scripts, eojeols (what is between white space). For
the whole: rows dropped, texts that occur in more than one split, and one place for every character, script and bin of lengths, to quote.

What bounds cost. Eojeols are counted exactly, on disk where they are many, and so is the OOV rate; but only the EOJEOLS most frequent of a
split are kept, beside the total and the number of different ones. So what is compared later is right for words that are frequent in both
versions; a word that one version keeps and the other does not counts there as absent, though it may occur as often as the least that is
kept. Of an eojeol LONGEST characters count. Characters beyond the CHARACTERS most frequent are in totals alone; ASCII ones have no place.
"""

import heapq
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import scripts
from malmoi.cards import Description
from malmoi.cleaning import where
from malmoi.config import ConfigError
from malmoi.frequent import Top
from malmoi.outline import Outline, among
from malmoi.rows import SPLITS, Example
from malmoi.tally import Entry, Tally

FORMAT = 1  # of the file; versions in different formats cannot be compared
NAME = "profile.json"
EOJEOLS, CHARACTERS, LONGEST = 20_000, 20_000, 64
KINDS = 400_000  # different eojeols of a split in memory at a time, some 80 MB
SHOWN, EXCERPT = 3, 60  # examples of a kind; characters of each
UNKNOWN = 20  # eojeols that train lacks, the most frequent of them
EDGES = sorted({0, *(round(10 ** (step / 20)) for step in range(141))})  # of bins of lengths: 0, 1, 2, ..., 11, 13, 14, 16, ... 10 million
PAIRS = (("valid", "train"), ("test", "train"), ("test", "valid"))
Place = dict[str, str]


def repeated(outline: Outline, fates: np.ndarray) -> dict[int, list[str]]:
    """Row -> in which ways it repeats a text of another split ("test in train"): the first SHOWN texts of each way, no blank ones."""
    found: dict[int, list[str]] = {}
    for one, other in PAIRS:
        mine, others = (np.flatnonzero((fates == SPLITS.index(split)) & ~outline.blank) for split in (one, other))
        again = mine[among(outline.texts[mine], outline.texts[others])]
        _, first = np.unique(outline.texts[again], return_index=True)  # of each text the first row
        for row in again[np.sort(first)][:SHOWN].tolist():
            found.setdefault(row, []).append(f"{one} in {other}")
    return found


class Profiler:
    """Takes what a profile needs from rows as they go by. folder: where counts are put when they are many; marked: see `repeated`."""

    def __init__(self, folder: Path, marked: Mapping[int, list[str]]) -> None:
        self._tallies = {split: Tally(folder / split, KINDS) for split in SPLITS}
        self._marked, self._seen = marked, set[str]()
        self._repeats: dict[str, list[str]] = {f"{one} in {other}": [] for one, other in PAIRS}
        self._characters: dict[str, Place] = {}
        self._scripts: dict[str, Place] = {}
        self._lengths: dict[int, Place] = {}

    def add(self, row: int, split: str, example: Example) -> None:
        """One row more, with its place in the corpus and the split that it goes to."""
        text = example.text
        words = text.split()
        self._tallies[split].add(words if len(text) <= LONGEST else [word[:LONGEST] for word in words])
        for way in self._marked.get(row, ()):
            self._repeats[way].append(excerpt(text))
        if (edge := EDGES[bisect_right(EDGES, len(text)) - 1]) not in self._lengths:
            self._lengths[edge] = {"where": where(example), "text": excerpt(text)}
        if not self._seen.issuperset(text):
            self._meet(example)

    def _meet(self, example: Example) -> None:
        fresh = set(example.text) - self._seen
        self._seen |= fresh
        for place, character in sorted((example.text.index(character), character) for character in fresh):
            begin = max(0, place - EXCERPT // 2)
            found = {"where": where(example), "text": excerpt(example.text[begin : begin + EXCERPT + 1])}
            self._scripts.setdefault(scripts.script(character), found)
            if not character.isascii() and len(self._characters) < CHARACTERS:
                self._characters[character] = found

    def profile(self, card: Mapping[str, Any], described: Mapping[str, Description]) -> dict[str, Any]:
        """The profile as a JSON mapping. card: the data card of the same rows, described: what it was made from."""
        return {
            "format": FORMAT,
            **{key: card[key] for key in ("corpus", "language", "problem", "rows")},
            "dropped": {
                reason: {"count": found["count"], "first": found["first"][:SHOWN]}
                for reason, found in sorted(card["drops"].items(), key=lambda item: (-item[1]["count"], item[0]))
            },
            "splits": {
                split: _split(card["splits"][split], described[split]) | {"eojeols": eojeols} for split, eojeols in self._eojeols().items()
            },
            "repeated": {way: {"count": card["duplicates"]["across"][way], "first": self._repeats[way]} for way in self._repeats},
            "places": {
                "characters": dict(sorted(self._characters.items())),
                "scripts": dict(sorted(self._scripts.items())),
                "lengths": {str(edge): self._lengths[edge] for edge in sorted(self._lengths)},
            },
        }

    def _counted(self, split: str) -> Iterator[tuple[str, str, int]]:
        """(eojeol, split, how often), in the order of the eojeols."""
        return ((word, split, count) for word, count in self._tallies[split].entries())

    def _eojeols(self) -> dict[str, dict[str, Any]]:
        """Of each split what occurs in it most, and of valid and test what train lacks: one pass over the counts of all three."""
        most = {split: Top(EOJEOLS) for split in SPLITS}
        lacking = {split: Top(UNKNOWN) for split in SPLITS}
        for _, same in groupby(heapq.merge(*map(self._counted, SPLITS)), key=itemgetter(0)):
            found = [*same]
            alone = all(split != "train" for _, split, _ in found)
            for word, split, count in found:
                most[split].add(word, count)
                lacking[split].add(word, count if alone else 0)
        return {
            split: {"total": top.total, "distinct": top.distinct, "counts": top.counts}
            | ({"unknown": lacking[split].counts, "unknown_total": lacking[split].total} if split != "train" else {})
            for split, top in most.items()
        }


def _split(card: Mapping[str, Any], described: Description) -> dict[str, Any]:
    counts = _ordered(described.characters.items())
    return {
        "examples": card["examples"],
        "blank": card["empty"],
        "labels": card["labels"],
        "lengths": card["lengths"],
        "histogram": histogram(described.lengths),
        "scripts": dict(_ordered(scripts.count(described.characters).items())),
        "characters": {"total": card["characters"], "distinct": len(counts), "counts": dict(counts[:CHARACTERS])},
    }


def histogram(lengths: np.ndarray) -> dict[str, int]:
    """Lower edge of a bin (see EDGES) -> how many lengths (n,) are in it; bins without any are left out."""
    bins, counts = np.unique(np.searchsorted(EDGES, lengths, side="right") - 1, return_counts=True)
    return {str(EDGES[place]): count for place, count in zip(bins.tolist(), counts.tolist(), strict=True)}


def excerpt(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def total(profile: Mapping[str, Any], *keys: str) -> Counter[str]:
    """Counts of all splits together; keys: where they are in a split."""
    found = Counter[str]()
    for split in SPLITS:
        part = profile["splits"][split]
        for key in keys:
            part = part[key]
        found.update(part)
    return found


def save(path: Path, found: Mapping[str, Any]) -> None:
    """Write JSON for people: a line for each value."""
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    """The profile in a file, or in the folder that holds it. Raises ConfigError where there is none."""
    file = path / NAME if path.is_dir() else path
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        raise ConfigError(f"{file}: no profile there; `ingest` writes it: python -m flows.local ingest@NAME") from None


def parse(text: str, source: str) -> dict[str, Any]:
    """A profile from its text; `source` is where that is from. Raises ConfigError for what is none, or is in another format."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{source}: no profile of a corpus: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        said = found.get("format") if isinstance(found, dict) else None
        raise ConfigError(f"{source}: should be a profile in format {FORMAT}, found {said}; run `ingest` for it again with this code")
    return found


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (-entry[1], entry[0]))
