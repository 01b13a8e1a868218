"""Morphemes of Korean by Komoran, through KoNLPy. They are dictionary forms (했다 → 하 + 았 + 다), so the text cannot be had back.

Lines are analysed one by one, as KoNLPy does; one of more than 1,000 characters is cut at whitespace first.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from malmoi.config import params
from malmoi.tokenizers import _jvm

LONGEST = 1_000  # characters of a line in one call
TOKEN = re.compile(r"Token \[morph=(.*?), pos=([A-Z]+), beginIndex=\d+, endIndex=\d+\]", re.DOTALL)  # how Komoran's Java prints it
ODD = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")  # Komoran tears the latter (emoji) into halves


@params
class Params:
    """pos: parts of speech with the tokens (먹/VV). heap_mb: most memory for Java. long_run: see `_jvm.start`."""

    pos: bool = False
    heap_mb: int = 1024
    long_run: bool = False


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Komoran failed on; those are cut at whitespace.

    >>> build(Params())(["말을 모았다"])
    [['말', '을', '모으', '았', '다']]
    """
    return _jvm.Analyzer(lambda: _engine(params))


def lossless(params: Params) -> bool:
    """Never: morphemes are not surface forms."""
    return False


def _engine(params: Params) -> _jvm.Cut:
    analyse = _call(params)
    return lambda text: [token for part in _parts(text) for token in analyse(part) or part.split()]


def _parts(text: str) -> Iterator[str]:
    """Lines that are not blank; long ones in parts of whole words, and of at most LONGEST characters where there is no whitespace."""
    for line in text.split("\n"):
        if len(line) > LONGEST:
            yield from _fold(line)
        elif line and not line.isspace():  # Komoran has nothing for an empty line and an exception for a blank one
            yield line


def _fold(line: str) -> Iterator[str]:
    part = ""
    for word in _jvm.words(line, spaces=True):
        if part and len(part) + len(word) > LONGEST:
            yield part
            part = ""
        if len(word) > LONGEST:
            yield from (word[at : at + LONGEST] for at in range(0, len(word), LONGEST) if not word[at : at + LONGEST].isspace())
        else:
            part += word
    if part and not part.isspace():
        yield part


def _call(params: Params) -> _jvm.Cut:
    _jvm.start(params.heap_mb, params.long_run)
    from konlpy.tag import Komoran

    komoran = Komoran().jki

    def analyse(line: str) -> list[str]:
        safe, back = _jvm.shield(line, ODD)
        found = komoran.analyze(safe).getTokenList()
        if "morph=" in safe:  # text that looks like Komoran's own print: two calls for each token instead of one for the line
            pairs = [(str(token.getMorph()), str(token.getPos())) for token in found]
        else:
            pairs = TOKEN.findall(str(found.toString()))
        tokens = [f"{morph}/{pos}" for morph, pos in pairs] if params.pos else [morph for morph, _ in pairs]
        return [token.translate(back) for token in tokens] if back else tokens

    return analyse
