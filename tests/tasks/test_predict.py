"""Answers from file to file: every kind of file, what cannot be right, and a kill in the middle."""

import csv
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from malmoi.config import ConfigError
from malmoi.predictor import Predictor
from tasks import _parts, _tables, predict
from tasks.runtime import locks

TEXTS = ["국회는 예산을 심의한다", "법원은, 재판을 한다", "대통령은\n국가를 대표한다", "The court rules.", ""]


@pytest.fixture(scope="module")
def trained(make_out: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder out/train with a classifier and a language model."""
    return make_out(tmp_path_factory.mktemp("predicted")) / "train"


@pytest.fixture
def ask(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Run `predict` in an empty folder, in parts of two rows; returns what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(source: str, out: str, model: str = "bills-linear/seed-1", **options: Any) -> Path:
        given = {"text": None, "probabilities": False, "encoding": "utf-8", "rows": 2, "settings": []} | options
        predict.run(str(trained / model), Path(source), Path(out), **given)
        return tmp_path / out

    return run


def write(kind: str) -> None:
    """The texts in a file `in.KIND`, with a number beside each."""
    numbered = [{"number": str(place), "text": text} for place, text in enumerate(TEXTS)]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(numbered), "in.parquet")
    elif kind == "jsonl":
        Path("in.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in numbered), encoding="utf-8")
    else:
        with open(f"in.{kind}", "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, ["number", "text"], delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(numbered)


def read(file: Path) -> list[dict[str, Any]]:
    """Rows of what came out, as strings."""
    if file.suffix == ".parquet":
        rows = pq.read_table(file).to_pylist()
    elif file.suffix == ".jsonl":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        with open(file, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t" if file.suffix == ".tsv" else ","))
    return [{name: str(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize(("given", "out"), [("csv", "parquet"), ("tsv", "jsonl"), ("jsonl", "csv"), ("parquet", "tsv")])
def test_every_kind_of_file_goes_in_and_out(ask: Callable[..., Path], trained: Path, given: str, out: str) -> None:
    write(given)
    rows = read(ask(f"in.{given}", f"out.{out}"))
    answers = Predictor.load(trained / "bills-linear/seed-1").answer(TEXTS[:-1])
    assert [(row["number"], row["text"]) for row in rows] == [(str(place), text) for place, text in enumerate(TEXTS)]
    assert rows[-1]["label"] in ("None", ""), "an empty text has no answer"
    assert [row["label"] for row in rows[:-1]] == [answer["label"] for answer in answers]
    assert [float(row["probability"]) for row in rows[:-1]] == pytest.approx([answer["probability"] for answer in answers])
    assert not Path(f"out.{out}.partial").exists()


def test_a_text_a_line_gives_a_label_a_line(ask: Callable[..., Path]) -> None:
    Path("in.txt").write_text("국회는 예산을 심의한다\r\n법원은 재판을 한다", encoding="utf-8")
    assert ask("in.txt", "out.txt").read_text(encoding="utf-8").splitlines() == ["국회", "법원"]


def test_probabilities_and_texts_that_are_not_there(ask: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": "법원은 재판을 한다", "n": 1}, {"text": None, "n": 2.5}, {"n": 3, "more": ["a"]}]
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = pq.read_table(ask("in.jsonl", "out.parquet", probabilities=True)).to_pylist()
    shares = {name: value for name, value in found[0].items() if name.startswith("probability ")}
    assert set(shares) == {"probability 국회", "probability 대통령", "probability 법원"}
    assert (max(shares, key=shares.__getitem__), sum(shares.values())) == ("probability 법원", pytest.approx(1, abs=1e-5))
    assert [row["label"] for row in found] == ["법원", None, None]
    assert [(row["n"], row["more"]) for row in found] == [(1.0, None), (2.5, None), (3.0, ["a"])]
    assert "3 rows" in (said := capsys.readouterr().out)
    assert "2 have no text" in said


def test_a_language_model_continues_every_row(ask: Callable[..., Path]) -> None:
    Path("in.txt").write_text("국회는 \n법원은 \n대통령은 \n", encoding="utf-8")
    found = read(ask("in.txt", "out.jsonl", "law-ngram/seed-1", settings=["length=5", "temperature=0"]))
    assert [row["finish_reason"] for row in found] == ["length"] * 3
    assert all(0 < len(row["continuation"]) <= 5 for row in found)


@pytest.mark.parametrize("out", ["parquet", "csv"])
def test_killed_and_started_again_the_file_is_the_same(ask: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    write("csv")
    whole = ask("in.csv", f"whole.{out}").read_bytes()
    add, asked = _parts.Parts.add, list[int]()

    def add_twice(parts: _parts.Parts, number: int, table: pa.Table) -> None:
        if number == 2:
            raise KeyboardInterrupt
        add(parts, number, table)

    with monkeypatch.context() as patch:
        patch.setattr(_parts.Parts, "add", add_twice)
        with pytest.raises(KeyboardInterrupt):
            ask("in.csv", f"out.{out}")
    assert not Path(f"out.{out}").exists()
    monkeypatch.setattr(Predictor, "classify", _counting(Predictor.classify, asked))
    assert ask("in.csv", f"out.{out}").read_bytes() == whole
    assert sum(asked) == 0, "only the last of five rows was left, and it has no text"


def test_killed_while_parts_are_removed_no_row_is_lost(ask: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    write("csv")
    whole = ask("in.csv", "whole.csv").read_bytes()

    def remove_one(folder: Path) -> None:
        (folder / "00000000.parquet").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_parts.shutil, "rmtree", remove_one)
        with pytest.raises(KeyboardInterrupt):
            ask("in.csv", "out.csv")
    assert ask("in.csv", "out.csv").read_bytes() == whole


def test_parts_after_a_gap_are_not_taken(ask: Callable[..., Path], tmp_path: Path) -> None:
    with _parts.parts(tmp_path / "out.csv", {}) as made:
        for number in (0, 1, 3):
            made.add(number, pa.table({"text": ["x"]}))
        assert [file.name for file in made.files] == ["00000000.parquet", "00000001.parquet"]


def _counting(classify: Callable[..., Any], asked: list[int]) -> Callable[..., Any]:
    def counted(self: Predictor, texts: list[str]) -> Any:
        asked.append(len(texts))
        return classify(self, texts)

    return counted


def test_parts_of_another_question_are_not_taken(ask: Callable[..., Path], tmp_path: Path) -> None:
    write("csv")
    with _parts.parts(tmp_path / "out.csv", {"source": "another"}) as made:
        made.add(0, pa.table({"text": ["x"], "label": ["wrong"]}))
    assert [row["text"] for row in read(ask("in.csv", "out.csv"))] == TEXTS


def test_two_at_once_do_not_mix(ask: Callable[..., Path], tmp_path: Path) -> None:
    write("csv")
    os.symlink("out.csv", "link.csv")
    with ThreadPoolExecutor(1) as other:  # a lock is held by a thread
        held = locks.lock(locks.path_for(tmp_path / "out.csv"), "predict to out.csv", timeout=0)
        other.submit(held.__enter__).result()
        for out in ("out.csv", "./out.csv", "link.csv"):
            with pytest.raises(ConfigError, match=r"out.csv: locked by process \d+ on .*predict to out.csv"):
                ask("in.csv", out)
        other.submit(held.__exit__, None, None, None).result()
    assert ask("in.csv", "link.csv").is_symlink()
    assert len(read(Path("out.csv"))) == len(TEXTS)


WRONG = [
    ("in.csv", b"a,b\n1,2\n", {}, "which column has the texts.*a, b"),
    ("in.csv", b"text,label\nx,y\n", {}, "has a column label already"),
    ("in.csv", b"text,n\nx,1\ny\n", {}, "in.csv: row 3 has 1 columns instead of 2"),
    ("in.csv", b"a,a\n1,2\n", {}, "row 1: column 'a' is there twice"),
    ("in.csv", "text\n\ud55c\uae00\n".encode("cp949"), {}, "row 2 is not utf-8 .*; it reads as cp949: give --encoding cp949$"),
    ("in.csv", b"text\nx\n", {"text": "review"}, "There are: text"),
    ("in.csv", b"text\nx\n", {"settings": ["length=5"]}, "--set says how a language model writes"),
    ("in.csv", b"text\nx\n", {"rows": 0}, "--rows should be 1 to"),
    ("in.jsonl", b'{"text": 1}\n', {}, "row 1 has int: 1"),
    ("in.jsonl", b'{"text": "a"}\n[]\n', {}, r"in.jsonl: row 2: not a JSON object: \[\]; mend it, or give --on-error drop"),
    ("in.jsonl", b'{"text": "a"\n', {}, "in.jsonl: row 1: not a JSON object"),
    ("in.parquet", b"text", {}, "not a Parquet file, or cut short"),
    ("in.xlsx", b"", {}, "should end in one of .csv"),
]


@pytest.mark.parametrize(("name", "content", "options", "said"), WRONG)
def test_what_cannot_be_right_is_said(ask: Callable[..., Path], name: str, content: bytes, options: dict[str, Any], said: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        ask(name, "out.csv", **options)
    assert not Path("out.csv").exists()


def test_a_header_alone_gives_a_header(ask: Callable[..., Path]) -> None:
    Path("in.csv").write_text("text\n", encoding="utf-8")
    assert ask("in.csv", "out.csv").read_text(encoding="utf-8") == "text,label,probability\n"


def test_memory_is_that_of_a_part(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("말\n" * 10, encoding="utf-8")
    parts = _tables.parts(_tables.Source(tmp_path / "in.txt"), 4, lambda names: names[0])
    assert [len(part.table) for part in parts] == [4, 4, 2]
