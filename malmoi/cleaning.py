"""Rules by which rows are left out of a corpus, each with its reason, so that all can be counted.

Some need nothing but the row; those about other rows work on an `Outline` of all of them.
"""

import re
from collections import Counter, defaultdict
from typing import Literal

import numpy as np

from malmoi.config import params
from malmoi.outline import Outline, among, repeated
from malmoi.rows import Dropped, Example

SHOWN = 5  # dropped rows shown for each reason
EXCERPT = 120  # characters shown of each
VALUES = 1000  # different values counted for each
CONFLICTING, DUPLICATE, SHARED = -2, -3, -4  # what becomes of a row that other rows are the reason to drop
_BLANK = re.compile("[\\s\\u00ad\\u115f\\u1160\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u2064\\u2800\\u3164\\ufeff\\uffa0]*")
REASONS = {CONFLICTING: "label conflicts with another row's", DUPLICATE: "duplicate", SHARED: "text is in valid or test too"}


@params
class Clean:
    """empty: texts of white space and invisible characters. shortest, longest: characters. duplicates: a text met before (with the same
    label) in its split. conflicting: texts that occur with more than one label (all of them are dropped). shared: train rows whose text is
    in valid or test too.
    """

    empty: Literal["drop", "keep"] = "drop"
    shortest: int = 0
    longest: int | None = None
    duplicates: Literal["drop", "keep"] = "keep"
    conflicting: Literal["drop", "keep"] = "keep"
    shared: Literal["drop", "keep"] = "keep"


class Drops:
    """Rows that were left out: how many for each reason, the first few of them, and how often which values were found (`Dropped.value`)."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, list[Dropped]] = defaultdict(list)
        self.values: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, row: Dropped) -> None:
        """One more."""
        self.counts[row.reason] += 1
        if len(self.first[row.reason]) < SHOWN:
            text = row.text if len(row.text) <= EXCERPT else row.text[: EXCERPT - 1] + "…"
            self.first[row.reason].append(Dropped(row.reason, row.where, text.encode("utf-8", "backslashreplace").decode()))
        values = self.values[row.reason]
        if row.value is not None and (row.value in values or len(values) < VALUES):
            values[row.value] += 1

    def __add__(self, later: "Drops") -> "Drops":
        both = Drops()
        both.counts = self.counts + later.counts
        for reason in both.counts:
            both.first[reason] = [*self.first.get(reason, []), *later.first.get(reason, [])][:SHOWN]
            both.values[reason] = self.values.get(reason, Counter()) + later.values.get(reason, Counter())
        return both


def blank(text: str) -> bool:
    """Whether a text shows nothing: white space, invisible characters.

    >>> [blank(text) for text in ("", " \\n", "\\u200b\\ufeff", "\\u3164", ".")]
    [True, True, True, True, False]
    """
    return _BLANK.fullmatch(text) is not None


def reason(text: str, clean: Clean) -> str | None:
    """Why a text is left out by itself, or None."""
    if blank(text):
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
