"""Which language a text is counted to."""

import pytest

from malmoi.slices import language


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("영화 A는 좋다", "Korean"),
        ("the film 말모이 was good", "English"),
        ("ab 가나", "Korean"),
        ("漢字 漢字", "another script"),
        ("", "another script"),
    ],
)
def test_most_of_the_letters_decide(text: str, found: str) -> None:
    assert language(text) == found
