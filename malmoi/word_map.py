"""A map of words: those with similar vectors stand close together. SVG text in the reader's own fonts: Hangul needs none of ours.

Every word is a dot. A word is written beside its dot where there is room, the more frequent first, so that no two words overlap; the rest
are said when the pointer rests on the dot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from malmoi.plots import element

WIDTH, HEIGHT, MARGIN = 960, 720, 24
FONTS = "Noto Sans KR, NanumGothic, Malgun Gothic, Apple SD Gothic Neo, sans-serif"
SIZES = (11.0, 19.0)  # pixels, of the rarest and of the most frequent word
TALL = 1.15  # height of a line, in sizes
DOT = 2.2  # radius in pixels
GAP = 4.0  # pixels between a dot and its word
ANCHORS = {"start": 0.0, "end": 1.0, "middle": 0.5}  # share of a word that is left of where it is put
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Word:
    """A word on the map. x, y: its dot, in pixels; size: of its letters; anchor: on which side of the dot it is written, "" for nowhere."""

    word: str
    x: float
    y: float
    size: float
    anchor: str = ""


def lay(words: Sequence[str], points: np.ndarray) -> list[Word]:
    """Words, the most frequent first, on a map that fills the picture. points: (words, 2), any unit, y upwards."""
    if not len(words):
        return []
    across, up = _stretched(points[:, 0], MARGIN * 2, WIDTH - MARGIN * 2), _stretched(-points[:, 1], MARGIN, HEIGHT - MARGIN)
    sizes = np.linspace(1.0, 0.0, len(words)) ** 2 * (SIZES[1] - SIZES[0]) + SIZES[0]
    found = zip(words, across, up, sizes, strict=True)
    return place([Word(word, round(float(x), 2), round(float(y), 2), round(float(size), 2)) for word, x, y, size in found])


def place(found: Sequence[Word]) -> list[Word]:
    """Write down as many words as have room, the first ones first: right of their dot, left of it, or above it."""
    taken: list[Box] = []
    placed = []
    for word in found:
        tries = [(anchor, box(replace(word, anchor=anchor))) for anchor in ANCHORS]
        free = [(anchor, where) for anchor, where in tries if _inside(where) and not any(overlap(where, other) for other in taken)]
        if free:
            taken += [free[0][1], (word.x - DOT, word.y - DOT, word.x + DOT, word.y + DOT)]  # nor does a word cover another's dot
        placed.append(replace(word, anchor=free[0][0] if free else ""))
    return placed


def box(word: Word) -> Box:
    """The space that a written word takes, its gap to the dot included."""
    wide = width(word.word) * word.size
    left, bottom = _corner(word)
    left -= ANCHORS[word.anchor] * wide
    return left - 1, bottom - 0.85 * word.size, left + wide + 1, bottom + (TALL - 0.85) * word.size


def width(text: str) -> float:
    """About how wide a text is, in sizes of its letters: Hangul, Hanja and kana fill a square, most Latin letters half of one.

    >>> width("말모이"), width("mil")
    (3.0, 1.44)
    """
    return round(
        sum(
            1.0 if ord(sign) >= 0x1100 else 0.9 if sign in "mwMW@%" or sign.isupper() else 0.27 if sign in "iljtf.,'|" else 0.56
            for sign in text
        ),
        2,
    )


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share any space."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def draw(found: Sequence[Word], label: str) -> Markup:
    """The map as a whole SVG file, which is also right inside a page (it takes the page's colour of text)."""
    dots = [
        element("circle", element("title", word.word), cx=word.x, cy=word.y, r=DOT, opacity=0.9 if word.anchor else 0.35) for word in found
    ]
    written = [_written(word) for word in found if word.anchor]
    groups = [element("g", *dots, fill="#4a7fc1"), element("g", *written, fill="currentColor", font_family=FONTS)]
    # viewBox and xmlns are not of our naming, so they are not made of Python names
    return element("svg", *groups, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label)


def _written(word: Word) -> Markup:
    x, y = _corner(word)
    return element("text", word.word, x=x, y=y, font_size=word.size, text_anchor=word.anchor)


def _corner(word: Word) -> tuple[float, float]:
    """Where the word's base line starts, has its middle, or ends, as its anchor says."""
    if word.anchor == "middle":
        return word.x, word.y - GAP - (TALL - 0.85) * word.size
    return word.x + (GAP if word.anchor == "start" else -GAP), word.y + 0.35 * word.size


def _inside(where: Box) -> bool:
    return where[0] >= 0 and where[1] >= 0 and where[2] <= WIDTH and where[3] <= HEIGHT


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values moved into [low, high]; the middle where all are the same."""
    span = float(np.ptp(values))
    return (low + high) / 2 + np.zeros(len(values)) if span == 0 else low + (values - values.min()) / span * (high - low)
