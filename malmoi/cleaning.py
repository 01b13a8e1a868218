"""Rules by which rows are left out of a corpus, each with its reason, so that all can be counted.

Some need nothing but the row; those about other rows work on an `Outline` of all of them.
"""

from collections import Counter, defaultdict
from typing import Literal

import numpy as np

from malmoi.config import params
from malmoi.outline import Outline, among, repeated
from malmoi.rows import Dropped, Example

SHOWN = 5  # dropped rows shown for each reason
VALUES = 8  # distinct values that are told, where a row's value was the reason
EXCERPT = 120  # characters shown of each
CONFLICTING, DUPLICATE, SHARED = -2, -3, -4  # what becomes of a row that other rows are the reason to drop
REASONS = {CONFLICTING: "label conflicts with another row's", DUPLICATE: "duplicate", SHARED: "text is in valid or test too"}


@params
class Clean:
    """empty: texts of white space only. shortest, longest: characters. duplicates: a text met before (with the same label) in its split.

    conflicting: texts that occur with more than one label (all of them are dropped). shared: train rows whose text is in valid or test too.
    """

    empty: Literal["drop", "keep"] = "drop"
    shortest: int = 0
    longest: int | None = None
    duplicates: Literal["drop", "keep"] = "keep"
    conflicting: Literal["drop", "keep"] = "keep"
    shared: Literal["drop", "keep"] = "keep"


class Drops:
    """Rows that were left out: how many for each reason, and the first few of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, list[Dropped]] = defaultdict(list)
        self.values: dict[str, dict[str, None]] = defaultdict(dict)  # distinct values that were the reason, in order

    def add(self, row: Dropped) -> None:
        """One more."""
        self.counts[row.reason] += 1
        if row.value and len(self.values[row.reason]) < VALUES:
            self.values[row.reason][row.value] = None
        if len(self.first[row.reason]) < SHOWN:
            text = row.text if len(row.text) <= EXCERPT else row.text[: EXCERPT - 1] + "…"
            self.first[row.reason].append(Dropped(row.reason, row.where, text))

    def __add__(self, later: "Drops") -> "Drops":
        both = Drops()
        both.counts = self.counts + later.counts
        for reason in both.counts:
            both.values[reason] = dict(list({**self.values.get(reason, {}), **later.values.get(reason, {})}.items())[:VALUES])
            both.first[reason] = [*self.first.get(reason, []), *later.first.get(reason, [])][:SHOWN]
        return both


def reason(text: str, clean: Clean) -> str | None:
    """Why a text is left out by itself, or None."""
    if not text.strip():
        return "empty text" if clean.empty == "drop" else None
    if len(text) < clean.shortest:
        return f"shorter than {clean.shortest} characters"
    if clean.longest is not None and len(text) > clean.longest:
        return f"longer than {clean.longest} characters"
    return None


def fates(outline: Outline, clean: Clean) -> np.ndarray:
    """(n,) CONFLICTING or DUPLICATE for rows that go, 0 for those that stay. `shared` needs the division: `splits.divide` sees to it."""
    found = np.zeros(len(outline), np.int8)
    if clean.conflicting == "drop":
        found[among(outline.texts, conflicting(outline.texts, outline.labels))] = CONFLICTING
    if clean.duplicates == "drop":  # rows that go already are all of a text, and no others have it
        found[repeated(outline.splits, outline.labels, outline.texts) & (found == 0)] = DUPLICATE
    return found


def conflicting(texts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Those of the texts (n,) that occur with more than one label (n,)."""
    order = np.lexsort((labels, texts))
    texts, labels = texts[order], labels[order]
    return np.unique(texts[1:][(texts[1:] == texts[:-1]) & (labels[1:] != labels[:-1])])


def where(example: Example) -> str:
    """Where a person finds the row: file and row, and its id if that says something else."""
    return example.id if f":{example.row}" in example.id else f"{example.id} ({example.document}, row {example.row})"
