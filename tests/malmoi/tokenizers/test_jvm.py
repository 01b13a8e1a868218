import re
import subprocess
import sys
import textwrap

from malmoi.tokenizers import _jvm


def _run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False)


def test_stand_ins_avoid_characters_that_are_in_use():
    safe, back = _jvm.shield("\ue000\ud800가\ud801\ud800", re.compile("[\ud800-\udfff]"))
    assert safe == "\ue000\ue001가\ue002\ue001"
    assert safe.translate(back) == "\ue000\ud800가\ud801\ud800"
    assert _jvm.shield("가", re.compile("[\ud800-\udfff]")) == ("가", {})


def test_analyzers_say_nothing_and_leave_java_to_their_workers():
    ended = _run("""
        from malmoi.tokenizers import komoran, okt
        import sys
        print(okt.build(okt.Params(heap_mb=900))(["말을 모으다"]))
        print(komoran.build(komoran.Params(heap_mb=2000))(["밥을 먹다"]))
        assert "jpype" not in sys.modules, "Java runs in the workers alone"
    """)
    assert ended.stdout == "[['말', '을', '모으다']]\n[['밥', '을', '먹', '다']]\n"
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_a_machine_has_the_heap_asked_for_and_starts_once():
    ended = _run("""
        from malmoi.tokenizers import _jvm
        _jvm.start(300, long_run=False)
        _jvm.start(2000, long_run=True)
        import jpype
        print(200 < jpype.java.lang.Runtime.getRuntime().maxMemory() // 2**20 <= 300)
    """)
    assert (ended.stdout, ended.stderr) == ("True\n", "")


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
