import itertools
import unicodedata

import pytest

from malmoi.tokenizers import jamo

CUT = jamo.build(jamo.Params())


def test_letters_of_syllables_are_conjoining_and_typed_letters_stay():
    assert CUT(["말 ㅋA", "모", ""]) == [["\u1106", "\u1161", "\u11af", " ", "ㅋ", "A"], ["\u1106", "\u1169"], []]


def test_in_nfc_text_tokens_are_the_canonical_decomposition_of_hangul():
    text = "각하께서 값을 뷁ㅋㅋ"
    assert "".join(CUT([text])[0]) == unicodedata.normalize("NFD", text)


def test_every_syllable_comes_back():
    text = "".join(map(chr, range(0xAC00, 0xD7A4)))
    assert jamo.join(CUT([text])[0]) == text


def test_what_only_looks_like_a_syllable_stays_together():
    assert CUT(["\u1100\u1161\u11a8", "가\u11a8", "\u1100\u1161가"]) == [
        ["\u1100\u1161\u11a8"],
        ["가\u11a8"],
        ["\u1100\u1161", "\u1100", "\u1161"],
    ]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_short_text_of_troublesome_characters_comes_back(length):
    # lead, vowel, coda of their own; an archaic one of each; a filler; syllables without and with a coda; a typed letter; a combining mark
    troublesome = "\u1100\u1161\u11a8\u1113\u1176\u11c3\u1160가각ㄱ\u0301"
    texts = ["".join(letters) for letters in itertools.product(troublesome, repeat=length)]
    assert [jamo.join(tokens) for tokens in CUT(texts)] == texts


def test_tokens_that_a_model_makes_up_are_joined_as_far_as_they_go():
    assert jamo.join(["\u1161", "\u1100", "\u1161", "\u11a8", "\u11a8", "\n"]) == "\u1161각\u11a8\n"
    assert jamo.join([]) == ""
