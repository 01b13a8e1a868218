"""Morphemes of Korean by Kiwi (Lee 2024), through kiwipiepy: C++ with threads of its own, no Java.

They are dictionary forms (봤다 → 보 + 었 + 다). With `spaces` they are pieces of the text instead, which joined give it back: a fused one
(봤) stays whole and has all its tags (VV+EP), of which the first counts for `keep`. No spelling is corrected.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from malmoi.config import ConfigError, params
from malmoi.tokenizers import _morphemes

PACKAGES = ("kiwipiepy", "kiwipiepy-model")
SPEED_ONLY = ("workers",)
OPEN = (  # the tags of a user's words
    *("NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "VCP", "VCN", "MM", "MAG", "MAJ", "IC", "JKS", "JKC", "JKG", "JKO", "JKB"),
    *("JKV", "JKQ", "JX", "JC", "EP", "EF", "EC", "ETN", "ETM", "XPN", "XSN", "XSV", "XSA", "XSM", "XR", "SL"),
)
MARKS = ("SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "SH", "SN", "SB", "W_", "Z_", _morphemes.UNKNOWN)
Morphemes = Sequence[Any]  # Kiwi's own tokens: form, tag, start, end

_LOCK = threading.RLock()
_KIWIS: dict[tuple[Any, ...], Any] = {}  # some 500 MB each; never dropped: its threads do not survive a fork, and none waits for them


@params
class Params(_morphemes.Options):
    """Beside the options of all analyzers (`_morphemes.Options`):

    normalize_coda: a consonant written under a whole word for fun comes off it (먹었엌ㅋㅋ → 먹 + 었 + 어). spaces: pieces of the text with
    the whitespace before them. dictionary: a file of words of one's own, word<TAB>tag on each line. model: cong-global looks at
    morphemes farther away, at some cost. workers: threads; 0 is one for each core.
    """

    normalize_coda: bool = False
    spaces: bool = False
    dictionary: str = ""
    model: Literal["cong", "cong-global"] = "cong"
    workers: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for parts of speech that there are not, and for fewer workers than none."""
        _morphemes.check_tags(self.keep, (*OPEN, *MARKS))
        if self.workers < 0:
            raise ValueError(f"workers: should be 0 (one for each core) or more, found {self.workers}")


def fit(texts: Any, params: Params, folder: Path) -> None:
    """Check the user dictionary, if there is one, and take it along. The texts are not read."""
    if params.dictionary:
        _morphemes.take_dictionary(params.dictionary, folder, OPEN)


def build(params: Params, folder: Path | None = None) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer into morphemes. Kiwi starts with the first text (some 4 s), once for a process and a dictionary.

    >>> build(Params(pos=True))(["말을 봤다"])
    [['말/NNG', '을/JKO', '보/VV', '었/EP', '다/EF']]
    """
    read = _surface if params.spaces else _forms

    def cut(texts: Sequence[str]) -> list[list[str]]:
        if not any(texts):
            return [[] for _ in texts]
        kiwi = _kiwi(params, folder)
        safe = map(_morphemes.well_formed, texts)
        with _LOCK:  # one batch at a time: Kiwi shares it among its threads
            found = kiwi.tokenize(safe, normalize_coda=params.normalize_coda, compatible_jamo=True)
            return [_morphemes.finish(list(read(text, tokens)), params) for text, tokens in zip(texts, found, strict=True)]

    return cut


def lossless(params: Params) -> bool:
    """Joined tokens give the text back where they are its pieces and nothing is added or left out."""
    return params.spaces and not (params.pos or params.left_out)


def left_out(params: Params) -> str:
    """Filters and stop words."""
    return params.left_out


def _forms(text: str, tokens: Morphemes) -> Iterator[tuple[str, str]]:
    for token in tokens:
        yield (text[token.start : token.end] if "\ufffd" in token.form else token.form), token.tag
    if not tokens:  # Kiwi has nothing for some characters, as U+200B
        yield from ((word, _morphemes.UNKNOWN) for word in text.split())


def _surface(text: str, tokens: Morphemes) -> Iterator[tuple[str, str]]:
    """Pieces of the text with their tags; morphemes that share a character are one piece, and what lies between goes to the next."""
    start = end = 0
    tags: list[str] = []
    for token in tokens:
        if tags and not (token.start < end or token.end <= end or start == end):
            yield text[start:end], "+".join(tags)
            start, tags = end, []
        tags.append(token.tag)
        end = max(end, token.end)
    if start < end:
        yield text[start:end], "+".join(tags)
    if end < len(text):
        yield text[end:], _morphemes.UNKNOWN


def _kiwi(params: Params, folder: Path | None) -> Any:
    words = _words(folder) if params.dictionary else ()
    key = (os.getpid(), params.model, params.workers, words)
    with _LOCK:
        if key not in _KIWIS:
            _KIWIS[key] = _start(params, words)
        return _KIWIS[key]


def _words(folder: Path | None) -> tuple[tuple[str, str], ...]:
    if not (folder and (folder / _morphemes.DICTIONARY).is_file()):
        raise ConfigError(f"{folder}: the user dictionary is not there; run the tokens stage again: dvc repro")
    return tuple(_morphemes.read_dictionary(folder / _morphemes.DICTIONARY))


def _start(params: Params, words: tuple[tuple[str, str], ...]) -> Any:
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=params.workers or -1, model_type=params.model)
    for word, tag in words:
        kiwi.add_user_word(word, tag)
    return kiwi
