"""Rules by which rows are left out of a corpus; each such row becomes a `Dropped` with its reason, so that all can be counted."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from malmoi.config import params
from malmoi.rows import Dropped, Example


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


def cleaned(examples: Iterable[Example], clean: Clean) -> tuple[list[Example], list[Dropped]]:
    """(rows that stay, rows that go): all rules but `shared`, which needs the division (`splits.divide` sees to it)."""
    kept, dropped = _by_themselves(examples, clean)
    if clean.conflicting == "drop":
        kept, gone = without(kept, conflicting(kept), "label conflicts with another row's")
        dropped += gone
    if clean.duplicates == "drop":
        kept, gone = _first_only(kept)
        dropped += gone
    return kept, dropped


def without(examples: Iterable[Example], texts: set[str], reason: str) -> tuple[list[Example], list[Dropped]]:
    """(rows that stay, rows that go): rows with one of the `texts` go."""
    kept: list[Example] = []
    dropped: list[Dropped] = []
    for example in examples:
        if example.text in texts:
            dropped.append(Dropped(reason, where(example), example.text))
        else:
            kept.append(example)
    return kept, dropped


def conflicting(examples: Iterable[Example]) -> set[str]:
    """Texts that occur with more than one label."""
    labels: dict[str, set[str | None]] = defaultdict(set)
    for example in examples:
        labels[example.text].add(example.label)
    return {text for text, found in labels.items() if len(found) > 1}


def where(example: Example) -> str:
    """Where a person finds the row: file and row, and its id if that says something else."""
    return example.id if f":{example.row}" in example.id else f"{example.id} ({example.document}, row {example.row})"


def _by_themselves(examples: Iterable[Example], clean: Clean) -> tuple[list[Example], list[Dropped]]:
    kept: list[Example] = []
    dropped: list[Dropped] = []
    for example in examples:
        reason = _reason(example.text, clean)
        if reason:
            dropped.append(Dropped(reason, where(example), example.text))
        else:
            kept.append(example)
    return kept, dropped


def _reason(text: str, clean: Clean) -> str | None:
    if not text.strip():
        return "empty text" if clean.empty == "drop" else None
    if len(text) < clean.shortest:
        return f"shorter than {clean.shortest} characters"
    if clean.longest is not None and len(text) > clean.longest:
        return f"longer than {clean.longest} characters"
    return None


def _first_only(examples: Iterable[Example]) -> tuple[list[Example], list[Dropped]]:
    seen: set[tuple[str, str | None, str | None]] = set()
    kept: list[Example] = []
    dropped: list[Dropped] = []
    for example in examples:
        key = (example.text, example.label, example.split)
        if key in seen:
            dropped.append(Dropped("duplicate", where(example), example.text))
        else:
            kept.append(example)
        seen.add(key)
    return kept, dropped
