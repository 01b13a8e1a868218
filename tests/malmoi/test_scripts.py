"""Scripts of characters."""

import pytest

from malmoi import scripts


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("말ㅋㅠᄀ", "hangul"),
        ("aZéＡ", "latin"),
        ("字漢々", "han"),
        ("あアｱー", "kana"),
        ("Жд", "cyrillic"),
        ("Ωα", "greek"),
        ("ع", "arabic"),
        ("😀🏽🚀", "emoji"),
        ("♥★$+µ", "symbol"),
        ("ℹℏˇℵ〼", "symbol"),  # letters by their category, and of no script
        (".,!“ㆍ"[:4], "punctuation"),
        ("7½Ⅳ", "digit"),
        ("\u0301\ufe0f", "mark"),
        ("\u200d\u200b\ufeff", "format"),
        ("\x00\ue000", "control"),
        ("\ufffd", "replacement"),
        (" \t\n\u3000\xa0\x85", "space"),
    ],
)
def test_script(characters: str, expected: str) -> None:
    assert {character: scripts.script(character) for character in characters} == dict.fromkeys(characters, expected)


def test_counts_leave_white_space_out() -> None:
    assert scripts.count({"말": 2, "A": 1, " ": 7, "\n": 1}) == {"hangul": 2, "latin": 1}
