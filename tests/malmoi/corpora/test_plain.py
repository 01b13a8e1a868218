"""Plain text: lines, blank ones too, and sentences."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from malmoi.corpora import plain
from malmoi.corpora._text import normalise
from malmoi.corpora.plain import Params
from malmoi.rows import Example


def read(path: Path, content: str, params: Params) -> list[Example]:
    path.write_bytes(content.encode())
    return [row for row in plain.read([path], params) if isinstance(row, Example)]


def test_lines_joined_give_the_file_back(tmp_path: Path) -> None:
    rows = read(tmp_path / "play.txt", "First:\n  Speak.\n\nAll:\n", Params())
    assert [row.text for row in rows] == ["First:", "  Speak.", "", "All:"]
    assert [row.id for row in rows] == ["play.txt:1", "play.txt:2", "play.txt:3", "play.txt:4"]
    assert {row.document for row in rows} == {"play.txt"}


@given(text=st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\r\0\ufeff"), min_size=1))
def test_any_text_survives(tmp_path_factory, text: str) -> None:  # type: ignore[no-untyped-def]
    rows = read(tmp_path_factory.mktemp("plain") / "any.txt", text + "\n", Params())
    assert "\n".join(row.text for row in rows) == "\n".join(normalise(line) for line in text.split("\n"))


def test_sentences_of_a_line_belong_to_one_document(tmp_path: Path) -> None:
    rows = read(tmp_path / "news.txt", " It rained. It snowed. \nDone.\n\n", Params(unit="sentence", document="line"))
    assert [(row.id, row.text, row.document) for row in rows] == [
        ("news.txt:1.1", "It rained.", "news.txt:1"),
        ("news.txt:1.2", "It snowed.", "news.txt:1"),
        ("news.txt:2.1", "Done.", "news.txt:2"),
        ("news.txt:3.1", "", "news.txt:3"),
    ]


def test_strip_takes_space_off_both_ends(tmp_path: Path) -> None:
    assert [row.text for row in read(tmp_path / "a.txt", "  한 줄 \n", Params(strip=True))] == ["한 줄"]
