"""Encodings, byte-order marks, line ends, NFD, and files that are no text."""

import gzip
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi.config import ConfigError
from malmoi.corpora._sentences import sentences
from malmoi.corpora._text import Encoded, normalise, rows
from malmoi.rows import Dropped


def written(folder: Path, content: bytes) -> Path:
    path = folder / "reviews.txt"
    path.write_bytes(content)
    return path


def read(path: Path, encoding: str = "utf-8", language: str | None = None, on_error: Any = "fail") -> list[str]:
    """The rows, with those that are dropped as "(reason) what they said"."""
    found = rows(path, Encoded(encoding=encoding, on_error=on_error), language)
    return [f"({line.reason}) {line.text}" if isinstance(line, Dropped) else line for _, line, _ in found]


KOREAN = "번호,글\n1,말모이를 읽고 있어요\n2,재미있었어요\n"
ENGLISH = "id,text\n1,It was fine\n2,It was not\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (KOREAN.encode(), "utf-8"),
        (KOREAN.encode(), "UTF8"),
        (KOREAN.encode("utf-8-sig"), "utf-8"),
        (KOREAN.encode("utf-8-sig"), "U8"),
        (KOREAN.encode("utf-8-sig"), "utf-8-sig"),
        (KOREAN.encode(), "utf-8-sig"),
        (KOREAN.encode("cp949"), "cp949"),
        (KOREAN.encode("cp949"), "ms949"),
        (KOREAN.encode("utf-16"), "utf-16"),
        (KOREAN.encode("utf-16"), "utf-16-le"),
        (KOREAN.encode("utf-16-le"), "UTF-16LE"),
        (KOREAN.encode("utf-16-be"), "utf-16-be"),
        (b"\xfe\xff" + KOREAN.encode("utf-16-be"), "utf-16"),
        (KOREAN.encode("utf-32"), "utf-32"),
        (KOREAN.encode("utf-32-be"), "utf-32-be"),
        (KOREAN.replace("\n", "\r\n").encode(), "utf-8"),
        (KOREAN.replace("\n", "\r\r\n").encode(), "utf-8"),
        (KOREAN.replace("\n", "\r").encode(), "utf-8"),
        (KOREAN.replace("\n", "\r").encode("utf-16"), "utf-16"),
    ],
)
def test_encodings_marks_and_line_ends_give_the_same_text(tmp_path: Path, content: bytes, encoding: str) -> None:
    assert read(written(tmp_path, content), encoding, "ko") == KOREAN.splitlines()


def test_a_row_ends_with_a_line_feed_and_nothing_else(tmp_path: Path) -> None:
    odd = "one\rtwo\u2028three\u0085four\x0bfive\x0csix\x1cseven"
    assert read(written(tmp_path, f"{odd}\nlast".encode())) == [odd, "last"]


@pytest.mark.parametrize(
    ("language", "text", "written_in", "asked", "advised"),
    [
        ("ko", KOREAN, "cp949", "utf-8", "cp949"),
        (None, KOREAN, "cp949", "utf-8", "cp949"),
        ("ko", KOREAN, "utf-8", "cp949", "utf-8"),
        ("ko", KOREAN, "utf-8-sig", "cp949", "utf-8"),
        ("ko", KOREAN, "utf-8", "cp1252", "utf-8"),
        ("ko", KOREAN, "utf-8", "latin-1", "utf-8"),
        ("ko", KOREAN, "utf-8", "ascii", "utf-8"),
        ("ko", KOREAN.replace("어요", "뷁"), "cp949", "euc-kr", "cp949"),
        ("en", ENGLISH.replace("It was", "It’s"), "cp1252", "utf-8", "cp1252"),
        ("en", ENGLISH.replace("It was", "“Café”, it’s"), "cp1252", "utf-8", "cp1252"),
        (None, ENGLISH.replace("It was", "It’s"), "cp1252", "utf-8", "cp1252"),
        ("en", ENGLISH.replace("It was", "Don’t"), "mac_roman", "utf-8", "mac_roman"),
        *(
            (language, text, wide, asked, wide)
            for language, text in (("ko", KOREAN), ("en", ENGLISH))
            for wide in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
            for asked in ("utf-8", "cp949", "cp1252")
        ),
        *((language, text, "utf-16-le", "utf-16", "utf-16-le") for language, text in (("ko", KOREAN), ("en", ENGLISH))),
        *((language, text, "utf-16-be", "utf-16", "utf-16-be") for language, text in (("ko", KOREAN), ("en", ENGLISH))),
        *((language, text, "utf-16-be", "utf-16-le", "utf-16-be") for language, text in (("ko", KOREAN), ("en", ENGLISH))),
        *((language, text, "utf-8", "utf-16", "utf-8") for language, text in (("ko", KOREAN), ("en", ENGLISH))),
        *((language, text, "utf-8", "utf-16-le", "utf-8") for language, text in (("ko", KOREAN), ("en", ENGLISH))),
        ("ko", KOREAN, "cp949", "utf-16", "cp949"),
    ],
)
def test_an_encoding_is_advised_that_gives_the_language(
    tmp_path: Path, language: str, text: str, written_in: str, asked: str, advised: str
) -> None:
    path = written(tmp_path, text.encode(written_in))
    with pytest.raises(ConfigError, match=rf"reviews.txt: row \d is not {asked}.* set encoding: {advised}$"):
        read(path, asked, language)
    assert read(path, advised, language) == text.splitlines()


