import re
import subprocess
import sys
import textwrap

import pytest

from malmoi.tokenizers import _jvm


def _run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False)


def _crashing(text):
    if "!" in text:
        raise UnicodeError(text)
    return list(text)


def test_a_failing_text_is_isolated_and_its_index_kept():
    analyzer = _jvm.Analyzer(lambda: _crashing)
    assert analyzer(["가나", "a b!", ""]) == [["가", "나"], ["a", "b!"], []]
    assert analyzer(["!", "다"]) == [["!"], ["다"]]
    assert analyzer.failures == [1, 3]


def test_a_failing_text_still_comes_back_where_spaces_are_kept():
    analyzer = _jvm.Analyzer(lambda: _crashing, spaces=True)
    assert analyzer([" a b! \n"]) == [[" a", " b!", " \n"]]


def test_failures_are_found_at_their_place_by_several_threads():
    analyzer = _jvm.Analyzer(lambda: _crashing)
    texts = ["가!" if index % 97 == 5 else "가" for index in range(1_000)]
    assert [tokens == ["가!"] for tokens in analyzer(texts)] == [text == "가!" for text in texts]
    assert analyzer.failures == list(range(5, 1_000, 97))


def test_a_fault_in_our_own_code_is_not_hidden():
    def broken(text):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _jvm.Analyzer(lambda: broken)(["가"] * 200)


def test_the_engine_is_made_once_and_only_for_text():
    made = []
    analyzer = _jvm.Analyzer(lambda: made.append(1) or list)
    assert analyzer(["", ""]) == [[], []]
    assert not made
    analyzer(["가"])
    analyzer(["나"])
    assert len(made) == 1


def test_stand_ins_avoid_characters_that_are_in_use():
    safe, back = _jvm.shield("\ue000\ud800가\ud801\ud800", re.compile("[\ud800-\udfff]"))
    assert safe == "\ue000\ue001가\ue002\ue001"
    assert safe.translate(back) == "\ue000\ud800가\ud801\ud800"
    assert _jvm.shield("가", re.compile("[\ud800-\udfff]")) == ("가", {})


def test_java_starts_once_with_the_heap_asked_for_and_says_nothing():
    ended = _run("""
        from malmoi.tokenizers import komoran, okt
        import sys
        small = okt.Params(heap_mb=900)
        tokenize = okt.build(small)
        assert "jpype" not in sys.modules, "building costs nothing"
        print(tokenize(["말을 모으다"]))
        print(komoran.build(komoran.Params(heap_mb=2000))(["밥을 먹다"]))
        import jpype
        print(jpype.java.lang.Runtime.getRuntime().maxMemory() // 2**20 <= 900)
    """)
    assert ended.stdout == "[['말', '을', '모으다']]\n[['밥', '을', '먹', '다']]\nTrue\n"
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_too_little_memory_is_an_error_with_its_cure():
    ended = _run("""
        from malmoi.config import ConfigError
        from malmoi.tokenizers import komoran
        try:
            komoran.build(komoran.Params(heap_mb=16))(["밥을 먹다"])
        except ConfigError as error:
            print(error)
    """)
    assert "memory is not enough" in ended.stdout, ended.stderr
    assert "greater heap_mb" in ended.stdout
