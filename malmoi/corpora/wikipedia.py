"""A MediaWiki XML dump (.xml or .xml.bz2), its articles' paragraphs without markup.

The XML is read page by page with the standard library; gensim's `filter_wiki` takes the wiki markup out (and is imported only here).
"""

import bz2
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast
from xml.etree import ElementTree

from malmoi.config import ConfigError, params
from malmoi.corpora._text import normalise
from malmoi.rows import Dropped, Example

_HEADING = re.compile(r"=+[^=]+=+")
_ITEM = re.compile(r"[*#:;|!{]")
_SPACE = re.compile(r"\s+")
_LEFT_OVER = re.compile(r"\[\[[^\]]*\]\]|\{\{[^}]*\}\}|</?\w[^>]*>|'{2,}")
_EMPTY_BRACKETS = re.compile(r"\s*\(\s*[,;]*\s*\)")


@params
class Params:
    """shortest: characters from which a line counts as a paragraph (list items, headings and captions are left out anyway)."""

    shortest: int = 80


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Paragraphs of the articles in order; an article is a document. Redirects are dropped; pages outside the articles are no rows."""
    for path in files:
        for number, title, text in _articles(path):
            yield from _article(path, number, normalise(title), text, params.shortest)


def _article(path: Path, number: int, title: str, text: str, shortest: int) -> Iterator[Example | Dropped]:
    if text.lstrip().lower().startswith("#redirect"):
        yield Dropped("redirect", f"{path.name}:page {number}", title)
        return
    for place, paragraph in enumerate(paragraphs(text, shortest), 1):
        yield Example(f"{number}.{place}", paragraph, None, title, row=number)


def paragraphs(markup: str, shortest: int) -> Iterator[str]:
    """Running text of an article: lines without markup that are no heading, list item or table, at least `shortest` characters long."""
    from gensim.corpora.wikicorpus import filter_wiki

    for line in filter_wiki(markup).split("\n"):
        if _HEADING.fullmatch(line.strip()) or _ITEM.match(line.strip()):
            continue
        text = _SPACE.sub(" ", _EMPTY_BRACKETS.sub("", _LEFT_OVER.sub("", line))).strip()
        if len(text) >= shortest:
            yield normalise(text)


def _articles(path: Path) -> Iterator[tuple[int, str, str]]:
    """(page id, title, markup) of every page in the article namespace."""
    try:
        with _open(path) as stream:
            for page in _pages(stream):
                fields = {_local(child): child.text or "" for child in page.iter()}
                if fields.get("ns", "0") == "0":
                    yield _number(path, _child(page, "id")), fields.get("title", ""), fields.get("text", "")
    except (ElementTree.ParseError, OSError, EOFError) as error:
        raise ConfigError(f"{path}: not a MediaWiki XML dump, or cut short ({error}); fetch it again") from None


def _number(path: Path, text: str) -> int:
    if not text.strip().isdecimal():
        raise ConfigError(f"{path}: a page's id is {text[:20]!r}, should be a number: not a MediaWiki XML dump, or damaged; fetch it again")
    return int(text)


def _pages(stream: IO[bytes]) -> Iterator[ElementTree.Element]:
    """Each <page> when it is complete; it is emptied when the next one is asked for, so that one page at a time is in memory."""
    for _, element in ElementTree.iterparse(stream):  # noqa: S314 - a dump the user chose; no entities are resolved from outside
        if _local(element) == "page":
            yield element
            element.clear()


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], bz2.open(path)) if path.suffix == ".bz2" else open(path, "rb")


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _child(page: ElementTree.Element, name: str) -> str:
    return next((child.text or "0" for child in page if _local(child) == name), "0")
