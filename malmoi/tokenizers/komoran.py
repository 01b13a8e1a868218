"""Morphemes of Korean by Komoran, with KoNLPy's jars. They are dictionary forms (했다 → 하 + 았 + 다), so the text cannot be had back.

Lines are analysed one by one, as KoNLPy does; one of more than 1,000 characters is cut at whitespace first.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError, params
from malmoi.tokenizers import _java, _jvm, _morphemes
from malmoi.tokenizers._worker import Engine, Pairs

PACKAGES = ("konlpy", "jpype1")
SPEED_ONLY = _java.SPEED_ONLY
TAGS = (
    *("NNG", "NNP", "NNB", "NP", "NR", "VV", "VA", "VX", "VCP", "VCN", "MM", "MAG", "MAJ", "IC", "JKS", "JKC", "JKG", "JKO", "JKB", "JKV"),
    *("JKQ", "JC", "JX", "EP", "EF", "EC", "ETN", "ETM", "XPN", "XSN", "XSV", "XSA", "XR", "SF", "SE", "SS", "SP", "SO", "SW"),
    *("SH", "SL", "SN", "NF", "NV", "NA"),
)
LONGEST = 1_000  # characters of a line in one call
SHORT = re.compile(r"/([A-Z]+)(?: |$)")  # 밥/NNG 을/JKO
LONG = re.compile(r"Token \[morph=(.*?), pos=([A-Z]+), beginIndex=\d+, endIndex=\d+\]", re.DOTALL)


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

    komoran = jpype.JClass("kr.co.shineware.nlp.komoran.core.Komoran")(str(_jvm.jars() / "data" / "models"))
    if dictionary:
        _learn(komoran, dictionary)

    def cut(line: str, how: dict[str, Any]) -> Pairs:
        safe, back = _jvm.shield(line, _jvm.BEYOND)
        pairs = _read(komoran.analyze(safe), safe)
        return [(morph.translate(back), tag) for morph, tag in pairs] if back else pairs

    return cut


def _read(result: Any, line: str) -> Pairs:
    """All morphemes by one call. Komoran's short print takes apart the letters of what it could not analyse (NA); its long one does not."""
    short = str(result.getPlainText())
    if "/" not in line and "/NA" not in short:
        found = SHORT.split(short)
        return list(zip(found[::2], found[1::2], strict=False))  # after the last there is an empty text
    tokens = result.getTokenList()
    if "morph=" not in line:
        return LONG.findall(str(tokens.toString()))
    return [(str(token.getMorph()), str(token.getPos())) for token in tokens]  # the line looks like the print itself


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
