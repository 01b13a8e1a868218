"""The map of words: no word over another, Hangul as text, the same bytes."""

from html.parser import HTMLParser
from itertools import combinations
from xml.dom.minidom import parseString

import numpy as np
import pytest

from malmoi.word_map import HEIGHT, WIDTH, Word, box, draw, lay, overlap, place, width

WORDS = ["국회", "법원", "대통령", "<b>&", "government", "헌법재판소", *(f"말{number}" for number in range(60))]


@pytest.fixture
def words() -> list[Word]:
    return lay(WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 2)))


def test_words_lie_inside_and_none_over_another(words: list[Word]) -> None:
    boxes = [box(word) for word in words if word.anchor]
    assert len(boxes) > 40
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    assert all(left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT for left, top, right, bottom in boxes)
    assert max(word.size for word in words) == words[0].size == 19
    assert words[-1].size == 11


def test_a_word_that_has_no_room_is_left_to_its_dot() -> None:
    crowd = place([Word(f"대한민국{number}", 480.0, 360.0, 15.0) for number in range(5)])
    assert [word.anchor for word in crowd] == ["start", "end", "", "", ""]


def test_a_word_does_not_cover_the_dot_of_another() -> None:
    first, second = place([Word("국회", 500.0, 300.0, 15.0), Word("헌법재판소", 440.0, 300.0, 15.0)])
    assert (first.anchor, second.anchor) == ("start", "end")  # right of its own dot it would lie on the first one's


def test_the_drawing_is_svg_on_its_own_with_text_that_can_be_read(words: list[Word]) -> None:
    drawing = draw(words, "말 & more")
    root = parseString(str(drawing)).documentElement  # noqa: S318 - our own
    assert root.getAttribute("aria-label") == "말 & more"
    written = [text.firstChild.data for text in root.getElementsByTagName("text")]
    assert set(written) == {word.word for word in words if word.anchor}
    assert "&lt;b&gt;&amp;" in drawing
    assert [title.firstChild.data for title in root.getElementsByTagName("title")] == WORDS
    assert "Noto Sans KR, NanumGothic" in drawing
    HTMLParser().feed(str(drawing))
    assert drawing == draw(words, "말 & more")


def test_nothing_to_draw_is_an_empty_map() -> None:
    assert lay([], np.zeros((0, 2))) == []
    assert "<circle" not in draw([], "nothing")
    alone = lay(["말"], np.zeros((1, 2)))
    assert (alone[0].x, alone[0].y) == (WIDTH / 2, HEIGHT / 2)


def test_hangul_is_as_wide_as_high() -> None:
    assert width("말모이") == 3
    assert width("il") < width("ab") < width("MW")
