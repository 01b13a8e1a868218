"""Every reader, and the tables of `predict`, on damaged files: rows or an error that a person can read, never a traceback, no row lost."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutated import RUN, mutations

from malmoi.config import ConfigError
from malmoi.corpora import delimited, fasttext_labels, json_lines, kobill, parquet, plain, wikipedia
from malmoi.rows import Dropped, Example
from tasks import _tables

TEXTS = ["좋아요", "It’s fine", 'a, "b"\nc', ""]
TABLE = [{"id": str(place), "text": text, "label": "긍정" if place % 2 else "부정"} for place, text in enumerate(TEXTS)]


def _csv(delimiter: str) -> bytes:
    quoted = [{name: '"' + value.replace('"', '""') + '"' for name, value in row.items()} for row in TABLE]
    return "\n".join(delimiter.join(row) for row in [["id", "text", "label"], *([*row.values()] for row in quoted)]).encode()


def _parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row | {"n": place * 0.5} for place, row in enumerate(TABLE)]), stream)
    return stream.getvalue()


JSON = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in TABLE).encode()
LAW = [
    "의안",
    "",
    "제안이유",
    " 이 법은 국민의 권리를 보호하기 위한 것임.",
    "- 1 -",
    "제1조(목적) 이 법은 다음과 같다.",
    "① 하나.",
    "신·구조문 대비표",
    "끝",
]
BILL = "\n".join(LAW).encode()
PARAGRAPH = b"'''A''' is the first letter of the [[alphabet]], and a long enough line of running text for a paragraph."
WIKI = b"<mediawiki><page><title>A</title><ns>0</ns><id>7</id><revision><text>%s</text></revision></page></mediawiki>" % PARAGRAPH
NAMES: dict[str, Any] = {"text": "text", "label": "label"}
on_error = st.sampled_from(["fail", "drop", "replace"])
encoding = st.sampled_from(
    ["utf-8", "utf-8", "cp949", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "utf-7", "idna", "rot13", "", "\0"]
)


def rows(reader: Any, params: Any, path: Path) -> list[Example | Dropped]:
    """What comes out, if anything does. Texts are such that they can be written, and every drop has its reason."""
    try:
        found = list(reader.read([path], params))
    except ConfigError:
        return []
    for row in found:
        assert isinstance(row, Example | Dropped)
        assert isinstance(row, Example) or row.reason
        if isinstance(row, Example):
            ".".join([row.id, row.text, row.label or "", row.document]).encode("utf-8")
            assert "\0" not in row.text
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@RUN
@given(data=mutations([_csv(","), _csv("\t"), _csv(";")]), how=st.fixed_dictionaries({}, optional={
    "delimiter": st.sampled_from([",", "\t", ";", "", ",,", '"', "\n", "가"]), "encoding": encoding, "on_error": on_error,
    "quoting": st.sampled_from(["standard", "none"]), "unquote": st.integers(0, 2), "uneven": st.sampled_from(["error", "drop"]),
    "skip_space": st.booleans(), "columns": st.sampled_from([None, ["text", "label"], ["text", "text"], []]),
    "labels": st.sampled_from([{}, {"긍정": "good"}]), "id": st.sampled_from([None, "id"]), "document": st.sampled_from([None, "id"]),
}))  # fmt: skip
def test_delimited(folder: Path, data: bytes, how: dict[str, Any]) -> None:
    path = folder / "x.csv"
    path.write_bytes(data)
    rows(delimited, delimited.Params(**NAMES, **how), path)


@RUN
@given(data=mutations([JSON]), encoding=encoding, on_error=on_error)
def test_json_lines(folder: Path, data: bytes, encoding: str, on_error: Any) -> None:
    path = folder / "x.jsonl"
    path.write_bytes(data)
    found = rows(json_lines, json_lines.Params(**NAMES, encoding=encoding, on_error=on_error), path)
    if found and encoding == "utf-8" and data.count(b"\r") == 0:
        assert len(found) == data.removesuffix(b"\n").count(b"\n") + 1  # a row for each line, kept or dropped with its reason


@RUN
@given(data=mutations([b"__label__a one\n__label__b two\n", "__label__긍정 좋아요\n".encode()]), encoding=encoding, on_error=on_error)
def test_fasttext_labels(folder: Path, data: bytes, encoding: str, on_error: Any) -> None:
    path = folder / "x.txt"
    path.write_bytes(data)
    found = rows(fasttext_labels, fasttext_labels.Params(encoding=encoding, on_error=on_error), path)
    if found and encoding == "utf-8" and data.count(b"\r") == 0:
        assert len(found) == data.removesuffix(b"\n").count(b"\n") + 1


@RUN
@given(
    data=mutations(["말모이\n둘째 줄. 셋째 문장!\n".encode(), b"one\ntwo\n"]),
    encoding=encoding,
    on_error=on_error,
    unit=st.sampled_from(["line", "sentence"]),
)
def test_plain(folder: Path, data: bytes, encoding: str, on_error: Any, unit: Any) -> None:
    path = folder / "x.txt"
    path.write_bytes(data)
    rows(plain, plain.Params(encoding=encoding, on_error=on_error, unit=unit), path)


@RUN
@given(data=mutations([_parquet()]))
def test_parquet(folder: Path, data: bytes) -> None:
    path = folder / "x.parquet"
    path.write_bytes(data)
    rows(parquet, parquet.Params(**NAMES), path)


@RUN
@given(data=mutations([BILL]), unit=st.sampled_from(["passage", "sentence"]), anonymous=st.booleans())
def test_kobill(folder: Path, data: bytes, unit: Any, anonymous: bool) -> None:
    path = folder / "1809890.txt"
    path.write_bytes(data)
    rows(kobill, kobill.Params(unit=unit, anonymous=anonymous), path)


@RUN
@given(data=mutations([WIKI]), packed=st.booleans())
def test_wikipedia(folder: Path, data: bytes, packed: bool) -> None:
    path = folder / ("x.xml.bz2" if packed else "x.xml")
    path.write_bytes(data)
    rows(wikipedia, wikipedia.Params(shortest=10), path)


@RUN
@given(
    seed=st.sampled_from([("csv", _csv(",")), ("tsv", _csv("\t")), ("jsonl", JSON), ("txt", b"a\nb\n"), ("parquet", _parquet())]).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), mutations([pair[1]]))
    ),
    encoding=encoding,
    on_error=on_error,
    delimiter=st.sampled_from(["", ",", ";", "가가"]),
    out=st.sampled_from(["csv", "tsv", "jsonl", "parquet"]),
)
def test_tables_of_predict(folder: Path, seed: tuple[str, bytes], encoding: str, on_error: Any, delimiter: str, out: str) -> None:
    path, left_out = folder / f"in.{seed[0]}", _tables.LeftOut()
    path.write_bytes(seed[1])
    parts = []
    try:
        for number, table in enumerate(_tables.parts(path, _tables.Reading(2, encoding, delimiter, on_error), left_out)):
            part = folder / f"{number}.parquet"
            pq.write_table(table, part)
            parts.append(part)
        _tables.write(folder / f"out.{out}", parts)
    except ConfigError:
        return
