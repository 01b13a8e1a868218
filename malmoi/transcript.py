"""Tokens written down one by one: how much of the text is certain, and where it stops.

What a tokenizer's `join` makes of the last tokens may change with the next one: of letters (jamo) a syllable is made, and 마 becomes 말.
Such tokens wait. Stop strings are looked for in the text, so that it does not matter how tokens cut them; what may be the beginning of
one is not certain yet. `generation` and `beam_search` write with this; the certain part of the text is what is streamed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from malmoi import hangul

LETTERS = "\u1106", "\u1161"  # conjoining ㅁ and ㅏ
OPEN = re.compile("[\u1100-\u1112][\u1161-\u1175]?")  # the beginning of a syllable: more letters may follow


@dataclass(frozen=True)
class Writer:
    """tokens: the text of each id. join: the text of tokens side by side. between: what is put between two tokens.

    A join may take the letters of one syllable together; what it makes of other tokens must not depend on their neighbours.
    """

    tokens: Sequence[str]
    join: Callable[[Sequence[str]], str] = "".join
    between: str = ""

    @cached_property
    def composes(self) -> bool:
        """Whether letters are put together to syllables."""
        return self.join(LETTERS) == hangul.compose("".join(LETTERS))


@dataclass(frozen=True)
class Transcript:
    """A text that grows; every step gives a new one.

    settled: text that no later token changes. waiting: tokens whose text may still change. closed: nothing follows. stopped: a stop
    string was met; the text ends before it.
    """

    writer: Writer
    stop: tuple[str, ...] = ()
    settled: str = ""
    waiting: tuple[str, ...] = ()
    closed: bool = False
    stopped: bool = False

    def add(self, number: int) -> "Transcript":
        """With one more token, given by its id."""
        token = self.writer.tokens[number]
        longer = (*self.waiting, token)
        if self._open(longer):
            return replace(self, waiting=longer)
        return self._settle(self.waiting, (token,)) if self._open((token,)) else self._settle(longer, ())

    def close(self) -> "Transcript":
        """With nothing to follow."""
        return replace(self._settle(self.waiting, ()), closed=True)

    @property
    def certain(self) -> str:
        """The beginning of the text that stays whatever follows."""
        return self.settled if self.closed else self.settled[: len(self.settled) - self._begun()]

    def _open(self, tokens: tuple[str, ...]) -> bool:
        """Whether tokens are the beginning of a syllable that may have more letters."""
        return self.writer.composes and all(len(token) == 1 for token in tokens) and bool(OPEN.fullmatch("".join(tokens)))

    def _settle(self, tokens: tuple[str, ...], waiting: tuple[str, ...]) -> "Transcript":
        if not tokens:
            return replace(self, waiting=waiting)
        between = self.writer.between if self.settled else ""
        text = self.settled + between + self.writer.join(tokens)
        start = max(0, len(self.settled) - max(map(len, self.stop), default=0) + 1)
        places = [(place + len(stop), place) for stop in self.stop if (place := text.find(stop, start)) >= 0]
        if places:  # the one that is complete first, however tokens cut the text
            return replace(self, settled=text[: min(places)[1]], waiting=(), closed=True, stopped=True)
        return replace(self, settled=text, waiting=waiting)

    def _begun(self) -> int:
        """Characters at the end of the settled text that may be the beginning of a stop string."""
        longest = min(max(map(len, self.stop), default=1) - 1, len(self.settled))
        sizes = range(longest, 0, -1)
        return next((size for size in sizes if any(stop.startswith(self.settled[-size:]) for stop in self.stop)), 0)
