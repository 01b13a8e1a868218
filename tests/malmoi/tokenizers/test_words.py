import pytest

from malmoi.tokenizers import words

CASES = {
    "They don't, can't; won’t.": ["They", "do", "n't", ",", "ca", "n't", ";", "wo", "n’t", "."],
    "It's we'll I'm you've he'd they're": ["It", "'s", "we", "'ll", "I", "'m", "you", "'ve", "he", "'d", "they", "'re"],
    "John's o'clock": ["John", "'s", "o'clock"],
    "well-known -- 1,000.5 at 10:30": ["well-known", "--", "1,000.5", "at", "10:30"],
    "Wait... what?! (no)": ["Wait", "...", "what", "?", "!", "(", "no", ")"],
    "'quoted' __init__": ["'", "quoted", "'", "_", "_", "init", "_", "_"],
    "café cafe\u0301 말모이": ["café", "cafe\u0301", "말모이"],
}


@pytest.mark.parametrize("text", CASES)
def test_penn_treebank_words(text):
    assert words.build(words.Params())([text]) == [CASES[text]]


def test_contractions_may_stay_whole():
    assert words.build(words.Params(contractions=False))(["They don't: it's John's."]) == [["They", "don't", ":", "it's", "John's", "."]]


def test_lowercase():
    assert words.build(words.Params(lowercase=True))(["THEY Don'T"]) == [["they", "do", "n't"]]


def test_spaces_stay_before_the_token():
    assert words.build(words.Params(spaces=True))([" I don't.\n", " "]) == [[" I", " do", "n't", ".", "\n"], [" "]]


def test_only_spaces_with_capitals_kept_are_lossless():
    kept = [
        (spaces, low) for spaces in (True, False) for low in (True, False) if words.lossless(words.Params(spaces=spaces, lowercase=low))
    ]
    assert kept == [(True, False)]


def test_stop_words_go_whatever_their_case_and_with_the_space_before_them():
    params = words.Params(stop_words=["The", "n't"], spaces=True)
    assert words.build(params)(["The words the man didN'T gather"]) == [[" words", " man", " did", " gather"]]
    assert not words.lossless(params)
    assert words.left_out(params) == "stop words are left out (stop_words)"
    assert words.left_out(words.Params()) == ""
