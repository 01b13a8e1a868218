"""English rewritings, of texts as people write them and as treebanks cut them."""

from random import Random

import pytest

from malmoi._behaviour import english


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("I don't like it", "I do not like it"),
        ("it does n't work", "it does not work"),
        ("Can't stay, won’t go", "Can not stay, will not go"),
        ("it 's fine", "it is fine"),
        ("it's been long", "it's been long"),  # has
        ("the film's end", "the film's end"),
        ("I do not like it", "I don't like it"),
        ("That is all", "That's all"),
        ("you cannot stay", "you can't stay"),
        ("it is not good", "it isn't good"),
        ("nothing here", "nothing here"),
    ],
)
def test_contractions(text: str, after: str) -> None:
    assert english.contractions(text, Random(1)) == after


def test_a_typing_error_exchanges_two_letters_inside_a_word() -> None:
    found = {english.typing_error("a good moving film", Random(seed)) for seed in range(60)}
    assert "a good mvoing film" in found
    assert "a good moving flim" in found
    assert all(sorted(text) == sorted("a good moving film") for text in found)
    assert all(text.startswith("a good m") and text.endswith("m") and " f" in text for text in found)  # oo, and ends of words, stay
    assert english.typing_error("oh my", Random(1)) == "oh my"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("good , but long .", "good, but long."),
        ("good, but long.", "good , but long ."),
        ("why ?", "why?"),
        ("3.5 stars", "3.5 stars"),
        ("no marks", "no marks"),
    ],
)
def test_spaces_at_marks(text: str, after: str) -> None:
    assert english.spaces_at_marks(text, Random(1)) == after


def test_case() -> None:
    changes = english.rewritings([])
    assert changes["upper_case"][1]("So Good", Random(1)) == "SO GOOD"
    assert changes["lower_case"][1]("So Good", Random(1)) == "so good"
