"""Morphemes of Korean by Hannanum (KAIST), with KoNLPy's jars. They are dictionary forms, so the text cannot be had back.

Its user dictionary is a file among KoNLPy's own, for all programs of the machine; there is no option for one.

Half of its time goes into finding groups of letters by their names, compared letter by letter with up to 75; the worker gives Java the
same class with names compared at once (`_by_identity`). Remembering the analyses of eojeols would gain little more: those that come again
are the short ones, which are cheap.
"""

import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

from malmoi.config import params
from malmoi.tokenizers import _classes, _java, _jvm, _morphemes
from malmoi.tokenizers._worker import Engine, Pairs

PACKAGES = ("konlpy", "jpype1")
SPEED_ONLY = _java.SPEED_ONLY
TAGS = ("N", "P", "M", "I", "J", "E", "X", "S", "F", _morphemes.UNKNOWN)
LONGEST = 1_000  # characters of one call
NINE_TAGS = 1  # the number of the workflow
CHART = "kr.ac.kaist.swrc.jhannanum.plugin.MajorPlugin.MorphAnalyzer.ChartMorphAnalyzer"
RULES = ("jhannanum-0.8.4.jar", f"{CHART}.Exp")  # of sound changes
MORPHEME = re.compile(r"(.+?)/(\w+)\+?")


@params
class Params(_java.Options):
    """See `_java.Options`; tags are Hannanum's nine (keep: [N, P])."""

    def __post_init__(self) -> None:
        """Raises ValueError for parts of speech that there are not."""
        super().__post_init__()
        _morphemes.check_tags(self.keep, TAGS)


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Hannanum failed on; those are cut at whitespace.

    >>> build(Params())(["말을 모았다"])
    [['말', '을', '모', '았다']]
    """
    return _Hannanum(params)


def lossless(params: Params) -> bool:
    """Never: morphemes are not surface forms."""
    return False


def left_out(params: Params) -> str:
    """Filters and stop words."""
    return params.left_out


def engine(heap_mb: int, long_run: bool) -> Engine:
    """For the worker: cuts one text, in several threads with a workflow for each."""
    _jvm.start(heap_mb, long_run)
    _classes.redefine(*RULES, "Connection", _by_identity)
    own = threading.local()

    def cut(text: str, how: dict[str, Any]) -> Pairs:
        if not hasattr(own, "workflow"):
            own.workflow = _workflow()
        safe, back = _jvm.shield(text, _jvm.BEYOND)
        try:
            own.workflow.analyze(safe)
            found = _read(str(own.workflow.getResultOfDocument()))
        except Exception:
            del own.workflow  # what the text left in its queues would be taken for answers
            raise
        return [(morpheme.translate(back), tag) for morpheme, tag in found] if back else found

    cut("말모이", {})
    return cut


def _by_identity(code: bytes) -> bytes:
    """The class with another `pcheck`, which finds one of 75 groups of letters by its name; all are literals, so they need no comparing.

    aload_3, invokevirtual String.equals, ifeq +49 become aload_3, if_acmpne +52, and three times nop: the same place to go.
    """
    start, length = _classes.body(code, ("pcheck", "(Ljava/lang/String;ILjava/lang/String;)I"))
    body = code[start : start + length]
    changed, count = re.subn(rb"\x2d\xb6..\x99\x00\x31", b"\x2d\xa6\x00\x34\x00\x00\x00", body, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"{RULES[1]}.pcheck is not the one that is known")
    return code[:start] + changed + code[start + length :]


def _workflow() -> Any:
    """Hannanum, as KoNLPy puts it together for `pos`; but in this thread, not in six that a failure would leave waiting for ever."""
    import jpype

    workflow = jpype.JClass("kr.lucypark.jhannanum.hannanum.WorkflowFactory").getPredefinedWorkflow(NINE_TAGS)
    workflow.activateWorkflow(False)
    return workflow


def _read(found: str) -> Pairs:
    """Morphemes from Hannanum's print, as KoNLPy reads it: groups of lines with an eojeol first and its morphemes after it."""
    pairs: Pairs = []
    first = True
    for line in found.strip().split("\n"):
        if line and not first:
            pairs += MORPHEME.findall(line.strip())
        first = not line
    return pairs


class _Hannanum(_java.Analyzer):
    module = __name__
    threads = 1

    def units(self, text: str) -> list[str]:
        return [part for part in _morphemes.parts(text, LONGEST) if part and not part.isspace()]
