"""Characters: every Unicode code point of the text is a token, spaces and line ends included. For Hangul (NFC) that is the syllable."""

from collections.abc import Callable, Sequence

from malmoi.config import params

CHEAP = True  # faster than any cache


@params
class Params:
    """No options."""


def build(params: Params) -> Callable[[Sequence[str]], list[list[str]]]:
    """A tokenizer that cuts texts into characters.

    >>> build(Params())(["말모이 A"])
    [['말', '모', '이', ' ', 'A']]
    """
    return lambda texts: [list(text) for text in texts]


def lossless(params: Params) -> bool:
    """Joined tokens give the text back."""
    return True
