"""Morphemes of Korean by Komoran, with KoNLPy's jars. They are dictionary forms (했다 → 하 + 았 + 다), so the text cannot be had back.

Lines are analysed one by one, as KoNLPy does; one of more than 1,000 characters is cut at whitespace first.

A fifth of its time goes into looking up the numbers of the same few tags for every pair of neighbours; the worker gives Java Komoran's
class with the numbers themselves (`_numbers`).
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError, params
from malmoi.tokenizers import _classes, _java, _jvm, _morphemes
from malmoi.tokenizers._worker import BETWEEN, Answer, Engine

PACKAGES = ("konlpy", "jpype1")
SPEED_ONLY = _java.SPEED_ONLY
TAGS = (
    *("NNG", "NNP", "NNB", "NP", "NR", "VV", "VA", "VX", "VCP", "VCN", "MM", "MAG", "MAJ", "IC", "JKS", "JKC", "JKG", "JKO", "JKB", "JKV"),
    *("JKQ", "JC", "JX", "EP", "EF", "EC", "ETN", "ETM", "XPN", "XSN", "XSV", "XSA", "XR", "SF", "SE", "SS", "SP", "SO", "SW"),
    *("SH", "SL", "SN", "NF", "NV", "NA"),
)
LONGEST = 1_000  # characters of a line in one call
KOMORAN = "kr.co.shineware.nlp.komoran"
LATTICE = ("komoran-3.0.jar", f"{KOMORAN}.core.model.Lattice")
LOOKUPS = 11  # of tags' numbers in that class


@params
class Params(_java.Options):
    """dictionary: a file of words of one's own, word<TAB>tag on each line; a word may have spaces (바람과 함께 사라지다<TAB>NNP).

    The others: see `_java.Options`; tags are Sejong's (keep: [N, V]).
    """

    dictionary: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for parts of speech that there are not."""
        super().__post_init__()
        _morphemes.check_tags(self.keep, (*TAGS, _morphemes.UNKNOWN))


def fit(texts: Iterable[str], params: Params, folder: Path) -> None:
    """Check the user dictionary, if there is one, and take it along. The texts are not read."""
    if params.dictionary:
        _morphemes.take_dictionary(params.dictionary, folder, TAGS)


def build(params: Params, folder: Path | None = None) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Komoran failed on; those are cut at whitespace.

    >>> build(Params())(["말을 모았다"])
    [['말', '을', '모으', '았', '다']]
    """
    if not params.dictionary:
        return _Komoran(params)
    if not (folder and (folder / _morphemes.DICTIONARY).is_file()):
        raise ConfigError(f"{folder}: the user dictionary is not there; run the tokens stage again: dvc repro")
    return _Komoran(params, dictionary=tuple(_morphemes.read_dictionary(folder / _morphemes.DICTIONARY)))


def lossless(params: Params) -> bool:
    """Never: morphemes are not surface forms."""
    return False


def left_out(params: Params) -> str:
    """Filters and stop words."""
    return params.left_out


def engine(heap_mb: int, long_run: bool, dictionary: Sequence[Sequence[str]] = ()) -> Engine:
    """For the worker: cuts one line."""
    _jvm.start(heap_mb, long_run)
    import jpype

    models = _jvm.jars() / "data" / "models"
    table = jpype.JClass(f"{KOMORAN}.modeler.model.PosTable")()
    table.load(str(models / "pos.table"))
    _classes.redefine(*LATTICE, "LatticeNode", lambda code: _numbers(code, table))
    komoran = jpype.JClass(f"{KOMORAN}.core.Komoran")(str(models))
    if dictionary:
        _learn(komoran, dictionary)

    whole = _whole(komoran)

    def cut(line: str, how: dict[str, Any]) -> Answer:
        safe, back = _jvm.shield(line, _jvm.BEYOND)
        if BETWEEN[0] in safe:
            return [(str(token.getMorph()).translate(back), str(token.getPos())) for token in komoran.analyze(safe).getTokenList()]
        found = str(whole.apply(safe))
        return found.translate(back) if back else found

    return cut


def _whole(komoran: Any) -> Any:
    """A Java function from a line to all its morphemes and tags as one text."""
    import jpype

    handles, text = jpype.JClass("java.lang.invoke.MethodHandles"), "java.lang.String"
    morpheme, tag = (_jvm.method(f"{KOMORAN}.model.Token", name, text) for name in ("getMorph", "getPos"))
    concat = _jvm.method(text, "concat", text, text)
    marked = handles.filterReturnValue(tag, concat.bindTo("/"))  # (token) -> /tag
    both = handles.filterArguments(concat, 0, morpheme, marked)  # (token, token) -> morpheme/tag
    analyze = _jvm.method(f"{KOMORAN}.core.Komoran", "analyze", f"{KOMORAN}.model.KomoranResult", text).bindTo(komoran)
    tokens = _jvm.method(f"{KOMORAN}.model.KomoranResult", "getTokenList", "java.util.List")
    each = _jvm.each(handles.permuteArguments(both, tag.type(), 0, 0))
    return _jvm.chain((analyze,), (tokens,), _jvm.stream(), each, _jvm.joined(BETWEEN))


def _numbers(code: bytes, table: Any) -> bytes:
    """The class with the number of a tag wherever it looked one up by its name.

    aload_0, getfield posTable (or invokevirtual getPosTable), ldc name, invokevirtual getId become sipush number, and nop as needed.
    """
    changes = 0
    for tag, constant in _classes.strings(code).items():
        loads = b"\x12%c" % constant if constant < 256 else b"\x13" + constant.to_bytes(2, "big")
        lookup = re.compile(rb"\x2a[\xb4\xb6].." + re.escape(loads) + rb"\xb6..", re.DOTALL)
        if lookup.search(code):
            number = b"\x11" + int(table.getId(tag)).to_bytes(2, "big", signed=True)
            code, count = lookup.subn(lambda found, number=number: number.ljust(len(found[0]), b"\0"), code)  # type: ignore[misc]
            changes += count
    if changes != LOOKUPS:
        raise ValueError(f"{LATTICE[1]} is not the one that is known: {changes} lookups of tags")
    return code


def _learn(komoran: Any, dictionary: Sequence[Sequence[str]]) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"{word}\t{tag}\n" for word, tag in dictionary)
        file.flush()
        komoran.setUserDic(file.name)


class _Komoran(_java.Analyzer):
    module = __name__
    threads = 4

    def units(self, text: str) -> list[str]:
        # Komoran has nothing for an empty line and an exception for a blank one
        return [part for line in text.split("\n") for part in _morphemes.parts(line, LONGEST) if part and not part.isspace()]
