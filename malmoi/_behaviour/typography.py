"""Rewritings that are about signs alone, in any language: a text's class does not depend on them.

A rewriting takes a text and a source of chance and gives the text back changed, or as it was where it has nothing to change.
"""

import re
from collections.abc import Callable
from itertools import cycle
from random import Random

Rewriting = Callable[[str, Random], str]

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}  # Unicode's block of halfwidth and fullwidth forms: ! to ~
CURLY = str.maketrans("“”„‟″‘’‚‛′", "\"\"\"\"\"'''''")
END = re.compile(r"[\s.!?~…]+\Z")


def closing(text: str, chance: Random) -> str:
    """The marks that close the text taken away; a full stop where there are none.

    >>> closing("좋다!", Random(1)), closing("좋다", Random(1))
    ('좋다', '좋다.')
    """
    bare = END.sub("", text)
    return (bare if text.rstrip() != bare else f"{bare}.") if bare else text


def repeated(text: str, chance: Random) -> str:
    """Every run of exclamation or question marks, or of dots, with another length: one becomes three, several become one.

    >>> repeated("good! really... bad??", Random(1))
    'good!!! really… bad?'
    """
    text = re.sub(r"\.{2,}|…+", lambda found: "…" if found[0][0] == "." else "...", text)
    return re.sub(r"!+|\?+", lambda found: found[0][0] * (3 if len(found[0]) == 1 else 1), text)


def full_width(text: str, chance: Random) -> str:
    """Latin letters, digits and marks in the full width of East Asian typography.

    >>> full_width("3D 영화!", Random(1))
    '３Ｄ 영화！'
    """
    return text.translate(FULL_WIDTH)


def quotes(text: str, chance: Random) -> str:
    """Straight quotation marks and apostrophes bent, bent ones straight.

    >>> quotes("it's \\"good\\"", Random(1))
    'it’s “good”'
    """
    if (straight := text.translate(CURLY)) != text:
        return straight
    sides = cycle("“”")  # by turns, since marks may stand free on both sides, as in cut text
    return re.sub('"', lambda _: next(sides), re.sub(r"(?<!\S)'(?=\S)", "‘", text).replace("'", "’"))


def spaces_doubled(text: str, chance: Random) -> str:
    """Every space twice."""
    return text.replace(" ", "  ")


# full_width is not among them: no reader of English writes so
REWRITINGS: dict[str, tuple[str, Rewriting]] = {
    "closing_mark": ("the marks that close the text dropped, or a full stop added", closing),
    "repeated_marks": ("!, ? and ... written shorter or longer", repeated),
    "quotation_marks": ("straight quotation marks bent, bent ones straight", quotes),
    "spaces_doubled": ("every space written twice", spaces_doubled),
}
