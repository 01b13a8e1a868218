"""Rewritings of signs."""

from random import Random

import pytest

from malmoi._behaviour import typography


@pytest.mark.parametrize(
    ("name", "text", "after"),
    [
        ("closing_mark", "좋다!!", "좋다"),
        ("closing_mark", "좋다. ", "좋다"),
        ("closing_mark", "좋다", "좋다."),
        ("closing_mark", "...", "..."),
        ("repeated_marks", "good! really... bad??", "good!!! really… bad?"),
        ("repeated_marks", "끝…", "끝..."),
        ("repeated_marks", "3.5점", "3.5점"),
        ("quotation_marks", 'it\'s " good "', "it’s “ good ”"),
        ("quotation_marks", "'맛'이 있다", "‘맛’이 있다"),
        ("quotation_marks", "it’s “good”", 'it\'s "good"'),
        ("spaces_doubled", "정말 좋다", "정말  좋다"),
    ],
)
def test_rewritings(name: str, text: str, after: str) -> None:
    _, rewrite = typography.REWRITINGS[name]
    assert rewrite(text, Random(1)) == after


def test_full_width() -> None:
    assert typography.full_width("3D 영화, OK!", Random(1)) == "３Ｄ 영화， ＯＫ！"
