"""English words, numbers and punctuation, as the Penn Treebank cuts them (Marcus et al. 1993), in one pass of one pattern.

A word keeps its inner apostrophes and hyphens; contractions come off it (do + n't, it + 's, we + 'll), whole words stay whole where
`contractions` is off. A number keeps its points and commas. Every other mark is a token; the same mark repeated is one token (... or !!).
Other scripts pass through as runs of letters.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import field

from malmoi.config import params

# Letters with the marks that combine with them, so that decomposed accents stay in their word.
LETTER = r"[^\W\d_][\u0300-\u036f]*"
ENDING = r"['’](?:s|d|m|re|ve|ll)"  # of it's, he'd, I'm, you're, I've, we'll
CUT = re.compile(
    rf"""
      \d+(?:[.,:]\d+)*                                              # 3  1,000.5  10:30
    | (?:{LETTER})+?(?=n['’]t(?!\w))                                # do, of don't
    | n['’]t(?!\w)                                                  # n't
    | {ENDING}(?!\w)                                                # 's
    | (?:{LETTER})+(?:(?!{ENDING}(?!\w))['’\-](?:{LETTER})+)*       # word  o'clock  well-known
    | ([^\w\s])\1*                                                  # . ... !!
    | [^\s]                                                         # all the rest, one by one
    """,
    re.VERBOSE | re.IGNORECASE,
)
CHEAP = True  # as fast as a cache
WHOLE = re.compile(rf"\d+(?:[.,:]\d+)*|(?:{LETTER})+(?:['’\-](?:{LETTER})+)*|([^\w\s])\1*|[^\s]")


@params
class Params:
    """contractions: cut them off their words. lowercase: capitals become small letters. stop_words: tokens that are left out, whatever
    their case.

    spaces: whitespace (line ends too) is kept, before the token that follows it; at the end of the text it is a token of its own.
    """

    contractions: bool = True
    lowercase: bool = False
    spaces: bool = False
    stop_words: list[str] = field(default_factory=list)


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer that cuts texts into words and punctuation.

    >>> build(Params())(["They don't gather."])
    [['They', 'do', "n't", 'gather', '.']]
    """
    pattern = CUT if params.contractions else WHOLE
    cut = _spaced(pattern) if params.spaces else lambda text: [found.group() for found in pattern.finditer(text)]
    if not params.stop_words:
        return lambda texts: [cut(text.lower() if params.lowercase else text) for text in texts]
    stopped = {word.lower() for word in params.stop_words}
    return lambda texts: [
        [token for token in cut(text.lower() if params.lowercase else text) if token.lstrip().lower() not in stopped] for text in texts
    ]


def lossless(params: Params) -> bool:
    """Joined tokens give the text back where whitespace is kept, and capitals too, and nothing is left out."""
    return params.spaces and not (params.lowercase or params.stop_words)


def left_out(params: Params) -> str:
    """Stop words."""
    return "stop words are left out (stop_words)" if params.stop_words else ""


def _spaced(pattern: re.Pattern[str]) -> Callable[[str], list[str]]:
    """Tokens that reach from the end of the one before: what lies between is whitespace, since every other character is in a token."""

    def cut(text: str) -> list[str]:
        ends = [found.end() for found in pattern.finditer(text)]
        if text and (not ends or ends[-1] < len(text)):
            ends.append(len(text))
        return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    return cut
