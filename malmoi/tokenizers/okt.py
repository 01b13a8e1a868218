"""Morphemes of Korean by Open Korean Text, through KoNLPy.

Okt cuts every eojeol by itself, so a long text is no harder than many short ones and a word that comes again is remembered. The tokens
are those of KoNLPy's own `Okt().morphs` (or `.pos`), less its tokens of nothing but whitespace (line ends, tabs). A run of more than 150
characters without whitespace, where Okt's time grows with the square of the length, is cut into parts first.
"""

from collections.abc import Callable, Sequence

from malmoi.config import params
from malmoi.tokenizers import _jvm

LONGEST, PART = 150, 25  # characters
REMEMBERED = 200_000  # eojeols; some 60 MB
BETWEEN = "\x1e\x1f"  # what tokens come from Java joined by: one call for a word instead of one for each token


@params
class Params:
    """norm: mend spelling (되나욬 → 되나요). stem: dictionary forms (먹었다 → 먹다). pos: parts of speech with the tokens (먹/Verb).

    spaces: whitespace is kept, before the token that follows it. heap_mb: most memory for Java. long_run: worth it from some ten
    thousand texts on (see `_jvm.start`); changes no token.
    """

    norm: bool = False
    stem: bool = False
    pos: bool = False
    spaces: bool = False
    heap_mb: int = 1024
    long_run: bool = False


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Okt failed on; those are cut at whitespace.

    >>> build(Params())(["말을 모으다"])
    [['말', '을', '모으다']]
    """
    return _jvm.Analyzer(lambda: _engine(params), params.spaces)


def lossless(params: Params) -> bool:
    """Joined tokens give the text back where whitespace is kept and nothing is changed or added."""
    return params.spaces and not (params.norm or params.stem or params.pos)


def _engine(params: Params) -> _jvm.Cut:
    analyse = _remembering(_call(params))
    if params.spaces:
        return lambda text: _cut_spaced(text, analyse, lossless(params))
    return lambda text: [token for word in text.split() for token in analyse(word) or [word]]


def _cut_spaced(text: str, analyse: _jvm.Cut, exact: bool) -> list[str]:
    tokens: list[str] = []
    for piece in _jvm.words(text, spaces=True):
        word = piece.lstrip()
        surface = analyse(word) if word else []
        if not surface or (exact and "".join(surface) != word):
            tokens.append(piece)  # Okt swallowed something: the word whole
        else:
            tokens += [piece[: len(piece) - len(word)] + surface[0], *surface[1:]]
    return tokens


def _remembering(analyse: _jvm.Cut) -> _jvm.Cut:
    known: dict[str, list[str]] = {}

    def cut(word: str) -> list[str]:
        tokens = known.get(word)
        if tokens is None:
            parts = [word] if len(word) <= LONGEST else [word[at : at + PART] for at in range(0, len(word), PART)]
            tokens = analyse(word) if len(parts) == 1 else [token for part in parts for token in cut(part)]
            if len(known) >= REMEMBERED:
                known.clear()
            known[word] = tokens
        return tokens

    return cut


def _call(params: Params) -> _jvm.Cut:
    _jvm.start(params.heap_mb, params.long_run)
    import jpype
    from konlpy.tag import Okt

    okt = Okt().jki
    join = jpype.JClass("java.lang.String").join
    norm, stem = jpype.java.lang.Boolean(params.norm), jpype.java.lang.Boolean(params.stem)

    def tagged(word: str) -> list[str]:
        found = okt.tokenize(word, norm, stem)
        if "\x1e" in word:
            return [str(token) for token in found]
        joined = str(join(BETWEEN, found))
        return joined.split(BETWEEN) if joined else []

    def analyse(word: str) -> list[str]:
        safe, back = _jvm.shield(word, _jvm.LONE_SURROGATES)
        tokens = tagged(safe) if params.pos else [token.rsplit("/", 1)[0] for token in tagged(safe)]
        return [token.translate(back) for token in tokens] if back else tokens

    return analyse
