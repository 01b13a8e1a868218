"""CSV and TSV with the quirks that real files have."""

import unicodedata
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from malmoi.corpora import delimited
from malmoi.corpora.delimited import Params, unquote
from malmoi.rows import Dropped, Example

REVIEWS = Params(text="text", label="label")
RATINGS = Params(
    text="document", label="label", id="id", delimiter="\t", quoting="none", unquote=2, labels={"0": "negative", "1": "positive"}
)


def read(folder: Path, content: str | bytes, params: Params = REVIEWS) -> list[Example | Dropped]:
    path = folder / "reviews.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(delimited.read([path], params))


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "text,label\n좋다,1\n나쁘다,0\n") == [
        Example("reviews.csv:2", "좋다", "1", "reviews.csv", row=2),
        Example("reviews.csv:3", "나쁘다", "0", "reviews.csv", row=3),
    ]


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    rows = read(tmp_path, 'text,label\r\n"one, ""two""\r\nthree",a\r\nfour,b\r\n')
    assert [(row.text, row.row) for row in rows if isinstance(row, Example)] == [('one, "two"\r\nthree', 2), ("four", 4)]


def test_byte_order_mark_cp949_and_nfd(tmp_path: Path) -> None:
    expected = [Example("reviews.csv:2", "말모이", "책", "reviews.csv", row=2)]
    content = "text,label\n말모이,책\n"
    assert read(tmp_path, content.encode("utf-8-sig")) == expected
    assert read(tmp_path, content.encode("cp949"), Params(text="text", label="label", encoding="cp949")) == expected
    assert read(tmp_path, unicodedata.normalize("NFD", content)) == expected


def test_ratings_with_stray_and_doubled_quotes(tmp_path: Path) -> None:
    lines = ["id\tdocument\tlabel", '1\t"""참 ""\x22"좋""\x22"다 """\t1', '2\t"열기만\t0', "3\t\t0", "4\t보통\t5", "5\t없음\t"]
    rows = read(tmp_path, "\n".join(lines), RATINGS)
    assert rows[0] == Example("1", '참 "좋"다 ', "positive", "reviews.csv", row=2)
    assert rows[1] == Example("2", '"열기만', "negative", "reviews.csv", row=3)
    assert rows[2] == Example("3", "", "negative", "reviews.csv", row=4)
    assert rows[3] == Dropped("label is not in `labels`", "reviews.csv:5", "'5': 보통")
    assert rows[4] == Dropped("no label", "reviews.csv:6", "'': 없음")


@pytest.mark.parametrize(
    ("value", "times", "plain"),
    [
        ('"a"', 0, '"a"'),
        ('"a"', 1, "a"),
        ('"""a ""\x22"b""\x22" """', 2, 'a "b" '),
        ('"', 2, '"'),
        ('""', 1, ""),
        ("a", 2, "a"),
    ],
)
def test_unquote(value: str, times: int, plain: str) -> None:
    assert unquote(value, times) == plain


def test_a_file_without_header_takes_its_column_names_from_the_options(tmp_path: Path) -> None:
    params = Params(text="sentence", label="label", columns=["sentence", "label"], delimiter="\t", quoting="none")
    assert read(tmp_path, "fine film\t1", params) == [Example("reviews.csv:1", "fine film", "1", "reviews.csv", row=1)]


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"reviews.csv: row 1: no column 'text' to take the text from; did you mean 'Text'\?.*label"):
        read(tmp_path, "Text,label\nx,1\n")


def test_an_uneven_row_is_an_error_or_dropped(tmp_path: Path) -> None:
    content = "text,label\nfine,1\none, two,1\n\nlast,0\n"
    with pytest.raises(ConfigError, match=r"row 3 has 3 columns instead of 2 \(text, label\); .*uneven: drop"):
        read(tmp_path, content)
    rows = read(tmp_path, content, Params(text="text", label="label", uneven="drop"))
    assert rows[1:3] == [
        Dropped("uneven row: 3 columns instead of 2", "reviews.csv:3", "one,two,1"),
        Dropped("blank line", "reviews.csv:4"),
    ]
    assert len(rows) == 4


def test_an_open_quotation_is_an_error_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"row 3: .*quoting: none"):
        read(tmp_path, 'text,label\nfine,1\n"open,0\nlast,1\n')


def test_header_only_gives_no_rows_and_an_empty_file_is_an_error(tmp_path: Path) -> None:
    assert read(tmp_path, "text,label\n") == []
    with pytest.raises(ConfigError, match="empty"):
        read(tmp_path, "")


def test_a_delimiter_is_one_character(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one character"):
        read(tmp_path, "x", Params(text="x", delimiter="||"))
