"""Bills: lines that the page's margin cut are joined, and what would give the answer away is left out."""

from pathlib import Path

import pytest

from malmoi.config import ConfigError
from malmoi.corpora import kobill
from malmoi.corpora.kobill import Params
from malmoi.rows import Dropped, Example

BILL = """나무보호법 일부개정법률안

(홍길동의원 대표발의 )

제안이유

  현행법은 나무를 베는 일을 막는 규정을 두고 있지 아니하여 숲이 줄고 있

는 실정임. 이에 나무를 보호하는 구체적인 근거를 새로이 마련하려는{space}

것임.

- 1 -

나무보호법 일부를 다음과 같이 개정한다.

  1. 숲을 가꾸는 일

  2. 나무를 심는 일

신·구조문대비표

현      행

개   정   안

나무보호법 일부개정법률안 비용추계서

  비용은 들지 아니함.
"""
LAST = "이에 나무를 보호하는 구체적인 근거를 새로이 마련하려는 것임."


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    path = tmp_path / "1234567.txt"
    path.write_text(BILL.format(space=" "), encoding="utf-8")
    return path


def test_lines_are_joined_inside_words_and_between_them(bill: Path) -> None:
    rows = [row for row in kobill.read([bill], Params()) if isinstance(row, Example)]
    assert [row.text for row in rows] == [
        "제안이유",
        f"현행법은 나무를 베는 일을 막는 규정을 두고 있지 아니하여 숲이 줄고 있는 실정임. {LAST}",
        "나무보호법 일부를 다음과 같이 개정한다.",
        "1. 숲을 가꾸는 일",
        "2. 나무를 심는 일",
        "나무보호법 일부개정법률안 비용추계서",
        "비용은 들지 아니함.",
    ]
    assert {(row.label, row.document) for row in rows} == {(None, "1234567.txt")}
    assert rows[1].id == "1234567.txt:7"


def test_cover_and_table_are_dropped_and_with_anonymous_what_names_the_law(bill: Path) -> None:
    rows = list(kobill.read([bill], Params(anonymous=True, classes={"1234567": "나무"}, unit="sentence")))
    assert [(row.reason, row.where) for row in rows if isinstance(row, Dropped)] == [
        ("cover page", "1234567.txt:1"),
        ("comparison table", "1234567.txt:21"),
        ("names its own bill", "1234567.txt:15"),
        ("names its own bill", "1234567.txt:27"),
    ]
    kept = [row for row in rows if isinstance(row, Example)]
    assert {row.label for row in kept} == {"나무"}
    assert [row.id for row in kept][:3] == ["1234567.txt:5.1", "1234567.txt:7.1", "1234567.txt:7.2"]


def test_unwrapped_files_are_read_a_line_a_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "constitution.txt"
    path.write_text("  제1조 ① 대한민국은 민주공화국이다.\n\n②주권은 국민에게 있다.\n", encoding="utf-8")
    rows = list(kobill.read([path], Params(unwrapped=["constitution.txt"])))
    assert [row.text for row in rows] == ["제1조 ① 대한민국은 민주공화국이다.", "②주권은 국민에게 있다."]


def test_a_bill_without_a_class_is_an_error(bill: Path) -> None:
    with pytest.raises(ConfigError, match="does not say which class bill 1234567 is"):
        list(kobill.read([bill], Params(classes={"7654321": "숲"})))
