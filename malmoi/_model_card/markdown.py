"""Markdown that shows a text as it is, whatever signs it holds: CommonMark with GitHub's tables, as MLflow's pages draw it."""

import re
from collections.abc import Iterable, Sequence

SIGNS = re.compile(r"([\\`*_{}\[\]#|~])")
LONGEST = 160  # characters of a text from a corpus
BEFORE = 60  # characters that are shown before the place where two texts part


def plain(text: object) -> str:
    """A text in one line, none of its signs taken for Markdown or HTML.

    >>> plain("a|b\\n<b>")
    'a\\\\|b &lt;b&gt;'
    """
    line = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SIGNS.sub(r"\\\1", line)


def quoted(text: str, start: int = 0) -> str:
    """A text of a corpus, cut where it is long; start: the place that must be seen."""
    first = max(0, start - BEFORE) if len(text) > LONGEST else 0
    last = first + LONGEST
    return plain(("…" if first else "") + text[first:last] + ("…" if last < len(text) else ""))


def parting(one: str, other: str) -> int:
    """The place of the first character that differs."""
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; numbers stand right. "" where there are no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *lines])


def spaced(card: str) -> str:
    """A card whose table cells end in some space: MLflow's registry page draws its columns with none between them."""
    return re.sub(r"(?m)^\| .* \|$", lambda line: line[0] if " --- |" in line[0] else line[0].replace(" |", "&emsp;|"), card)


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"* {line}" for line in lines)


def paragraphs(*parts: str) -> str:
    """Those that are not empty, with a line between."""
    return "\n\n".join(part for part in parts if part)
