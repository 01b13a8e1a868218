"""Words between whitespace: for Korean the eojeol (a word with its particles and endings)."""

import re
from collections.abc import Callable, Sequence

from malmoi.config import params

SPACED = re.compile(r"\s*\S+|\s+")  # a word with the whitespace before it; what is left at the end of the text
CHEAP = True  # faster than any cache


@params
class Params:
    """spaces: whitespace (line ends too) is kept, before the word that follows it; at the end of the text it is a token of its own."""

    spaces: bool = False


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer that cuts texts at whitespace.

    >>> build(Params(spaces=True))(["말을 모으다\\n"])
    [['말을', ' 모으다', '\\n']]
    """
    cut = SPACED.findall if params.spaces else str.split
    return lambda texts: [cut(text) for text in texts]


def lossless(params: Params) -> bool:
    """Joined tokens give the text back where whitespace is kept."""
    return params.spaces
