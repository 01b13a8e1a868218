"""A MediaWiki dump: pages, redirects, and running text out of markup."""

import bz2
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from malmoi.corpora import wikipedia
from malmoi.corpora.wikipedia import Params
from malmoi.rows import Dropped, Example

PAGE = "<page><title>{title}</title><ns>{ns}</ns><id>{id}</id><revision><id>9</id><text>{text}</text></revision></page>"
TEXT = "'''Hangul''' (한글) is the [[Korean language|Korean]] alphabet.{{cite web|url=x}}\n== History ==\n* an item of a list\n"
DUMP = "<mediawiki xmlns='http://www.mediawiki.org/xml/export-0.10/'>{}</mediawiki>".format(
    PAGE.format(title="Old name", ns=0, id=1, text="#REDIRECT [[Hangul]]")
    + PAGE.format(title="Hangul", ns=0, id=2, text=TEXT)
    + PAGE.format(title="Talk:Hangul", ns=1, id=3, text="Some talk that is long enough to be a paragraph of its own.")
)


@pytest.mark.parametrize("name", ["dump.xml", "dump.xml.bz2"])
def test_articles_become_paragraphs(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bz2.compress(DUMP.encode()) if name.endswith("bz2") else DUMP.encode())
    assert list(wikipedia.read([path], Params(shortest=20))) == [
        Dropped("redirect", f"{name}:page 1", "Old name"),
        Example("2.1", "Hangul (한글) is the Korean alphabet.", None, "Hangul", row=2),
    ]


def test_a_dump_that_is_cut_short_is_an_error(tmp_path: Path) -> None:
    whole = bz2.compress(DUMP.encode())
    for name, content in {"cut.xml": DUMP.encode()[:-20], "cut.xml.bz2": whole[:-10], "no.xml.bz2": b"not bzip2 at all"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match="not a MediaWiki XML dump, or cut short"):
            list(wikipedia.read([tmp_path / name], Params()))


def test_a_page_whose_number_is_none_is_told(tmp_path: Path) -> None:
    """Found by fuzzing."""
    path = tmp_path / "x.xml"
    path.write_text("<mediawiki><page><title>A</title><ns>0</ns><id>?</id><text>x</text></page></mediawiki>")
    with pytest.raises(ConfigError, match=r"x\.xml: a page's id is '\?', should be a number"):
        list(wikipedia.read([path], wikipedia.Params()))
