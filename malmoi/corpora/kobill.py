"""Bills of the Korean National Assembly as KoNLPy ships them (kobill): text taken out of PDF pages, cut into passages again.

A bill is a cover (title, sponsors), reasons, the amending articles, a table that sets old and new wording side by side, and often an
estimate of cost. On the page every line is cut at a fixed width, in the middle of a word too. What is read here: paragraphs and numbered
clauses, their lines joined again. Left out, as `Dropped`: the cover, the table (its two columns are interleaved line by line, and it
repeats the articles, so that it would leak from test into train), and, where asked, passages that name their own bill.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from malmoi.config import ConfigError, params
from malmoi.corpora._sentences import sentences
from malmoi.corpora._text import Encoded, normalise, rows
from malmoi.rows import Dropped, Example

_PAGE = re.compile(r"\s*-\s*\d+\s*-\s*")
_REASONS = re.compile(r"\s*제안이유")
_TABLE = re.compile(r"\s*신\s*[·ㆍ․]\s*구조문\s*대비표")
_ESTIMATE = re.compile(r".*비용추계서")
_MARK = re.compile(r"\s*(제\d+조|[①-⑳○◦∙□※*<\[〈(]|\d+(의\d+)?\.\s|부\s+칙|법률\s+제)|\s{2}|\s+[가-하]\.\s")
_NAME = re.compile(r"(.*?법률?)\s*(일부|전부)개정법률안")
_END = re.compile(r"[.?!:]\s*$")
FULL = 50  # columns (a syllable is two wide) from which a line is taken to have been cut at the margin


@params
class Params:
    """classes: class of each bill (its number, the file's name without .txt); without them examples have no label.

    anonymous: drop passages that name the law their bill amends. unit: what an example is. unwrapped: files that hold a paragraph a line
    already (KoNLPy's constitution.txt).
    """

    classes: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False
    unit: Literal["passage", "sentence"] = "passage"
    unwrapped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Passage:
    """A run of lines that belong together: row of the first, and the text. suffix: which sentence of it this is, ".1" and so on."""

    row: int
    text: str
    suffix: str = ""


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Passages or sentences of the files in order; each file is a document. Raises ConfigError for a bill that `classes` lacks."""
    for path in files:
        if params.classes and path.stem not in params.classes:
            raise ConfigError(f"{path}: `classes` does not say which class bill {path.stem} is; it has {', '.join(params.classes)}")
        lines = list(rows(path, Encoded(), language))
        yield from (line for _, line, _ in lines if isinstance(line, Dropped))
        written = [(row, normalise(line)) for row, line, _ in lines if not isinstance(line, Dropped)]
        if path.name in params.unwrapped:
            found: list[Passage | Dropped] = [Passage(row, line.strip()) for row, line in written if line.strip()]
        else:
            found = _bill(path.name, written, params)
        for part in found:
            yield (
                part
                if isinstance(part, Dropped)
                else Example(f"{path.name}:{part.row}{part.suffix}", part.text, params.classes.get(path.stem), path.name, row=part.row)
            )


def _bill(name: str, written: list[tuple[int, str]], params: Params) -> list[Passage | Dropped]:
    body, left_out = sections(written)
    found: list[Passage | Dropped] = [Dropped(reason, f"{name}:{row}", text) for row, reason, text in left_out]
    amended = law(written) if params.anonymous else ""
    for passage in passages(body):
        for part in _units(passage, params.unit):
            naming = amended and amended in _squeezed(part.text)
            found.append(Dropped("names its own bill", f"{name}:{part.row}", part.text) if naming else part)
    return found


def _units(passage: Passage, unit: str) -> list[Passage]:
    if unit == "passage":
        return [passage]
    return [Passage(passage.row, text, f".{number}") for number, text in enumerate(sentences(passage.text), 1)]


def law(written: list[tuple[int, str]]) -> str:
    """Name of the law that a bill amends, without spaces, from its title; "" where the title names none."""
    title = _squeezed("".join(line for _, line in written[:4]))
    found = _NAME.match(title)
    return found.group(1) if found else ""


def _squeezed(text: str) -> str:
    return re.sub(r"[\s·ㆍ․]", "", text)


def sections(written: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[tuple[int, str, str]]]:
    """(lines of the body, parts left out as (row, reason, text)). Blank lines and page numbers belong to neither."""
    body: list[tuple[int, str]] = []
    left_out: list[tuple[int, str, list[str]]] = []
    part = "cover page"
    for row, line in written:
        if not line.strip() or _PAGE.fullmatch(line):
            continue
        before, part = part, _part(part, line)
        if part == "body":
            body.append((row, line.lstrip("\f")))
            continue
        if part != before or not left_out:
            left_out.append((row, part, []))
        left_out[-1][2].append(line.strip())
    return body, [(row, reason, " / ".join(texts)) for row, reason, texts in left_out]


def _part(part: str, line: str) -> str:
    if part == "cover page" and _REASONS.match(line):
        return "body"
    if part == "body" and _TABLE.match(line):
        return "comparison table"
    if part == "comparison table" and _ESTIMATE.match(line):
        return "body"
    return part


def passages(body: list[tuple[int, str]]) -> Iterator[Passage]:
    """Join lines that the margin cut. A line that ends in a space was cut between two words, another one inside a word."""
    start, text, last = 0, "", ""
    for row, line in body:
        if text and _cut(last) and not _MARK.match(line):
            text += line
        else:
            if text:
                yield Passage(start, _tidy(text))
            start, text = row, line
        last = line
    if text:
        yield Passage(start, _tidy(text))


def _cut(line: str) -> bool:
    return not _END.search(line) and (line.endswith(" ") or _width(line) >= FULL)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
