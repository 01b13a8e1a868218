import pytest

from malmoi.tokenizers import _jvm, hannanum

LINES = [
    "롯데마트의 흑마늘 양념 치킨이 논란이 되고 있다.",
    "웃으면 더 행복합니다!",
    "흠...포스터보고 초딩영화줄....오버연기조차 가볍지 않구나",
    "나는 a/b 가+나를 샀다(1,000원) ㅋㅋㅋ",
    "교도소 이야기구먼 ..솔직히 재미는 없다..평점 조정\n두 번째 줄이다",
]


@pytest.fixture(scope="module")
def konlpy_hannanum():
    _jvm.start(1024, long_run=False)
    from konlpy.tag import Hannanum

    return Hannanum()


@pytest.fixture(scope="module")
def tagged():
    return hannanum.build(hannanum.Params(pos=True))


def test_lines_are_cut_as_konlpy_cuts_them(konlpy_hannanum, tagged):
    assert tagged(LINES) == [["/".join(pair) for pair in konlpy_hannanum.pos(line)] for line in LINES]


def test_morphemes_with_and_without_parts_of_speech(tagged):
    assert tagged(["웃으면 더 행복합니다!"]) == [["웃/P", "으면/E", "더/M", "행복/N", "하/X", "ㅂ니다/E", "!/S"]]
    assert hannanum.build(hannanum.Params(keep=["N", "P"]))(["웃으면 더 행복합니다!"]) == [["웃", "행복"]]
    assert hannanum.build(hannanum.Params(stop_words=["더"]))(["웃으면 더"]) == [["웃", "으면"]]


def test_a_word_that_hannanum_has_no_room_for_is_isolated(tagged):
    """KoNLPy would wait for ever: it has Hannanum in threads, and the one with the word is dead."""
    before = len(tagged.failures)
    long = "가나다라마바사아자차카타파하" * 20
    assert tagged(["더", long, "더"]) == [["더/M"], [f"{long}/UNKNOWN"], ["더/M"]]
    assert len(tagged.failures) == before + 1


def test_never_lossless_and_says_what_is_left_out():
    assert not hannanum.lossless(hannanum.Params())
    assert hannanum.left_out(hannanum.Params(keep=["N"])) == "only parts of speech N are kept (keep)"
    with pytest.raises(ValueError, match="no part of speech starts with 'NNG'; there are: N, P, M"):
        hannanum.Params(keep=["NNG"])
