"""Morphemes of Korean by Kkma (SNU), with KoNLPy's jars. They are dictionary forms, so the text cannot be had back. Kkma takes no user
dictionary.

It is the slowest of all, the more so the longer a run of characters without a space. Two thirds of its time go into describing every
candidate for a log that is never written; the worker gives Java Kkma's class with a description that is only the text (`_terse`).
A text of more than 1,000 characters is cut at whitespace first.
"""

from collections.abc import Callable, Sequence
from typing import Any

from malmoi.config import params
from malmoi.tokenizers import _classes, _java, _jvm, _morphemes
from malmoi.tokenizers._worker import BETWEEN, Answer, Engine

PACKAGES = ("konlpy", "jpype1")
SPEED_ONLY = _java.SPEED_ONLY
TAGS = (
    *("NNG", "NNP", "NNB", "NNM", "NR", "NP", "VV", "VA", "VXV", "VXA", "VCP", "VCN", "MDT", "MDN", "MAG", "MAC", "IC", "JKS", "JKC"),
    *("JKG", "JKO", "JKM", "JKI", "JKQ", "JC", "JX", "EPH", "EPT", "EPP", "EFN", "EFQ", "EFO", "EFA", "EFI", "EFR", "ECE", "ECS", "ECD"),
    *("ETN", "ETD", "XPN", "XPV", "XSN", "XSV", "XSA", "XSM", "XSO", "XR", "UN", "UV", "UE", "SF", "SE", "SS", "SP", "SO", "SW"),
    *("OL", "OH", "ON", "EMO", _morphemes.UNKNOWN),
)
LONGEST = 1_000  # characters of one call
LOG = ("kkma-2.0.jar", "org.snu.ids.ha.ma.MExpression")  # what Kkma describes for its log


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

    _classes.redefine(*LOG, "CharSetType", _terse)
    kkma = jpype.JClass("org.snu.ids.ha.ma.MorphemeAnalyzer")()
    parts = _jvm.chain(_jvm.stream())
    name = _jvm.method("org.snu.ids.ha.ma.Morpheme", "getSmplStr", "java.lang.String")
    read = _jvm.chain(_jvm.stream(), _jvm.flat(parts), _jvm.flat(parts), _jvm.each(name), _jvm.joined(BETWEEN))

    def cut(text: str, how: dict[str, Any]) -> Answer:
        safe, back = _jvm.shield(text, _jvm.BEYOND)
        found = str(read.apply(kkma.divideToSentences(kkma.leaveJustBest(kkma.postProcess(kkma.analyze(safe))))))
        return found.translate(back) if back else found

    cut("말모이", {})  # its dictionaries are loaded by the first text
    return cut


def _terse(code: bytes) -> bytes:
    """The class with a `toString` that gives the field which the old one begins with: `aload_0, getfield ..., areturn`."""

    def short(instructions: bytes) -> bytes:
        field = instructions.index(b"\x2a\xb4")
        return instructions[field : field + 4] + b"\xb0"

    return _classes.with_body(code, ("toString", "()Ljava/lang/String;"), short)


class _Kkma(_java.Analyzer):
    module = __name__

    def units(self, text: str) -> list[str]:
        return [part for part in _morphemes.parts(text, LONGEST) if part and not part.isspace()]
