"""Tables that predict reads and writes, on files as nobody meant them: they come out as any kind, or a ConfigError says what is wrong."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutated import FUZZED, encodings, mutated, refused

from malmoi.config import ConfigError
from tasks import _tables, _tables_written

CSV = 'id,text,memo\n1,좋아요,a\n2,"싫어요, ""정말""\n두 줄",\n\n3, "말" ,c\n4,   ,d\n'.encode()
OBJECTS: list[dict[str, Any]] = [
    {"id": 1, "text": "좋아요", "more": {"a": [1, "b", None]}},
    {"id": 2.5, "text": None},
    {"text": "x", "more": []},
]
JSON = "\n".join(json.dumps(row, ensure_ascii=False) for row in OBJECTS).encode()
SEEDS = {".csv": CSV, ".tsv": CSV.replace(b",", b"\t"), ".jsonl": JSON, ".txt": "좋아요\n\n싫어요\n".encode(), ".JSONL": JSON}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(st.characters(codec=None), max_size=3), inside, max_size=3),
    max_leaves=6,
)


def written(source: _tables.Source, rows: int, folder: Path) -> None:
    """Read the file in parts, keep them, and write them as every kind; what was counted agrees."""
    files, count = [], 0
    for number, part in enumerate(_tables.parts(source, rows, choose)):
        assert len(part.texts) == len(part.table)
        assert part.texts.count(None) == part.without.total()
        assert all(text is None or text.strip() for text in part.texts)
        table = part.table if "label" in part.table.column_names else part.table.append_column("label", pa.array(part.texts, pa.string()))
        files.append(folder / f"{number}.parquet")
        pq.write_table(table, files[-1])
        count += len(table)
    for kind in (".csv", ".jsonl", ".txt"):
        _tables_written.write(folder / f"out{kind}", files)
    with refused("out.parquet"):
        _tables_written.write(folder / "out.parquet", files)
    assert (folder / "out.txt").read_bytes().count(b"\n") >= count
    assert (folder / "out.jsonl").read_bytes().count(b"\n") == count


def choose(names: list[str]) -> str:
    """The column with the texts, as predict chooses it."""
    if "text" in names or len(names) == 1:
        return "text" if "text" in names else names[0]
    raise ConfigError(f"which of {names}?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the last input stays, so that one that kills Python can be found."""
    return tmp_path_factory.mktemp("tables")


@pytest.mark.parametrize("kind", sorted(SEEDS))
@FUZZED
@given(data=st.data())
def test_a_table_comes_out_or_it_is_said_what_is_wrong(kind: str, data: st.DataObject, folder: Path) -> None:
    path = folder / f"in{kind}"
    path.write_bytes(data.draw(mutated(SEEDS[kind])))
    source = _tables.Source(
        path,
        data.draw(st.just("utf-8") | encodings()),
        data.draw(st.sampled_from([None, ";", "\t", " "])),
        *(data.draw(st.sampled_from(choice)) for choice in (["standard", "none"], ["error", "drop"], ["fail", "drop", "replace"])),
        language=data.draw(st.sampled_from(["ko", "en", None])),
    )
    size = data.draw(st.sampled_from([1, 2, 1000]))
    with refused(str(path), "encoding", "which of"):
        written(source, size, folder)


@FUZZED
@given(data=st.data())
def test_a_parquet_table(data: st.DataObject, folder: Path) -> None:
    path = folder / "in.parquet"
    pq.write_table(pa.table({"text": ["좋아요", None, " "], "n": [1, None, 3], "more": [[1], [], None], "word": ["a", "b", "a"]}), path)
    path.write_bytes(data.draw(mutated(path.read_bytes())))
    with refused(str(path), "which of", "column"):
        written(_tables.Source(path), 2, folder)


@FUZZED
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["id", "more", "말", "\ud800"]), VALUES), min_size=1, max_size=6), size=st.integers(1, 3)
)
def test_values_of_any_kind_come_out_as_they_went_in(rows: list[dict[str, Any]], size: int, folder: Path) -> None:
    path = folder / "values.jsonl"
    path.write_text("".join(json.dumps({"text": "x", **row}) + "\n" for row in rows), encoding="utf-8")
    written(_tables.Source(path), size, folder)
    found = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [row["text"] for row in found] == ["x"] * len(rows)
