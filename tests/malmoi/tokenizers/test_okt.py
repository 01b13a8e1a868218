from pathlib import Path

import pytest

from malmoi.tokenizers import _jvm, okt


@pytest.fixture(scope="module")
def konlpy_okt():
    _jvm.start(1024, long_run=False)
    from konlpy.tag import Okt

    return Okt()


@pytest.fixture(scope="module")
def constitution():
    return (Path(_jvm.jars()).parent / "data/corpus/kolaw/constitution.txt").read_text(encoding="utf-8")


def test_the_constitution_is_cut_as_konlpy_cuts_it(konlpy_okt, constitution):
    expected = [token for token in konlpy_okt.morphs(constitution) if not token.isspace()]  # KoNLPy gives line ends as tokens
    assert okt.build(okt.Params())([constitution]) == [expected]
    assert len(expected) > 8_000


@pytest.mark.parametrize("options", [{"norm": True}, {"stem": True}, {"norm": True, "stem": True}], ids=str)
def test_lines_with_norm_and_stem_as_konlpy_has_them(konlpy_okt, constitution, options):
    lines = [*constitution.split("\n")[:60], "이것도 되나욬ㅋㅋㅋㅋㅋ 안뇽하세욬", "먹었어욬 사랑해요오오오"]
    assert okt.build(okt.Params(**options))(lines) == [konlpy_okt.morphs(line, **options) if line else [] for line in lines]


def test_parts_of_speech():
    tokenize = okt.build(okt.Params(pos=True, stem=True))
    assert tokenize(["밥을 먹었다 a/b"]) == [["밥/Noun", "을/Josa", "먹다/Verb", "a/Alpha", "//Punctuation", "b/Alpha"]]


def test_only_the_parts_of_speech_that_are_kept():
    assert okt.build(okt.Params(keep=["Noun", "Verb"]))(["밥을 먹었다!"]) == [["밥", "먹었다"]]
    assert okt.build(okt.Params(stop_words=["을"], stem=True))(["밥을 먹었다"]) == [["밥", "먹다"]]


def test_spaces_stay_before_the_morpheme():
    assert okt.build(okt.Params(spaces=True))(["  말을\n모으다 "]) == [["  말", "을", "\n모으다", " "]]


def test_the_constitution_comes_back(constitution):
    (tokens,) = okt.build(okt.Params(spaces=True))([constitution])
    assert "".join(tokens) == constitution
    assert len(tokens) > 1.5 * len(constitution.split()), "morphemes, not words"


def test_only_plain_surface_with_spaces_is_lossless():
    assert okt.lossless(okt.Params(spaces=True))
    for other in ({}, {"spaces": True, "norm": True}, {"spaces": True, "stem": True}, {"spaces": True, "pos": True}):
        assert not okt.lossless(okt.Params(**other)), other


def test_what_is_left_out_on_purpose():
    assert okt.left_out(okt.Params(norm=True, spaces=True)) == ""
    assert okt.left_out(okt.Params(stem=True, keep=["Noun"])) == ("endings are stripped (stem); only parts of speech Noun are kept (keep)")


def test_what_okt_swallows_is_kept():
    assert okt.build(okt.Params())(["\u3000가"]) == [["가"]]


def test_a_long_run_without_spaces_is_cut_into_parts():
    tokenize = okt.build(okt.Params())
    word = "가나다라마" * 40  # 200 characters: parts of 25, each of five times the five
    assert tokenize._known == {}
    assert "".join(tokenize([word])[0]) == word
    assert set(tokenize._known) == {"가나다라마" * 5}
