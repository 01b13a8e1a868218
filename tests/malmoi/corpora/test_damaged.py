"""Files as people really have them: stray bytes, wrong encodings, NUL bytes, lone carriage returns, repeated columns, missing labels."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from malmoi.config import ConfigError
from malmoi.corpora import delimited, fasttext_labels, json_lines, parquet, plain
from malmoi.rows import Dropped, Example

KOREAN = ["배송이 빨라서 좋아요", "다시는 안 사요", "포장이 예쁩니다", "색이 달라서 실망했어요"]
ENGLISH = ["It is fine", "I would not buy it again", "A nice colour", "Not what I ordered"]


def rows(texts: list[str], count: int) -> list[str]:
    return [f"{texts[place % len(texts)]} {place},{'좋음' if place % 2 else 'bad'}" for place in range(count)]


def written(folder: Path, content: bytes, name: str = "reviews.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, **options: Any) -> list[Example | Dropped]:
    return list(delimited.read([path], delimited.Params(**{"text": "text", "label": "label", **options})))


def labels(found: list[Example | Dropped]) -> list[str | None]:
    return [row.label for row in found if isinstance(row, Example)]


def dropped(found: list[Example | Dropped]) -> list[tuple[str, str]]:
    return [(row.reason, row.where) for row in found if isinstance(row, Dropped)]


@pytest.fixture
def stray(tmp_path: Path) -> Path:
    """A CP949 file of 3,001 rows with a byte that is none of its in the last one, far beyond the first block."""
    content = "\n".join(["text,label", *rows(KOREAN, 3_000)]).encode("cp949")
    return written(tmp_path, content + b"\n\xc6\xf7\xc0\xe5\xff \xc1\xc1\xbe\xc6\xbf\xe4,bad\n")


@pytest.mark.parametrize("language", ["ko", ""])
def test_a_stray_byte_is_told_with_its_row_and_neighbours_and_no_mojibake_is_advised(stray: Path, language: str) -> None:
    params = delimited.Params(text="text", label="label", encoding="cp949")
    with pytest.raises(ConfigError) as caught:
        list(delimited.read([stray], params, language or None))
    said = str(caught.value)
    assert "reviews.csv: row 3002 is not cp949 (byte 0xff at its character 3, after '포장' and before ' 좋아요" in said
    assert "on_error: drop" in said
    assert "encoding:" not in said


def test_a_damaged_row_can_be_dropped_or_mended(stray: Path) -> None:
    assert dropped(read(stray, encoding="cp949", on_error="drop")) == [("not cp949", "reviews.csv:3002")]
    last = read(stray, encoding="cp949", on_error="replace")[-1]
    assert isinstance(last, Example)
    assert last.text == "포장� 좋아요"


@pytest.mark.parametrize(
    ("texts", "written_as", "read_as", "language", "advised"),
    [
        (KOREAN, "cp949", "utf-8", "ko", "cp949"),
        (KOREAN, "cp949", "utf-8", "", "cp949"),
        (KOREAN, "utf-8", "cp949", "ko", "utf-8"),
        (KOREAN, "utf-16", "utf-8", "ko", "utf-16"),
        (KOREAN, "utf-16-le", "utf-8", "ko", "utf-16-le"),
        (KOREAN, "utf-16-be", "utf-8", "ko", "utf-16-be"),
        (KOREAN, "utf-32", "utf-8", "ko", "utf-32"),
        (ENGLISH, "utf-16-le", "utf-8", "en", "utf-16-le"),
        (["It’s “fine” – really…"], "cp1252", "utf-8", "en", "cp1252"),
        (["It’s “fine” – really…"], "cp1252", "utf-8", "", "cp1252"),
    ],
)
def test_an_encoding_is_advised_where_its_text_is_more_like_the_language(
    tmp_path: Path, texts: list[str], written_as: str, read_as: str, language: str, advised: str
) -> None:
    lines = [f"{texts[place % len(texts)]} {place}" for place in range(60)]
    path = written(tmp_path, "\n".join(lines).encode(written_as), "texts.txt")
    with pytest.raises(ConfigError) as caught:
        list(plain.read([path], plain.Params(encoding=read_as), language or None))
    said = str(caught.value)
    assert said.partition("set encoding: ")[2].split(",")[0].split(";")[0] == advised
    assert [row.text for row in plain.read([path], plain.Params(encoding=advised)) if isinstance(row, Example)] == lines


def test_an_english_apostrophe_of_windows_is_no_korean(tmp_path: Path) -> None:
    """0x92 and the letter behind it are a Hangul syllable in CP949."""
    content = "\n".join(["text,label", *rows(ENGLISH, 50)]).replace("좋음", "good").encode() + b"\nit\x92s fine,bad\n"
    for language in ("en", ""):
        with pytest.raises(ConfigError) as caught:
            list(delimited.read([written(tmp_path, content)], delimited.Params(text="text", label="label"), language or None))
        assert "cp949" not in str(caught.value)
        assert "set encoding: cp1252" in str(caught.value)


@pytest.mark.parametrize("before", [49, 3_499])
def test_a_nul_byte_is_the_same_in_the_first_block_and_later(tmp_path: Path, before: int) -> None:
    lines = ["text,label", *rows(KOREAN, before), "좋\0아요,bad", *rows(KOREAN, 20)]
    found = read(written(tmp_path, "\n".join(lines).encode()))
    assert dropped(found) == [("holds a NUL byte", f"reviews.csv:{before + 2}")]
    assert len(found) == before + 21


NO_TEXT = {
    "a ZIP archive": b"PK\x03\x04" + bytes(range(256)),
    "binary": bytes(range(32)) * 40 + bytes(range(256)),
    "a Parquet table": b"PAR1\x15\x04",
}


@pytest.mark.parametrize("said", NO_TEXT)
def test_what_is_no_text_is_told(tmp_path: Path, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(written(tmp_path, NO_TEXT[said]))


@pytest.mark.parametrize("separator", ["\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, separator: str) -> None:
    text = f"앞{separator}뒤"
    csv = read(written(tmp_path, f'text,label\n{text},a\n"{text}",b\r\n'.encode()))
    tsv = read(written(tmp_path, f"text\tlabel\n{text}\ta\n".encode()), delimiter="\t", quoting="none")
    lines = written(tmp_path, f"__label__a {text}\n__label__b {text}\n".encode(), "x.txt")
    fast = list(fasttext_labels.read([lines], fasttext_labels.Params()))
    whole = list(plain.read([written(tmp_path, f"{text}\n{text}\r\n".encode(), "y.txt")], plain.Params()))
    objects = written(tmp_path, (json.dumps({"text": text}, ensure_ascii=False).replace("\\r", " ") + "\n").encode(), "z.jsonl")
    assert len(list(json_lines.read([objects], json_lines.Params(text="text")))) == 1
    for found in (csv, tsv, fast, whole):
        assert {row.text for row in found} == {text}
        assert len(found) == len({row.row for row in found if isinstance(row, Example)})


def test_a_file_of_an_old_mac_has_lines(tmp_path: Path) -> None:
    assert labels(read(written(tmp_path, "text,label\r좋다,a\r나쁘다,b\r".encode()))) == ["a", "b"]


def test_a_column_that_is_read_may_not_be_there_twice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"reviews.csv: row 1: column 'text' is there more than once"):
        read(written(tmp_path, b"text,label,text\na,b,c\n"))
    assert len(read(written(tmp_path, b"text,label,memo,memo\na,b,c,d\n"))) == 1
    twice = written(tmp_path, b'{"text": "a", "label": "x"}\n{"text": "a", "text": "b", "label": "x"}\n', "x.jsonl")
    found = list(json_lines.read([twice], json_lines.Params(text="text", label="label")))
    [(reason, where)] = dropped(found)
    assert (where, "text" in reason or "twice" in reason or "more than once" in reason) == ("x.jsonl:2", True)
    table = pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match="column 'text' is there more than once"):
        list(parquet.read([tmp_path / "x.parquet"], parquet.Params(text="text")))


def test_names_of_columns_are_the_same_in_nfc_and_nfd_and_with_invisible_characters(tmp_path: Path) -> None:
    import unicodedata

    header = unicodedata.normalize("NFD", "\ufeff리뷰\u200b, 평점 ")
    assert labels(read(written(tmp_path, f"{header}\n좋다,5\n".encode()), text="리뷰", label="평점")) == ["5"]
    objects = written(tmp_path, json.dumps({unicodedata.normalize("NFD", "리뷰"): "좋다"}).encode(), "x.jsonl")
    assert len(list(json_lines.read([objects], json_lines.Params(text="리뷰")))) == 1
    pq.write_table(pa.table({unicodedata.normalize("NFD", "리뷰"): ["좋다"]}), tmp_path / "x.parquet")
    [found] = parquet.read([tmp_path / "x.parquet"], parquet.Params(text="리뷰"))
    assert isinstance(found, Example)


def test_a_missing_label_is_no_class(tmp_path: Path) -> None:
    values = [1.0, float("nan"), None, 0.0]
    objects = written(tmp_path, "".join(json.dumps({"text": "좋다", "label": value}) + "\n" for value in values).encode(), "x.jsonl")
    pq.write_table(pa.table({"text": ["좋다"] * 4, "label": values}), tmp_path / "x.parquet")
    for found in (
        list(json_lines.read([objects], json_lines.Params(text="text", label="label"))),
        list(parquet.read([tmp_path / "x.parquet"], parquet.Params(text="text", label="label"))),
        read(written(tmp_path, "text,label\n좋다,1\n좋다,nan\n좋다,\n좋다,0\n".encode())),
    ):
        assert labels(found) == ["1", "0"]
        assert [reason for reason, _ in dropped(found)] == ["no label"] * 2
    assert labels(read(written(tmp_path, b"text,label\na,None\n"), labels={"None": "neutral"})) == ["neutral"]


def test_one_class_is_not_several(tmp_path: Path) -> None:
    objects = [{"text": "x", "label": value} for value in (1, 1.0, "1", " 1", "1\u200b", "\ufeff1", "1\u00a0")]
    path = written(tmp_path, "".join(json.dumps(one) + "\n" for one in objects).encode(), "x.jsonl")
    assert set(labels(list(json_lines.read([path], json_lines.Params(text="text", label="label"))))) == {"1"}
    with pytest.raises(ConfigError, match=r"label '1.0' is the same number as label '1'"):
        read(written(tmp_path, b"text,label\na,1\nb,1.0\n"))
    assert labels(read(written(tmp_path, b"text,label\na,1\nb,1.0\n"), labels={"1": "x", "1.0": "x"})) == ["x", "x"]


def test_quotation_marks_behind_a_space_are_no_part_of_the_class(tmp_path: Path) -> None:
    found = read(written(tmp_path, 'text, label\n"좋다", "긍정"\n나쁘다, "부""정"\n'.encode()))
    assert labels(found) == ["긍정", '부"정']
    assert labels(read(written(tmp_path, b'text, label\n"a, b", "c, d"\n'))) == ["c, d"]


def test_a_label_that_nobody_asked_for_is_told_with_its_value(tmp_path: Path) -> None:
    [first, _] = read(written(tmp_path, b"text,label\na,1.0\nb,0.0\n"), labels={"1": "good", "0": "bad"})
    assert isinstance(first, Dropped)
    assert (first.reason, first.value) == ("label is not in `labels`", "1.0")


def test_a_wrong_delimiter_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='if ";" stands between the columns, set delimiter: ";"'):
        read(written(tmp_path, b"text;label\na;b\n"))
