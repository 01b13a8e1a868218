"""Jamo: every letter of every Hangul syllable is a token, and every other character.

Letters of syllables are conjoining jamo (U+1100 on), which say whether they begin, carry or end a syllable; letters that people typed
alone (ㅋㅋㅋ) are compatibility jamo, and stay so. So `join` knows where syllables are, and gives back any text at all. What would be
taken for a syllable and was none (conjoining jamo side by side in the text itself, as in NFD) stays together, as one token.
"""

import re
from collections.abc import Callable, Sequence

from malmoi import hangul
from malmoi.config import params

CHEAP = True  # as fast as a cache
# Jamo of the text itself that would compose: a syllable in letters, or a coda after a syllable that has none.
LOOSE = re.compile(f"{hangul.CONJOINING}|[{hangul.WITHOUT_CODA}][\u11a8-\u11c2]")


@params
class Params:
    """No options."""


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer that cuts texts into letters.

    >>> [" ".join(tokens) for tokens in build(Params())(["말 A"])] == ["\u1106 \u1161 \u11af   A"]
    True
    """
    return lambda texts: [_cut(text) for text in texts]


def join(tokens: Sequence[str]) -> str:
    """The text of tokens, its syllables made again.

    >>> join(["\u1106", "\u1161", "\u11af", "ㅋ", "ㅋ"])
    '말ㅋㅋ'
    """
    whole = [(place, token) for place, token in enumerate(tokens) if len(token) > 1]
    if not whole:
        return hangul.compose("".join(tokens))
    starts = [0, *(place + 1 for place, _ in whole)]
    ends = [*(place for place, _ in whole), len(tokens)]
    letters = [hangul.compose("".join(tokens[start:end])) for start, end in zip(starts, ends, strict=True)]
    return "".join(part for pair in zip(letters, [*(token for _, token in whole), ""], strict=True) for part in pair)


def lossless(params: Params) -> bool:
    """`join` gives the text back."""
    return True


def _cut(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    tokens: list[str] = []
    start = 0
    for found in LOOSE.finditer(text):
        tokens += [*hangul.conjoining(text[start : found.start()]), found[0]]
        start = found.end()
    return tokens + list(hangul.conjoining(text[start:]))
