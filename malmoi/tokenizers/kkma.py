"""Morphemes of Korean by Kkma (SNU), with KoNLPy's jars. They are dictionary forms, so the text cannot be had back. Kkma takes no user
dictionary.

It is the slowest of all, the more so the longer a run of characters without a space. Two thirds of its time go into describing every
candidate for a log that is never written; the worker gives Java Kkma's class with a description that is only the text (`_terse`).
A text of more than 1,000 characters is cut at whitespace first.
"""

import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from malmoi.config import params
from malmoi.tokenizers import _java, _jvm, _morphemes
from malmoi.tokenizers._worker import Engine, Pairs

PACKAGES = ("konlpy", "jpype1")
SPEED_ONLY = _java.SPEED_ONLY
TAGS = (
    *("NNG", "NNP", "NNB", "NNM", "NR", "NP", "VV", "VA", "VXV", "VXA", "VCP", "VCN", "MDT", "MDN", "MAG", "MAC", "IC", "JKS", "JKC"),
    *("JKG", "JKO", "JKM", "JKI", "JKQ", "JC", "JX", "EPH", "EPT", "EPP", "EFN", "EFQ", "EFO", "EFA", "EFI", "EFR", "ECE", "ECS", "ECD"),
    *("ETN", "ETD", "XPN", "XPV", "XSN", "XSV", "XSA", "XSM", "XSO", "XR", "UN", "UV", "UE", "SF", "SE", "SS", "SP", "SO", "SW"),
    *("OL", "OH", "ON", "EMO", _morphemes.UNKNOWN),
)
LONGEST = 1_000  # characters of one call
BETWEEN = "\x1e\x1f"  # what morphemes come from Java joined by
Attribute = tuple[tuple[int, int], int, int, int]  # numbers of its owner's name and kind and of its own name; place; length
LOG = "org/snu/ids/ha/ma/MExpression.class"  # what Kkma describes for its log
# Bytes after the tag of each kind of constant in a class file (Java Virtual Machine Specification, 4.4), text apart
WIDTH = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 18: 4}


@params
class Params(_java.Options):
    """See `_java.Options`; tags are Kkma's (keep: [NN, V])."""

    def __post_init__(self) -> None:
        """Raises ValueError for parts of speech that there are not."""
        super().__post_init__()
        _morphemes.check_tags(self.keep, TAGS)


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Kkma failed on or was too slow for.

    >>> build(Params())(["말을 모았다"])
    [['말', '을', '모으', '았', '다']]
    """
    return _Kkma(params)


def lossless(params: Params) -> bool:
    """Never: morphemes are not surface forms."""
    return False


def left_out(params: Params) -> str:
    """Filters and stop words."""
    return params.left_out


def engine(heap_mb: int, long_run: bool) -> Engine:
    """For the worker: cuts one text."""
    _jvm.start(heap_mb, long_run)
    import jpype

    with zipfile.ZipFile(_jvm.jars() / "kkma-2.0.jar") as jar:
        _define(_terse(jar.read(LOG)))
    kkma = jpype.JClass("org.snu.ids.ha.ma.MorphemeAnalyzer")()
    parts = _jvm.function(_jvm.method("java.util.Collection", "stream", "java.util.stream.Stream"))
    name = _jvm.function(_jvm.method("org.snu.ids.ha.ma.Morpheme", "getSmplStr", "java.lang.String"))
    joined = jpype.JClass("java.util.stream.Collectors").joining(BETWEEN)

    def cut(text: str, how: dict[str, Any]) -> Pairs:
        safe, back = _jvm.shield(text, _jvm.BEYOND)
        sentences = kkma.divideToSentences(kkma.leaveJustBest(kkma.postProcess(kkma.analyze(safe))))
        found = str(sentences.stream().flatMap(parts).flatMap(parts).map(name).collect(joined))
        tokens = (token.rpartition("/") for token in found.split(BETWEEN) if token)
        return [(morpheme.translate(back) if back else morpheme, tag) for morpheme, _, tag in tokens]

    cut("말모이", {})  # its dictionaries are loaded by the first text
    return cut


def _define(code: bytes) -> None:
    """Give the Java machine a class before it looks for its own."""
    import jpype

    handles = jpype.JClass("java.lang.invoke.MethodHandles")
    loader = jpype.java.lang.ClassLoader.getSystemClassLoader()
    neighbour = jpype.java.lang.Class.forName("org.snu.ids.ha.ma.CharSetType", False, loader)
    handles.privateLookupIn(neighbour, handles.lookup()).defineClass(jpype.JArray(jpype.JByte)(code))


def _terse(code: bytes) -> bytes:
    """The class with a `toString` that gives the field which the old one begins with: `aload_0, getfield ..., areturn`."""
    for start, length in _bodies(code, b"toString", b"()Ljava/lang/String;"):
        field = code.index(b"\x2a\xb4", start)
        short = code[field : field + 4] + b"\xb0"
        body = struct.pack(">HHI", 1, 1, len(short)) + short + bytes(4)
        return code[: start - 4] + struct.pack(">I", len(body)) + body + code[start + length :]
    raise ValueError(f"{LOG} has no toString")


def _bodies(code: bytes, name: bytes, kind: bytes) -> Iterator[tuple[int, int]]:
    """Where, in a class file, the code of the methods of that name is, and its length (Java Virtual Machine Specification, 4.1)."""
    texts, at = _constants(code)
    for owner, attribute, place, length in _attributes(code, at + 8 + 2 * _short(code, at + 6)):
        if (texts.get(owner[0]), texts.get(owner[1]), texts.get(attribute)) == (name, kind, b"Code"):
            yield place, length


def _attributes(code: bytes, at: int) -> Iterator[Attribute]:
    for _ in range(2):  # fields, then methods
        count, at = _short(code, at), at + 2
        for _ in range(count):
            found, at = _member(code, at)
            yield from found


def _member(code: bytes, at: int) -> tuple[list[Attribute], int]:
    """The attributes of one field or method, and where the next one begins."""
    owner, count = (_short(code, at + 2), _short(code, at + 4)), _short(code, at + 6)
    found, at = [], at + 8
    for _ in range(count):
        length = int.from_bytes(code[at + 2 : at + 6], "big")
        found.append((owner, _short(code, at), at + 6, length))
        at += 6 + length
    return found, at


def _constants(code: bytes) -> tuple[dict[int, bytes], int]:
    texts, at, index = dict[int, bytes](), 10, 1
    while index < _short(code, 8):
        kind = code[at]
        if kind == 1:
            texts[index] = code[at + 3 : at + 3 + _short(code, at + 1)]
        at += 3 + _short(code, at + 1) if kind == 1 else 1 + WIDTH[kind]
        index += 2 if kind in (5, 6) else 1  # long and double take two places
    return texts, at


def _short(code: bytes, at: int) -> int:
    return int.from_bytes(code[at : at + 2], "big")


class _Kkma(_java.Analyzer):
    module = __name__

    def units(self, text: str) -> list[str]:
        return [part for part in _morphemes.parts(text, LONGEST) if part and not part.isspace()]
