"""CSV and TSV with the quirks that real files have."""

import itertools
import re
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


def test_a_repeated_column_is_an_error_where_it_is_read(tmp_path: Path) -> None:
    said = r"reviews.csv: row 1: column 'text' is there more than once \(columns 1, 3\)"
    for header in ("text,label,text", "text,label, text "):
        with pytest.raises(ConfigError, match=said):
            read(tmp_path, f"{header}\nx,1,y\n")
    assert [row.text for row in read(tmp_path, "text,label,,\nx,1,,\n")] == ["x"]
    with pytest.raises(ConfigError, match="'리뷰' is there more than once"):
        read(tmp_path, f"리뷰,{unicodedata.normalize('NFD', '리뷰')}\nx,y\n", Params(text="리뷰"))


def test_names_of_columns_are_compared_in_nfc(tmp_path: Path) -> None:
    for header, asked in itertools.permutations(("리뷰", unicodedata.normalize("NFD", "리뷰"))):
        assert [row.text for row in read(tmp_path, f"{header},n\nx,1\n", Params(text=asked))] == ["x"]


@pytest.mark.parametrize("value", ["", "NaN", "nan", "null", "NULL", "None", "<NA>", "NA", "N/A", "\u200b", "\u3164"])
def test_a_missing_label_is_no_class(tmp_path: Path, value: str) -> None:
    rows = read(tmp_path, f"text,label\nx,{value}\n")
    assert rows == [Dropped("no label", "reviews.csv:2", f"{value!r}: x")]


def test_a_word_for_missing_is_a_class_where_labels_says_so(tmp_path: Path) -> None:
    params = Params(text="text", label="label", labels={"None": "neutral"})
    assert [getattr(row, "label", "dropped") for row in read(tmp_path, "text,label\nx,None\ny,null\n", params)] == ["neutral", "dropped"]


@pytest.mark.parametrize(
    "odd", ["긍\u200b정", "\ufeff긍정", "긍정\u00a0", "\u3000긍정", "긍정\u200e", "긍\u00ad정", "NFD", "긍정\x08", "긍정\ufe0f"]
)
def test_labels_that_look_the_same_are_the_same_class(tmp_path: Path, odd: str) -> None:
    odd = unicodedata.normalize("NFD", "긍정") if odd == "NFD" else odd
    for labels in ({}, {"긍정": "긍정"}, {odd: odd}):
        rows = read(tmp_path, f"text,label\nx,긍정\ny,{odd}\n", Params(text="text", label="label", labels=labels))
        assert [row.label for row in rows if isinstance(row, Example)] == ["긍정", "긍정"]


@pytest.mark.parametrize("other", ["1.0", "01", "+1", "1."])
def test_labels_that_are_the_same_number_are_an_error_unless_labels_says_what_they_are(tmp_path: Path, other: str) -> None:
    content = f"text,label\nx,1\ny,0\nz,{other}\n"
    with pytest.raises(ConfigError, match=rf"reviews.csv:4: label '{re.escape(other)}' is the same number as label '1' \(reviews.csv:2\)"):
        read(tmp_path, content)
    rows = read(tmp_path, content, Params(text="text", label="label", labels={"1": "a", other: "a", "0": "b"}))
    assert [row.label for row in rows if isinstance(row, Example)] == ["a", "b", "a"]


def test_a_quotation_after_a_space_is_a_quotation(tmp_path: Path) -> None:
    rows = read(tmp_path, 'text, label\n"one, two", "b"\nthree,  "c, ""d"""\n')
    assert [(row.text, row.label) for row in rows if isinstance(row, Example)] == [("one, two", "b"), ("three", 'c, "d"')]
    kept = read(tmp_path, 'text,label\n x, "b"\n', Params(text="text", label="label", quoting="none"))
    assert [(row.text, row.label) for row in kept if isinstance(row, Example)] == [(" x", '"b"')]


@pytest.mark.parametrize("odd", ["\r", "\r\r", "\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_lone_line_end_of_another_kind_stays_in_its_text(tmp_path: Path, odd: str, quote: str) -> None:
    rows = read(tmp_path, f"label,text\n1,{quote}good{odd}2,bad{quote}\n0,last\n".replace("2,", "2;"))
    assert [(row.text, row.label) for row in rows if isinstance(row, Example)] == [(f"good{odd}2;bad", "1"), ("last", "0")]


def test_line_ends_of_old_macs(tmp_path: Path) -> None:
    assert [row.text for row in read(tmp_path, "text,label\rgood,1\rbad,0\r")] == ["good", "bad"]


def test_a_stray_byte_in_a_row_of_several_lines(tmp_path: Path) -> None:
    content = b'text,label\n"one\ntwo\xff",a\nthree,b\n'
    with pytest.raises(ConfigError, match=r"row 3 is not utf-8 \(byte 0xff at its character 4, after 'two'"):
        read(tmp_path, content)
    dropped = read(tmp_path, content, Params(text="text", label="label", on_error="drop"))
    assert [getattr(row, "reason", row.text) for row in dropped] == ["not utf-8", "three"]
    first, _ = read(tmp_path, content, Params(text="text", label="label", on_error="replace"))
    assert first == Example("reviews.csv:2", "one\ntwo\ufffd", "a", "reviews.csv", row=2, replaced=1)


def test_a_stray_byte_in_the_names_of_the_columns_cannot_be_dropped(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"row 1 has the names of the columns, and is not utf-8: te\\xffxt"):
        read(tmp_path, b"te\xffxt,label\nx,1\n", Params(text="text", on_error="drop"))


def test_another_delimiter_is_advised(tmp_path: Path) -> None:
    for delimiter, shown in {";": ";", "\t": r"\\t", "|": r"\|"}.items():
        with pytest.raises(ConfigError, match=rf"row 1: with delimiter ',' there is one column only.*set delimiter: \"{shown}\""):
            read(tmp_path, f"id{delimiter}text\n1{delimiter}x\n", Params(text="text"))
    assert [row.text for row in read(tmp_path, "good; bad\nx\n", Params(text="good; bad"))] == ["x"]


def test_ids_and_documents_that_are_missing_drop_the_row(tmp_path: Path) -> None:
    params = Params(text="text", id="id", document="document")
    rows = read(tmp_path, "text,id,document\nx,,d\ny,1,\nz,2,d\n", params)
    assert [getattr(row, "reason", row.text) for row in rows] == ["no id", "no document", "z"]


def test_nul_bytes_in_any_column_that_is_read(tmp_path: Path) -> None:
    rows = read(tmp_path, "text,label,memo\nx\0,1,m\ny,1\0,m\nz,1,m\0\n")
    assert [getattr(row, "reason", row.text) for row in rows] == ["holds a NUL byte", "holds a NUL byte", "z"]
