"""predict and the files that people have: what ingest reads, it reads; no text, no answer; and the texts are not overwritten."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.__main__ import main

COURT, HOUSE = "법원은 재판을 한다", "국회는 예산을 심의한다"
ANSWERS = {COURT: "법원", HOUSE: "국회"}


@pytest.fixture(scope="module")
def model(make_out: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier."""
    return make_out(tmp_path_factory.mktemp("predicted")) / "train/bills-linear/seed-1"


@pytest.fixture
def ask(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command in an empty folder; returns its status and what it said. A traceback fails the test."""
    monkeypatch.chdir(tmp_path)

    def run(source: str, out: str, *options: str) -> tuple[int, str]:
        status = main(["predict", "--model", str(model), "--in", source, "--out", out, *options])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def rows(file: str) -> list[dict[str, Any]]:
    """Rows of a .jsonl."""
    return [json.loads(line) for line in Path(file).read_text(encoding="utf-8").split("\n")[:-1]]


def labels(file: str) -> list[Any]:
    """What was answered."""
    return [row["label"] for row in rows(file)]


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("bom.csv", f"text,id\n{COURT},1\n".encode("utf-8-sig"), ["--encoding", "UTF-8"]),
        ("bom.csv", f"text,id\n{COURT},1\n".encode("utf-8-sig"), ["--encoding", "utf8"]),
        ("bom.csv", f"text,id\n{COURT},1\n".encode("utf-16"), ["--encoding", "utf-16"]),
        ("ws.csv", f"id, text\n1,{COURT}\n".encode(), []),
        ("quotes.csv", f'id, text\n1, "{COURT}"\n'.encode(), []),
        ("up.CSV", f"text\n{COURT}\n".encode(), []),
        ("up.TSV", f"id\ttext\n1\t{COURT}\n".encode(), []),
        ("up.JSONL", json.dumps({"text": COURT}).encode(), []),
        ("semi.csv", f"id;text\n1;{COURT}\n".encode(), ["--delimiter", ";"]),
        ("tab.csv", f"id\ttext\n1\t{COURT}\n".encode(), ["--delimiter", r"\t"]),
        ("mac.csv", f"id,text\r1,{COURT}\r".encode(), []),
        ("cp949.csv", f"id,text\n1,{COURT}\n".encode("cp949"), ["--encoding", "ms949"]),
        ("loose.csv", f'id,text\n1,"{COURT}\n'.encode(), ["--quoting", "none"]),
        ("uneven.csv", f"id,text\n1,{COURT}\n1,2,3\n".encode(), ["--uneven", "drop"]),
        ("nfd.csv", f"id,리뷰\n1,{COURT}\n".encode(), ["--text", "리뷰"]),
    ],
)
def test_what_ingest_reads_predict_reads(ask: Callable[..., tuple[int, str]], name: str, content: bytes, options: list[str]) -> None:
    Path(name).write_bytes(content)
    status, said = ask(name, "out.jsonl", *options)
    assert status == 0, said
    assert labels("out.jsonl") == ["법원"]


def test_a_field_as_long_as_ingest_takes(ask: Callable[..., tuple[int, str]]) -> None:
    Path("long.csv").write_text(f"id,text\n0,{f'{COURT} ' * 20_000}\n", encoding="utf-8")
    assert ask("long.csv", "out.csv")[0] == 0


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_file_with_another_delimiter_is_not_answered(ask: Callable[..., tuple[int, str]], sign: str) -> None:
    Path("in.csv").write_text(f"id{sign}text\n1{sign}{COURT}\n", encoding="utf-8")
    status, said = ask("in.csv", "out.csv")
    assert (status, Path("out.csv").exists()) == (1, False)
    assert f'give --delimiter "{sign}"'.replace("\t", r"\t") in said


@pytest.mark.parametrize("blank", ["", "   ", "\u3000", "\u200b", "\u00a0"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "txt"])
def test_a_text_that_shows_nothing_has_no_answer(ask: Callable[..., tuple[int, str]], kind: str, blank: str) -> None:
    texts = [COURT, blank, HOUSE]
    if kind == "parquet":
        pq.write_table(pa.table({"n": [1, 2, 3], "text": texts}), "in.parquet")
    elif kind == "jsonl":
        Path("in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    elif kind == "txt":
        Path("in.txt").write_text("\n".join(texts), encoding="utf-8")
    else:
        sign = "," if kind == "csv" else "\t"
        Path(f"in.{kind}").write_text(f"n{sign}text\n" + "".join(f"1{sign}{text}\n" for text in texts), encoding="utf-8")
    status, said = ask(f"in.{kind}", "out.jsonl")
    assert (status, labels("out.jsonl")) == (0, ["법원", None, "국회"])
    assert "3 rows in" in said
    assert "1 have no text, and no answer" in said


def test_lines_of_a_txt_stay_side_by_side(ask: Callable[..., tuple[int, str]]) -> None:
    Path("in.txt").write_bytes(f"{COURT}\n\n{COURT}\0\n".encode() + b"\xff\n" + f"{HOUSE}\r{HOUSE}\n".encode())
    status, said = ask("in.txt", "out.txt", "--on-error", "drop")
    assert status == 0
    assert Path("out.txt").read_text(encoding="utf-8") == "법원\n\n\n\n국회\n"
    assert "1 hold a NUL byte, 1 have no text, 1 not utf-8, and no answer" in said


def test_a_stray_byte_is_named_and_dropped_or_replaced(ask: Callable[..., tuple[int, str]]) -> None:
    content = "id,text\n" + "".join(f"{row},{COURT}\n" for row in range(3_000))
    Path("in.csv").write_bytes(content.encode("cp949") + b"3000,\xff" + COURT.encode("cp949"))
    status, said = ask("in.csv", "out.jsonl", "--encoding", "cp949")
    assert status == 1
    assert "row 3002 is not cp949 (byte 0xff at its character 6, after '3000,' and before '법원은 재판을 한다')" in said
    assert "give --on-error drop" in said
    assert "--encoding" not in said
    status, said = ask("in.csv", "out.jsonl", "--encoding", "cp949", "--on-error", "drop")
    assert (status, len(rows("out.jsonl"))) == (0, 3_000)
    assert "left out: 1 not cp949" in said
    status, said = ask("in.csv", "out.jsonl", "--encoding", "cp949", "--on-error", "replace")
    assert (status, rows("out.jsonl")[-1]["text"]) == (0, f"\ufffd{COURT}")
    assert "1 hold U+FFFD" in said


def test_half_an_emoji_where_it_is_asked_and_where_not(ask: Callable[..., tuple[int, str]]) -> None:
    lines = [
        r'{"id": 1, "memo": "y", "text": "좋아요 \ud83d"}',
        f'{{"id": 2, "memo": "x\\ud83d", "text": "{COURT}"}}',
        '{"more": ["\\udc00"]}',
    ]
    Path("in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for out in ("out.csv", "out.parquet", "out.jsonl"):
        status, said = ask("in.jsonl", out)
        assert status == 0
        assert "1 have no text, 1 not valid Unicode (a lone surrogate), and no answer; 3 hold U+FFFD" in said
    assert [(row["memo"], row["label"], row["more"]) for row in rows("out.jsonl")] == [
        ("y", None, None),
        ("x\ufffd", "법원", None),
        (None, None, ["\ufffd"]),
    ]


def test_numbers_and_objects_that_no_column_holds_come_out_as_they_went_in(ask: Callable[..., tuple[int, str]]) -> None:
    given = [
        {"id": 10**29, "mixed": 1, "deep": {}, "text": COURT},
        {"id": 1, "mixed": "one", "deep": {"a": [{}]}, "text": None},
        {"id": -1, "mixed": 2.5, "deep": None, "text": float("nan")},
        {"id": 2, "mixed": [1], "deep": 2**64, "text": HOUSE},
        {"id": 3, "mixed": 3, "text": HOUSE},
    ]
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    status, said = ask("in.jsonl", "out.jsonl", "--rows", "4")
    assert (status, "2 have no text" in said) == (0, True)
    found = rows("out.jsonl")
    assert [[row.get(name) for name in ("id", "mixed", "deep")] for row in found] == [
        [row.get(name) for name in ("id", "mixed", "deep")] for row in given
    ]
    assert [row["label"] for row in found] == ["법원", None, None, "국회", "국회"]
    assert ask("in.jsonl", "out.parquet", "--rows", "4")[0] == 0
    table = pq.read_table("out.parquet").to_pylist()
    assert [row["id"] for row in table] == [str(10**29), "1", "-1", "2", "3"]
    assert [row["mixed"] for row in table] == ["1", '"one"', "2.5", "[1]", "3"]
    assert ask("in.jsonl", "out.csv", "--rows", "4")[0] == 0


def test_cells_with_line_ends_come_out_as_they_went_in(ask: Callable[..., tuple[int, str]]) -> None:
    content = f'memo,text\n"a\r\nb",{COURT}\n"c\rd",{COURT}\n"e\nf",{COURT}\n'
    Path("in.csv").write_text(content, encoding="utf-8", newline="")
    assert ask("in.csv", "out.csv")[0] == 0
    assert ask("out.csv", "again.jsonl")[0] == 1, "has a column label already"
    out = Path("out.csv").read_bytes().decode()
    assert out.startswith(f'memo,text,label,probability\n"a\r\nb",{COURT},법원,')
    assert f'"c\rd",{COURT}' in out


@pytest.mark.parametrize("link", ["same", "symbolic", "hard", "folder", "dots"])
def test_the_texts_are_not_overwritten(ask: Callable[..., tuple[int, str]], tmp_path: Path, link: str) -> None:
    (tmp_path / "folder").mkdir()
    source = tmp_path / "folder/in.csv"
    source.write_text(f"text\n{COURT}\n", encoding="utf-8")
    (tmp_path / "other").symlink_to("folder")
    out = {
        "same": source,
        "symbolic": tmp_path / "link.csv",
        "hard": tmp_path / "hard.csv",
        "folder": tmp_path / "other/in.csv",
        "dots": tmp_path / "folder/../folder/in.csv",
    }[link]
    if link == "symbolic":
        out.symlink_to(source)
    elif link == "hard":
        os.link(source, out)
    for given, made in ((source, out), (out, source)):
        status, said = ask(str(given), str(made))
        assert (status, source.read_text(encoding="utf-8")) == (1, f"text\n{COURT}\n")
        assert "would be overwritten; name another one with --out" in said


@pytest.mark.parametrize(
    ("source", "out", "options", "said"),
    [
        ("in.csv", "folder.csv", [], "this is a folder"),
        ("in.csv", "in.csv/out.csv", [], "in.csv is a file, not a folder"),
        ("in.csv", "x" * 300 + ".csv", [], "File name too long"),
        ("in.csv", "out.csv", ["--rows", "9" * 30], "--rows should be 1 to 10,000,000"),
        ("in.csv", "out.csv", ["--encoding", "undefined"], "encoding 'undefined' is unknown"),
        ("in.csv", "out.csv", ["--delimiter", ",,"], "should be one character"),
        ("in.csv", "out.csv", ["--delimiter", '"'], "should be one character"),
        ("in.csv", "out.csv", ["--set", "length=2024-02-30"], "--set: "),
        ("in.csv", "out.csv", ["--set", "length=" + "[" * 5000], "--set: "),
        ("empty.csv", "out.csv", [], "the file is empty"),
        ("blank.csv", "out.csv", [], "row 1 should name the columns"),
        ("twice.jsonl", "out.csv", [], "row 1: a key is there twice: 'text'"),
        ("twice.parquet", "out.csv", [], "row 1: column 'text' is there twice"),
        ("zip.csv", "out.csv", [], "a ZIP archive"),
        ("deep.jsonl", "out.csv", [], "deep.jsonl: row 1"),
    ],
)
def test_what_cannot_be_is_an_error_and_no_traceback(
    ask: Callable[..., tuple[int, str]], source: str, out: str, options: list[str], said: str
) -> None:
    Path("in.csv").write_text(f"text\n{COURT}\n", encoding="utf-8")
    Path("empty.csv").touch()
    Path("blank.csv").write_text("\n\n")
    Path("twice.jsonl").write_text('{"text": "a", "text": "b"}')
    Path("zip.csv").write_bytes(b"PK\x03\x04\0\0\0\0")
    Path("deep.jsonl").write_text('{"text": "x", "a": ' + "[" * 900 + "]" * 900 + "}")
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), "twice.parquet")
    Path("folder.csv").mkdir()
    status, told = ask(source, out, *options)
    assert (status, said in told) == (1, True), told
