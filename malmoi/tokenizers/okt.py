"""Morphemes of Korean by Open Korean Text, with KoNLPy's jars.

Okt cuts every eojeol by itself, so a long text is no harder than many short ones and a word that comes again is remembered. The tokens
are those of KoNLPy's own `Okt().morphs` (or `.pos`), less its tokens of nothing but whitespace (line ends, tabs). A run of more than 150
characters without whitespace, where Okt's time grows with the square of the length, is cut into parts first. KoNLPy's Okt takes no user
dictionary.
"""

from collections.abc import Callable, Sequence
from typing import Any

from malmoi.config import params
from malmoi.tokenizers import _java, _jvm, _morphemes
from malmoi.tokenizers._worker import Engine, Pairs

PACKAGES = ("konlpy", "jpype1")
SPEED_ONLY = _java.SPEED_ONLY
TAGS = (
    *(
        "Noun",
        "Verb",
        "Adjective",
        "Determiner",
        "Adverb",
        "Conjunction",
        "Exclamation",
        "Josa",
        "PreEomi",
        "Eomi",
        "Suffix",
        "Punctuation",
    ),
    *("Foreign", "Alpha", "Number", "Unknown", "KoreanParticle", "Hashtag", "ScreenName", "Email", "URL", "CashTag", "Modifier"),
    *("VerbPrefix", "Others", "ProperNoun", _morphemes.UNKNOWN),
)
LONGEST, PART = 150, 25  # characters
BETWEEN = "\x1e\x1f"  # what tokens come from Java joined by: one call for a word instead of one for each token


@params
class Params(_java.Options):
    """norm: mend spelling (되나욬 → 되나요). stem: dictionary forms (먹었다 → 먹다). spaces: whitespace is kept, before the token that
    follows it. The others: see `_java.Options`; tags are Okt's (keep: [Noun, Verb]).
    """

    norm: bool = False
    stem: bool = False
    spaces: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _morphemes.check_tags(self.keep, TAGS)
        if self.spaces and (self.keep or self.stop_words):
            raise ValueError("spaces: whitespace goes with the token that follows it, so it cannot be had with keep or stop_words")


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Okt failed on; those are cut at whitespace.

    >>> build(Params())(["말을 모으다"])
    [['말', '을', '모으다']]
    """
    return _Okt(params) if not params.spaces else _Spaced(params)


def lossless(params: Params) -> bool:
    """Joined tokens give the text back where whitespace is kept and nothing is changed or added."""
    return params.spaces and not (params.norm or params.stem or params.pos)


def left_out(params: Params) -> str:
    """Endings, where only dictionary forms are left; parts of speech and stop words that are filtered."""
    return "; ".join(filter(None, ["endings are stripped (stem)" if params.stem else "", params.left_out]))


def engine(heap_mb: int, long_run: bool) -> Engine:
    """For the worker: cuts one eojeol."""
    _jvm.start(heap_mb, long_run)
    import jpype

    okt = jpype.JClass("kr.lucypark.okt.OktInterface")()
    join, yes_no = jpype.JClass("java.lang.String").join, jpype.java.lang.Boolean

    def cut(word: str, how: dict[str, Any]) -> Pairs:
        safe, back = _jvm.shield(word, _jvm.LONE_SURROGATES)
        found = okt.tokenize(safe, yes_no(how["norm"]), yes_no(how["stem"]))
        tokens = (
            [str(token) for token in found] if "\x1e" in safe else [token for token in str(join(BETWEEN, found)).split(BETWEEN) if token]
        )
        return [_pair(token.translate(back) if back else token) for token in tokens]

    cut("말모이", {"norm": False, "stem": False})  # its dictionaries are loaded by the first word
    return cut


def _pair(token: str) -> tuple[str, str]:
    morpheme, _, tag = token.rpartition("/")
    return morpheme, tag


class _Okt(_java.Remembering):
    module = __name__
    threads = 4

    def __init__(self, params: Params) -> None:
        super().__init__(params, {"norm": params.norm, "stem": params.stem})

    def units(self, text: str) -> list[str]:
        if len(text) <= LONGEST:
            return text.split()
        return [part for word in text.split() for part in ([word] if len(word) <= LONGEST else _morphemes.parts(word, PART))]


class _Spaced(_Okt):
    """Whitespace goes before the token that follows it."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._exact = lossless(params)

    def tokens(self, text: str, units: list[str], known: _java.Known) -> list[str]:
        tokens: list[str] = []
        for piece in _morphemes.SPACED.findall(text):
            word = piece.lstrip()
            surface = super().tokens(word, self.units(word), known)
            if not surface or (self._exact and "".join(surface) != word):
                tokens.append(piece)  # Okt swallowed something: the word whole
            else:
                tokens += [piece[: len(piece) - len(word)] + surface[0], *surface[1:]]
        return tokens
