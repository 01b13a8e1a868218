import time

import pytest

from malmoi.tokenizers import _jvm, kkma

LINES = [
    "공부를 하면할수록 모르는게 많다는 것을 알게 됩니다.",
    "다 까먹어버렸네요?ㅋㅋ",
    "아버지가방에들어가신다 iPhone 15를 샀다(1,000원)",
    "굿바이 레닌 표절인것은 이해하는데 왜 뒤로 갈수록 재미없어지냐",
    "나는 a/b [가]+나를 보았다.\n두 번째 줄이다",
]


@pytest.fixture(scope="module")
def tagged():
    return kkma.build(kkma.Params(pos=True))


def test_lines_are_cut_as_konlpy_cuts_them(tagged):
    """With Kkma's own class, not the one that the worker gives Java."""
    _jvm.start(1024, long_run=False)
    from konlpy.tag import Kkma

    engine = Kkma()
    assert tagged(LINES) == [["/".join(pair) for pair in engine.pos(line)] for line in LINES]


def test_morphemes_with_and_without_parts_of_speech(tagged):
    assert tagged(["다 까먹어버렸네요?ㅋㅋ"]) == [["다/MAG", "까먹/VV", "어/ECD", "버리/VXV", "었/EPT", "네요/EFN", "?/SF", "ㅋㅋ/EMO"]]
    assert kkma.build(kkma.Params(keep=["V"]))(["다 까먹어버렸네요?ㅋㅋ"]) == [["까먹", "버리"]]


def test_a_text_that_kkma_hangs_on_is_isolated_and_the_rest_goes_on(tagged):
    """Forty times the same syllable: more than a minute."""
    tokenize = kkma.build(kkma.Params(timeout_s=1.5))
    tokenize(["말"])  # the worker has started
    started = time.monotonic()
    assert tokenize(["말", "가" * 40 + " 나", "모으다"]) == [["말"], ["가" * 40, "나"], ["모으", "다"]]
    assert tokenize.failures == [2]
    assert 1.5 < time.monotonic() - started < 60


def test_never_lossless_and_says_what_is_left_out():
    assert not kkma.lossless(kkma.Params())
    assert kkma.left_out(kkma.Params(stop_words=["다"])) == "stop words are left out (stop_words)"
    with pytest.raises(ValueError, match="no part of speech starts with 'Noun'"):
        kkma.Params(keep=["Noun"])
