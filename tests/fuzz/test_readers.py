"""Every reader of a corpus on files as nobody meant them: rows come out, or a ConfigError; and every row is there, kept or dropped."""

import bz2
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutated import FUZZED, encodings, mutated, refused

from malmoi import registry
from malmoi.cleaning import Drops
from malmoi.config import read
from malmoi.rows import WHOLE, Dropped, Example, Writer

CSV = '"id",text,label\n1,좋아요,긍정\n2,"싫어요, ""정말""\n두 줄",부정\n\n3, "말" ,긍정\n4,it’s,부정\n'.encode()
JSON = b"\n".join(
    json.dumps({"id": n, "text": t, "label": v}).encode() for n, t, v in [(1, "좋아요", 1), (2, "x", 1.0), (3, "싫어요", None)]
)
LINES = "__label__pos 좋아요\n__label__neg It’s bad. Dr. No left.\n\n__label__pos  끝\n".encode()
BILL = (
    "나무보호법 일부개정법률안\n\n제안이유\n\n  현행법은 숲이 줄고 있\n는 실정임.\n\n- 1 -\n\n"
    "  1. 숲\n\n신·구조문대비표\n\n비용추계서\n없음.\n"
).encode()
PAGE = "<page><title>{0}</title><ns>{1}</ns><id>{2}</id><revision><text>{3}</text></revision></page>"
WIKI = (
    "'''Hangul''' (한글) is the [[Korean language|Korean]] alphabet.{{cite|url=x}}\n== H ==\n* item\n{| class\n| a\n|}\n" + "long line " * 9
)
PAGES = [PAGE.format("A", 0, 1, "#REDIRECT [[B]]"), PAGE.format("B", 0, 2, WIKI), PAGE.format("Talk", 1, 3, "talk")]
DUMP = f"<mediawiki xmlns='http://x/export-0.10/'>{''.join(PAGES)}</mediawiki>".encode()


def tables() -> Iterator[bytes]:
    """Parquet files: of strings, categories, numbers with gaps, and lists; compressed or not."""
    words, values = ["좋아요", None, "x"], [1.0, float("nan"), 0.0]
    columns: dict[str, Any] = {"id": [1, 2, 3], "text": words, "label": values}
    for table in (pa.table(columns), pa.table({**columns, "label": pa.array(words).dictionary_encode(), "more": [[1], [], None]})):
        for compression in ("none", "zstd"):
            pq.write_table(table, found := BytesIO(), compression=compression)
            yield found.getvalue()


NAMED = {"text": "text", "label": "label"}
COLUMNS = st.sampled_from(
    [NAMED, {"text": "text"}, {**NAMED, "id": "id"}, {**NAMED, "document": "id"}, {**NAMED, "labels": {"1": "a", "긍정": "b"}}]
)
ENCODED = st.fixed_dictionaries({"encoding": st.just("utf-8") | encodings(), "on_error": st.sampled_from(["fail", "drop", "replace"])})
LAYOUT = st.fixed_dictionaries(
    {"quoting": st.sampled_from(["standard", "none"]), "uneven": st.sampled_from(["error", "drop"]), "unquote": st.integers(0, 2)},
    optional={"delimiter": st.sampled_from([";", "\t", " ", "말"]), "columns": st.just(["id", "text", "label"])},
)


def together(*options: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Options of a reader out of several groups."""
    return st.tuples(*options).map(lambda groups: {name: value for group in groups for name, value in group.items()})


CASES: dict[str, tuple[st.SearchStrategy[bytes], st.SearchStrategy[dict[str, Any]]]] = {
    "delimited": (mutated(CSV, CSV.replace(b",", b"\t")), together(COLUMNS, ENCODED, LAYOUT)),
    "json_lines": (mutated(JSON), together(COLUMNS, ENCODED)),
    "parquet": (mutated(*tables()), COLUMNS),
    "plain": (
        mutated(LINES),
        together(ENCODED, st.fixed_dictionaries({"unit": st.sampled_from(["line", "sentence"]), "strip": st.booleans()})),
    ),
    "fasttext_labels": (mutated(LINES), together(ENCODED, st.sampled_from([{}, {"labels": {"pos": "a"}}]))),
    "kobill": (mutated(BILL), st.sampled_from([{}, {"unit": "sentence", "anonymous": True}, {"unwrapped": ["file"]}])),
    "wikipedia": (mutated(DUMP) | mutated(DUMP).map(bz2.compress) | mutated(bz2.compress(DUMP)), st.just({"shortest": 5})),
}


def test_every_reader_is_tried() -> None:
    assert sorted(CASES) == registry.names("corpora")


@pytest.mark.parametrize("name", sorted(CASES))
@FUZZED
@given(data=st.data())
def test_rows_come_out_or_it_is_said_what_is_wrong(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    contents, options = CASES[name]
    path = tmp_path_factory.getbasetemp() / f"{name}-file"  # stays, so that an input that kills Python can be found
    path = path.with_suffix(".bz2") if name == "wikipedia" and data.draw(st.booleans()) else path
    path.write_bytes(data.draw(contents))
    reader = registry.find("corpora", name)
    given_options, language = data.draw(options), data.draw(st.sampled_from(["ko", "en", None, "ja"]))
    found: list[Example | Dropped] = []
    with refused(path.name, "encoding"):
        found = list(reader.read([path], read(reader.Params, given_options, "here"), language))
        assert name != "parquet" or len(found) == pq.ParquetFile(path).metadata.num_rows
    check(found)
    keep(found, path.with_name(f"{name}.parquet"))


def check(found: list[Example | Dropped]) -> None:
    """Each row is right by itself."""
    for row in found:
        if isinstance(row, Dropped):
            assert row.reason
            assert row.where
            continue
        assert row.label != ""
        assert row.label is None or row.label.lower() != "nan"
        for text in (row.id, row.text, row.label or "", row.document):
            assert "\0" not in text
            text.encode("utf-8")


def keep(found: list[Example | Dropped], path: Path) -> None:
    """Rows can be written, and dropped ones put into a card."""
    drops = Drops()
    with Writer(path, WHOLE) as writer:
        for row in found:
            if isinstance(row, Dropped):
                drops.add(row)
            else:
                writer.add((row.id, row.text, row.label, row.document, row.split, row.row))
    json.dumps([[row.text for row in rows] for rows in drops.first.values()], ensure_ascii=False).encode("utf-8")
    assert drops.counts.total() + sum(isinstance(row, Example) for row in found) == len(found)


@pytest.mark.parametrize("name", ["plain", "json_lines", "fasttext_labels"])
@FUZZED
@given(data=st.data())
def test_every_line_is_a_row(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = data.draw(mutated(JSON if name == "json_lines" else LINES))
    path = tmp_path_factory.getbasetemp() / f"{name}-lines"
    path.write_bytes(content)
    reader = registry.find("corpora", name)
    options = {"on_error": data.draw(st.sampled_from(["drop", "replace"]))} | ({"text": "text"} if name == "json_lines" else {})
    with refused(path.name):
        found = list(reader.read([path], read(reader.Params, options, "here")))
        assert len(found) == lines(content)


def lines(content: bytes) -> int:
    """How many lines there are by the rule of the readers."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    end = b"\n" if b"\n" in content else b"\r"
    content = content.removeprefix(b"\xef\xbb\xbf")
    return content.count(end) + bool(content and not content.endswith(end))
