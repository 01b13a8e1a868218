import os
from collections import namedtuple

import pytest

from malmoi.config import ConfigError, read
from malmoi.tokenizers import kiwi

Token = namedtuple("Token", "form tag start end")


def cut(*texts, **options):
    return kiwi.build(kiwi.Params(**options))(texts)


def test_dictionary_forms():
    assert cut("말을 봤다", pos=True) == [["말/NNG", "을/JKO", "보/VV", "었/EP", "다/EF"]]
    assert cut("모은 것") == [["모으", "ㄴ", "것"]], "letters as people type them"


def test_pieces_of_the_text_with_the_tags_of_what_is_fused_in_them():
    assert cut(" 모은 말을\n봤다 ", spaces=True) == [[" 모은", " 말", "을", "\n봤", "다", " "]]
    assert cut(" 모은 말", "말을 봤다", spaces=True, pos=True) == [
        [" 모은/VV+ETM", " 말/NNG"],
        ["말/NNG", "을/JKO", " 봤/VV+EP", "다/EF"],
    ]


def test_filters_and_stop_words():
    assert cut("말을 봤다.", keep=["N", "V"]) == [["말", "보"]]
    assert cut("말을 봤다.", spaces=True, stop_words=["을", "."]) == [["말", " 봤", "다"]]


def test_a_consonant_written_for_fun_comes_off():
    assert cut("먹었엌ㅋㅋ", normalize_coda=True) == [["먹", "었", "어", "ㅋㅋㅋ"]]


def test_what_kiwi_cannot_take_comes_back():
    assert "".join(cut("말 \ud800 을\udfff", spaces=True)[0]) == "말 \ud800 을\udfff"
    assert cut("말 \ud800 을\udfff") == [["말", "\ud800", "을", "\udfff"]]


def test_pieces_of_tokens_that_overlap_or_are_empty_or_leave_gaps():
    def pieces(text, *tokens):
        return list(kiwi._surface(text, [Token("", tag, start, end) for tag, start, end in tokens]))

    assert pieces("가나 다", ("A", 0, 2), ("B", 1, 2), ("C", 3, 4)) == [("가나", "A+B"), (" 다", "C")]
    assert pieces("가나", ("A", 0, 0), ("B", 0, 1), ("C", 1, 2)) == [("가", "A+B"), ("나", "C")]
    assert pieces("가나", ("A", 0, 2), ("B", 2, 2)) == [("가나", "A+B")]
    assert pieces("가나?", ("A", 0, 1)) == [("가", "A"), ("나?", "UNKNOWN")]
    assert pieces("??") == [("??", "UNKNOWN")]
    assert list(kiwi._forms("? !", [])) == [("?", "UNKNOWN"), ("!", "UNKNOWN")]


def test_only_plain_pieces_are_lossless():
    assert kiwi.lossless(kiwi.Params(spaces=True, normalize_coda=True))
    assert not any(
        kiwi.lossless(kiwi.Params(**options)) for options in ({}, {"spaces": True, "pos": True}, {"spaces": True, "keep": ["N"]})
    )


def test_the_number_of_threads_changes_nothing_and_one_analyzer_serves_all_options(monkeypatch):
    started = []
    monkeypatch.setattr(kiwi, "_KIWIS", {})
    monkeypatch.setattr(kiwi, "_start", lambda params, words: started.append((params.workers, words)) or _Echo())
    for options in ({}, {"pos": True}, {"spaces": True}, {"workers": 1}):
        assert cut("가", "나", **options)
    assert started == [(0, ()), (1, ())]
    assert {key[0] for key in kiwi._KIWIS} == {os.getpid()}, "another process starts its own: threads do not survive a fork"
    assert kiwi.SPEED_ONLY == ("workers",)


class _Echo:
    def tokenize(self, texts, **_):
        return ([Token(text, "NNG", 0, len(text))] for text in texts)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"keep": ["Noun"]}, "no part of speech starts with 'Noun'"),
        ({"workers": -1}, r"workers: should be 0 \(one for each core\) or more, found -1"),
        ({"model": "knlm"}, "model: input should be 'cong' or 'cong-global'"),
    ],
)
def test_options_that_cannot_be_right(options, told):
    with pytest.raises(ConfigError, match=told):
        read(kiwi.Params, options, "here")


def test_words_of_ones_own_are_found(tmp_path):
    source = tmp_path / "words.tsv"
    source.write_text("은전한닢\tNNP\n말 사전\tNNP\n어쩔티비\tIC\n", encoding="utf-8")
    params = kiwi.Params(dictionary=str(source), pos=True)
    kiwi.fit(iter([]), params, tmp_path / "fitted")
    source.unlink()  # the folder has all
    (tokens,) = kiwi.build(params, tmp_path / "fitted")(["은전한닢을 말 사전에서 어쩔티비"])
    assert tokens == ["은전한닢/NNP", "을/JKO", "말 사전/NNP", "에서/JKB", "어쩔티비/IC"]


def test_a_bad_dictionary_is_named(tmp_path):
    source = tmp_path / "words.tsv"
    source.write_text("은전한닢\tNNP\n말모이\tNOUN\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"words\.tsv:2: the analyzer takes no words with the tag 'NOUN'"):
        kiwi.fit(iter([]), kiwi.Params(dictionary=str(source)), tmp_path / "fitted")
    with pytest.raises(ConfigError, match="user dictionary is not there"):
        kiwi.build(kiwi.Params(dictionary=str(source)), tmp_path / "fitted")(["말"])
