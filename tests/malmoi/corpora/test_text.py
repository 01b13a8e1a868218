"""Encodings, byte-order marks, line ends, NFD, and files that are no text."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi.config import ConfigError
from malmoi.corpora._sentences import sentences
from malmoi.corpora._text import lines, mended, normalise


def written(folder: Path, content: bytes) -> Path:
    path = folder / "reviews.txt"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("말모이\n둘".encode(), "utf-8"),
        ("말모이\n둘".encode("utf-8-sig"), "utf-8"),
        ("말모이\n둘".encode("utf-8-sig"), "utf-8-sig"),
        ("말모이\n둘".encode("cp949"), "cp949"),
        ("말모이\n둘".encode("utf-16"), "utf-16"),
        ("말모이\r\n둘".encode(), "utf-8"),
    ],
)
def test_encodings_marks_and_line_ends_give_the_same_text(tmp_path: Path, content: bytes, encoding: str) -> None:
    assert list(lines(written(tmp_path, content), encoding)) == ["말모이\n", "둘"]


def test_a_wrong_encoding_names_the_row_and_the_right_one(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,text\n1,fine\n2,\xb8\xbb\xb8\xf0\xc0\xcc\n")
    with pytest.raises(ConfigError, match=r"reviews.txt: row 3 is not utf-8 \(byte 0xb8 at its byte 3: '2,��.*'\); .*set encoding: cp949"):
        list(mended(path, "utf-8", "fail"))


def test_an_unknown_encoding_names_usual_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"encoding 'korean-9' is unknown; .*cp949"):
        list(lines(written(tmp_path, b"x"), "korean-9"))


def test_an_empty_and_a_binary_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="empty"):
        list(lines(written(tmp_path, b""), "utf-8"))
    with pytest.raises(ConfigError, match=r"row 2 has a NUL byte.*binary"):
        list(lines(written(tmp_path, b"a\n\x00\x01"), "utf-8"))
    with pytest.raises(ConfigError, match="set encoding: utf-16"):
        list(lines(written(tmp_path, "id,text".encode("utf-16")), "utf-8"))


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_normalise_makes_both_spellings_one(text: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


def test_sentences_know_abbreviations_items_and_hangul() -> None:
    assert sentences("Mr. A. Smith of the U.S. Army left. He ran! 3. 다음과 같다.") == [
        "Mr. A. Smith of the U.S. Army left.",
        "He ran!",
        "3. 다음과 같다.",
    ]
    assert sentences("가. 법을 고친다. 나는 본다.") == ["가. 법을 고친다.", "나는 본다."]
    assert sentences("It costs 3.5 dollars. then more") == ["It costs 3.5 dollars. then more"]
    assert sentences("") == []


@given(st.text(max_size=200))
def test_sentences_lose_nothing_but_space(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
