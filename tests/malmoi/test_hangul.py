import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi import hangul

ALL = "".join(map(chr, range(0xAC00, 0xD7A4)))


@pytest.mark.parametrize(
    ("text", "filler", "letters"),
    [
        ("말모이", "", "ㅁㅏㄹㅁㅗㅇㅣ"),
        ("말모이 A", "-", "ㅁㅏㄹㅁㅗ-ㅇㅣ- A"),
        ("값 뷁 ㅋㅋ", "_", "ㄱㅏㅄ ㅂㅞㄺ ㅋㅋ"),
        ("가힣", "", "ㄱㅏㅎㅣㅎ"),
        ("", "-", ""),
    ],
)
def test_syllables_in_letters(text, filler, letters):
    assert hangul.jamo(text, filler) == letters
    assert hangul.syllables(letters, filler) == text


@pytest.mark.parametrize("filler", ["", "-", "^"])
def test_every_syllable_there_and_back(filler):
    assert hangul.syllables(hangul.jamo(ALL, filler), filler) == ALL


def test_a_filler_keeps_typed_letters_out_of_the_syllable_before():
    assert hangul.syllables(hangul.jamo("그래ㅋㅋ", "-"), "-") == "그래ㅋㅋ"
    assert hangul.syllables(hangul.jamo("그래ㅋㅋ")) == "그랰ㅋ"


@given(st.text(st.sampled_from("가각힣뷁ㅋㄱ a\u0301.")))
def test_text_with_typed_consonants_there_and_back(text):
    assert hangul.syllables(hangul.jamo(text, "-"), "-") == text


def test_conjoining_letters_are_unicodes_decomposition():
    assert hangul.conjoining(ALL) == unicodedata.normalize("NFD", ALL)
    assert hangul.compose(hangul.conjoining(ALL)) == ALL
    assert hangul.conjoining("é ㅋ") == "é ㅋ"


@pytest.mark.parametrize(("letter", "closed"), [("말", True), ("모", False), ("힣", True), ("가", False), ("A", False), ("ㄱ", False)])
def test_codas(letter, closed):
    assert hangul.has_coda(letter) is closed
