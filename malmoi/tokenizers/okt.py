"""Morphemes of Korean by Open Korean Text, with KoNLPy's jars.

Okt cuts every eojeol by itself, so a long text is no harder than many short ones and a word that comes again is remembered. The tokens
are those of KoNLPy's own `Okt().morphs` (or `.pos`), less its tokens of nothing but whitespace (line ends, tabs). A run of more than 150
characters without whitespace, where Okt's time grows with the square of the length, is cut into parts first. KoNLPy's Okt takes no user
dictionary.

A fifth of its time goes into looking for particles that do not fit the noun before them; the worker gives Java the same class, which
looks only where there is a particle (`_with_particles`).
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from malmoi.config import params
from malmoi.tokenizers import _classes, _java, _jvm, _morphemes
from malmoi.tokenizers._worker import BETWEEN, Answer, Engine

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
CHUNK = ("open-korean-text-2.1.0.jar", "org.openkoreantext.processor.tokenizer.ParsedChunk")
FRAMES = bytes.fromhex("00000008 0002 fc001d01 4001")  # Java's notes on the branches of its josaMismatched
TAKES = ("java.lang.String", "java.lang.Boolean", "java.lang.Boolean")


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

    _classes.redefine(*CHUNK, "TokenizerProfile", _with_particles)
    okt = jpype.JClass("kr.lucypark.okt.OktInterface")()
    tokenize = _jvm.method("kr.lucypark.okt.OktInterface", "tokenize", "java.util.List", *TAKES).bindTo(okt)
    ways = {
        (norm, stem): _jvm.chain((tokenize, norm, stem), _jvm.stream(), _jvm.joined(BETWEEN))
        for norm in (False, True)
        for stem in (False, True)
    }

    def cut(word: str, how: dict[str, Any]) -> Answer:
        safe, back = _jvm.shield(word, _jvm.LONE_SURROGATES)
        way = how["norm"], how["stem"]
        if BETWEEN[0] in safe:
            tokens = (str(token).rpartition("/") for token in okt.tokenize(safe, *way))
            return [(morpheme.translate(back), tag) for morpheme, _, tag in tokens]
        found = str(ways[way].apply(safe))
        return found.translate(back) if back else found

    cut("말모이", {"norm": False, "stem": False})  # its dictionaries are loaded by the first word
    return cut


def _with_particles(code: bytes) -> bytes:
    """The class with a `josaMismatched` that begins with `if (countPos(KoreanPos.Josa()) == 0) return 0;`."""
    members = _classes.members(code)
    start, length = _classes.body(code, ("josaMismatched", "()I"))
    old, known = code[start : start + length], _classes.instructions(code[start : start + length])
    if not old.endswith(FRAMES) or len(known) != 31:
        raise ValueError(f"{CHUNK[1]}.josaMismatched is not the one that is known")
    module = members["MODULE$Lorg/openkoreantext/processor/util/KoreanPos$;"]
    josa, count = members["Josa()Lscala/Enumeration$Value;"], members["countPos(Lscala/Enumeration$Value;)I"]
    # in turn: aload_0; getstatic; invokevirtual, twice; ifne, over the next two; iconst_0; ireturn
    first = struct.pack(">BBHBHBHBHBB", 0x2A, 0xB2, module, 0xB6, josa, 0xB6, count, 0x9A, 5, 0x03, 0xAC)
    frames = bytes.fromhex("00000009 0003 0f fc001c01 4001")  # one more branch, to byte 15; the others come after it
    attributes = b"\x00\x00\x00\x01" + old[-len(FRAMES) - 2 : -len(FRAMES)] + frames  # no handlers, one attribute: the frames
    new = old[:4] + struct.pack(">I", len(first) + len(known)) + first + known + attributes
    return code[: start - 4] + struct.pack(">I", len(new)) + new + code[start + length :]


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