@pytest.mark.parametrize(
    ("language", "content", "encoding", "row", "shown"),
    [
        (
            "ko",
            KOREAN.encode("cp949").replace("모이".encode("cp949"), b"\xff"),
            "cp949",
            2,
            "byte 0xff at its character 4, after '1,말' and before '를",
        ),
        ("ko", KOREAN.encode("cp949") + b"3,\xff", "cp949", 4, "byte 0xff at its character 3, after '3,' and before ''"),
        ("ko", KOREAN.encode() + "끝이\x92s".encode("latin-1", "replace"), "utf-8", 4, "byte 0x92"),
        ("ko", (KOREAN * 9000).encode() + b"\xb8\xbb", "utf-8", 27_001, "bytes 0xb8 0xbb"),
        ("en", ENGLISH.encode() + "3,naïve\n".encode() * 9 + b"4,it\x92s", "utf-8", 13, "byte 0x92 at its character 5, after '4,it'"),
    ],
)
def test_a_stray_byte_is_shown_and_no_encoding_advised(
    tmp_path: Path, language: str, content: bytes, encoding: str, row: int, shown: str
) -> None:
    with pytest.raises(ConfigError, match=rf"row {row} is not {encoding} \({re.escape(shown)}") as error:
        read(written(tmp_path, content), encoding, language)
    assert "set on_error: drop" in str(error.value)
    assert "set encoding" not in str(error.value)


def test_a_row_with_a_stray_byte_is_dropped_or_mended(tmp_path: Path) -> None:
    path = written(tmp_path, "가\n나\n".encode("cp949") + b"x\xffy\n\xb0")
    assert read(path, "cp949", "ko", "drop") == ["가", "나", "(not cp949) x\\xffy", "(not cp949) \\xb0"]
    found = list(rows(path, Encoded(encoding="cp949", on_error="replace"), "ko"))
    assert found == [(1, "가", 0), (2, "나", 0), (3, "x\ufffdy", 1), (4, "\ufffd", 1)]


def test_a_bad_byte_does_not_join_two_rows(tmp_path: Path) -> None:
    for encoding, content in {"cp949": b"\xb0\nb", "utf-8": b"\xe0\xa0\nb", "hz": b"~{\xff\nb", "gb18030": b"\x81\nb"}.items():
        assert len(read(written(tmp_path, content), encoding, "zh", "replace")) == 2, encoding


@pytest.mark.parametrize("place", [50, 9_000])
def test_a_nul_byte_is_the_same_wherever_it_is(tmp_path: Path, place: int) -> None:
    content = [f"{row},좋아요" for row in range(10_000)]
    content[place] += "\0"
    found = read(written(tmp_path, "\n".join(content).encode()))
    assert found.pop(place) == f"(holds a NUL byte) '{place},좋아요\\x00'"
    assert found == content[:place] + content[place + 1 :]


@pytest.mark.parametrize("encoding", ["korean-9", "", "a\0b", "base64", "undefined", "idna", "unicode_escape"])
def test_an_unknown_encoding_names_usual_ones(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ConfigError, match=r"encoding .* is unknown; .*cp949"):
        read(written(tmp_path, b"x"), encoding)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a\n\x00\x01", "row 2 has a NUL byte.*binary"),
        (b"PK\x03\x04\x14\x00\x06\x00", "binary, a ZIP archive"),
        (gzip.compress(KOREAN.encode()), "binary, a gzip file"),
        (random.Random(1).randbytes(5_000), "binary"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "latin-1"])
def test_an_empty_and_a_binary_file_are_errors(tmp_path: Path, content: bytes, said: str, encoding: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(written(tmp_path, content), encoding)


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
