"""ingest: files in, three Parquet files and a card out; errors that name file and row."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from malmoi.rows import read_examples
from tasks.__main__ import main
from tasks.ingest import _unfinished

ENTRY: dict[str, Any] = {
    "title": "Reviews",
    "language": "ko",
    "problem": "classify",
    "licence": "mine",
    "source": {"local": ["reviews.csv"]},
    "reader": {"kind": "delimited", "options": {"text": "text", "label": "label"}},
    "split": {"by": "random", "valid": 0.2, "test": 0.2, "seed": 1},
}
LIMITS: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[2] / "params/contract.yaml").read_text(encoding="utf-8"))
LIMITS = {"defaults": LIMITS["defaults"], "corpora": {"reviews": {"version": {"examples": 1, "oov": None}}}}
ROWS = [f"좋아요 {n},긍정" if n % 2 else f"싫어요 {n},부정" for n in range(20)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ingest(place: Path, rows: list[str], **changes: Any) -> int:
    """Run the stage on a CSV file of these rows with the entry changed."""
    (place / "data").mkdir(exist_ok=True)
    (place / "data" / "reviews.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    (place / "corpora.yaml").write_text(yaml.safe_dump({"corpora": {"reviews": ENTRY | changes}}, allow_unicode=True), encoding="utf-8")
    return run("reviews")


def run(name: str) -> int:
    """The stage; a contract that asks for little is written where there is none."""
    if not Path("contract.yaml").exists():
        Path("contract.yaml").write_text(yaml.safe_dump(LIMITS, allow_unicode=True), encoding="utf-8")
    files = ["--data", "data", "--catalogue", "corpora.yaml", "--contract", "contract.yaml"]
    return main(["ingest", name, *files, "--out", f"out/{name}", "--profile", f"profile/{name}"])


def test_three_splits_and_a_card(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest(place, [*ROWS, ",긍정", "표 없음,"]) == 0
    out = place / "out" / "reviews"
    assert sorted(path.name for path in out.iterdir()) == ["card.json", "test.parquet", "train.parquet", "valid.parquet"]
    assert [path.name for path in out.parent.iterdir()] == ["reviews"]
    rows = {split: list(read_examples(out / f"{split}.parquet")) for split in ("train", "valid", "test")}
    assert {split: len(found) for split, found in rows.items()} == {"train": 12, "valid": 4, "test": 4}
    assert {row.id for found in rows.values() for row in found} == {f"reviews.csv:{n}" for n in range(2, 22)}
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert card["rows"] == {"read": 22, "kept": 20, "dropped": 2}
    assert card["drops"] == {
        "empty text": {"count": 1, "first": [{"where": "reviews.csv:22", "text": ""}]},
        "no label": {"count": 1, "first": [{"where": "reviews.csv:23", "text": "'': 표 없음"}]},
    }
    assert card["splits"]["train"]["labels"] == {"긍정": 6, "부정": 6}
    assert card["sources"]["reviews.csv"]["bytes"] == (place / "data" / "reviews.csv").stat().st_size
    assert "dropped 1: no label" in capsys.readouterr().out


def test_the_same_rows_give_the_same_bytes(place: Path) -> None:
    def written() -> dict[str, bytes]:
        assert ingest(place, ROWS) == 0
        return {path.name: path.read_bytes() for folder in ("out", "profile") for path in (place / folder / "reviews").iterdir()}

    assert written() == written()


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        ([row.replace("부정", "긍정") for row in ROWS], {}, "corpus reviews (data/reviews.csv): train has one class only (긍정)"),
        ([",긍정"] * 5, {}, "train is empty after cleaning: 0 rows were kept, dropped: 5 empty text"),
        ([], {}, "train is empty after cleaning"),
        ([*ROWS, "a,b,c"], {}, "data/reviews.csv: row 22 has 3 columns instead of 2"),
        (ROWS, {"reader": {"kind": "delimited", "options": {"text": "body"}}}, "data/reviews.csv: row 1: no column 'body'"),
        (ROWS, {"reader": {"kind": "delimited", "options": {"text": "text"}}}, "has no label; name the label column"),
        (ROWS, {"reader": {"kind": "delimited", "options": {"text": "text", "id": "label"}}}, "id '부정' is given twice (rows 2 and 4)"),
        (ROWS, {"reader": {"kind": "csv"}}, "corpora.yaml: corpora.reviews.reader.kind: no reader is called 'csv'; there are: delimited"),
        (ROWS, {"reader": {"kind": "delimited", "options": {"txt": "x"}}}, "corpora.reviews.reader.options: unknown key 'txt'"),
        (ROWS, {"source": {"local": ["other.csv"]}}, "data: no file other.csv; run: python -m tasks fetch reviews"),
        (ROWS, {"source": {"path": "x"}}, "should have one of the keys package, mirror, local"),
        (ROWS, {"split": {"by": "random", "valid": 0.2}}, "corpora.reviews.split: test has no file and no share"),
        (
            ROWS,
            {"split": {"by": "files", "files": {"train": ["reviews.csv"], "test": ["test.csv"]}, "valid": 0.1}},
            "split.files names 'test.csv'",
        ),
        (ROWS, {"clean": {"shortest": "2"}}, "clean.shortest: input should be a valid integer, found '2'"),
    ],
)
def test_what_cannot_be_right(place: Path, capsys: pytest.CaptureFixture[str], rows: list[str], changes: Any, said: str) -> None:
    assert ingest(place, rows, **changes) == 1
    assert said in capsys.readouterr().err
    assert left(place) == []


def left(place: Path) -> list[Path]:
    """Whatever is in the folders that the stage writes to."""
    return [path for folder in ("out", "profile") for path in (place / folder).rglob("*")]


def test_a_label_in_test_that_train_lacks_names_file_and_row(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "data").mkdir()
    (place / "data" / "test.csv").write_text("text,label\n보통,중립\n", encoding="utf-8")
    source = {"local": ["reviews.csv", "test.csv"]}
    split = {"by": "files", "files": {"train": ["reviews.csv"], "test": ["test.csv"]}, "valid": 0.2}
    assert ingest(place, ROWS, source=source, split=split) == 1
    assert "test.csv:2: test has label '중립', which train lacks (긍정, 부정)" in capsys.readouterr().err


def test_a_language_model_needs_no_labels(place: Path) -> None:
    reader = {"kind": "plain"}
    split = {"by": "position", "valid": 0.2, "test": 0.2}
    assert ingest(place, ROWS, problem="language_model", reader=reader, split=split) == 0
    first = next(read_examples(place / "out" / "reviews" / "train.parquet"))
    assert (first.text, first.label) == ("text,label", None)


def test_an_unknown_corpus_names_the_nearest(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(place, ROWS)
    capsys.readouterr()
    assert run("review") == 1
    assert "did you mean 'reviews'?" in capsys.readouterr().err


def test_a_profile_and_what_was_measured(place: Path) -> None:
    assert ingest(place, [*ROWS, ",긍정"]) == 0
    folder = place / "profile" / "reviews"
    assert sorted(path.name for path in folder.iterdir()) == ["contract.json", "profile.json"]
    found = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    assert found["dropped"]["empty text"]["count"] == 1
    assert found["splits"]["train"]["eojeols"]["counts"]["좋아요"] == 6
    measures = {measure["key"]: measure for measure in json.loads((folder / "contract.json").read_text(encoding="utf-8"))["measures"]}
    assert measures["rarest_label"] == {
        "key": "rarest_label",
        "what": "share of the rarest label in train",
        "value": 0.5,
        "limit": "at least 0.005",
        "broken": False,
        "examples": ["'긍정' 6 of 12", "'부정' 6 of 12"],
    }


def test_counts_that_went_to_disk_are_not_left_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ingest(place, ROWS) == 0
    before = (place / "profile/reviews/profile.json").read_bytes()
    monkeypatch.setattr("malmoi.profile.KINDS", 3)
    assert ingest(place, ROWS) == 0
    assert sorted(path.name for path in (place / "profile/reviews").iterdir()) == ["contract.json", "profile.json"]
    assert (place / "profile/reviews/profile.json").read_bytes() == before


def test_a_broken_contract_says_all_and_leaves_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "contract.yaml").write_text(yaml.safe_dump(LIMITS | {"corpora": {}}), encoding="utf-8")
    assert ingest(place, [*ROWS, *(f"Привет {number},긍정" for number in range(5))]) == 1
    said = capsys.readouterr().err
    assert "error: corpus reviews breaks its data contract in 2 of 10 measures" in said
    assert "examples: examples of the smallest split: 5, should be at least 10" in said
    assert "unexpected: share of characters of scripts other than hangul, latin, han: 0." in said
    assert "cyrillic 0." in said
    assert "Привет" in said
    assert "contract.yaml: corpora.reviews.version" in said
    assert left(place) == []


def test_a_broken_contract_keeps_what_was_there(place: Path) -> None:
    assert ingest(place, ROWS) == 0
    before = {path: path.read_bytes() for path in left(place) if path.is_file()}
    assert ingest(place, [*ROWS, *(["Привет всем,긍정"] * 9)]) == 1
    assert {path: path.read_bytes() for path in left(place) if path.is_file()} == before


def test_a_contract_that_is_wrong_is_found_before_anything_is_read(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "contract.yaml").write_text(yaml.safe_dump(LIMITS | {"corpora": {"revews": {}}}), encoding="utf-8")
    assert ingest(place, [",긍정"]) == 1
    assert "contract.yaml: corpora.revews: no corpus is called 'revews'; did you mean 'reviews'?" in capsys.readouterr().err


NOTHING = "train is empty after cleaning: 0 rows were kept, dropped: 20 "


@pytest.mark.parametrize(
    ("values", "labels", "said"),
    [
        (
            ("1.0", "0.0"),
            {"1": "a", "0": "b"},
            "(found '0.0', '1.0'; `labels` has '0', '1'; first reviews.csv:2; write '0' as in the file, '0.0')",
        ),
        (("Good", "Bad"), {"good": "a", "bad": "b"}, "write 'bad' as in the file, 'Bad'"),
        (("좋", "싫"), {"x": "a", "y": "b"}, "(found '싫', '좋'; `labels` has 'x', 'y'; first reviews.csv:2)"),
    ],
)
def test_labels_that_match_nothing_are_told(
    place: Path, capsys: pytest.CaptureFixture[str], values: tuple[str, str], labels: dict[Any, str], said: str
) -> None:
    rows = [row.replace("긍정", values[0]).replace("부정", values[1]) for row in ROWS]
    assert ingest(place, rows, reader={"kind": "delimited", "options": {"text": "text", "label": "label", "labels": labels}}) == 1
    error = capsys.readouterr().err
    assert f"{NOTHING}label is not in `labels` (found " in error
    assert said in error
    assert "loosen" not in error


def test_what_the_reader_dropped_is_told_where_one_class_is_left(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"text": "text", "label": "label", "labels": {"긍정": "a", "부 정": "b"}}
    assert ingest(place, ROWS, reader={"kind": "delimited", "options": options}) == 1
    assert "train has one class only (a)" in (error := capsys.readouterr().err)
    assert "dropped: 10 label is not in `labels` (found '부정'; `labels` has '긍정', '부 정'; first reviews.csv:2)" in error


@pytest.mark.parametrize(("on_error", "kept"), [("drop", 20), ("replace", 21)])
def test_a_row_with_a_stray_byte_is_counted_in_the_card(place: Path, capsys: pytest.CaptureFixture[str], on_error: str, kept: int) -> None:
    options = {"text": "text", "label": "label", "encoding": "cp949", "on_error": on_error}
    reader = {"kind": "delimited", "options": options}
    ingest(place, ROWS)  # writes the catalogue
    content = "\n".join(["text,label", *ROWS, f"좋\udcff아{' 좋아요' * 100},긍정"])
    (place / "data" / "reviews.csv").write_bytes(content.encode("cp949", "surrogateescape"))
    (place / "corpora.yaml").write_text(yaml.safe_dump({"corpora": {"reviews": ENTRY | {"reader": reader}}}), encoding="utf-8")
    capsys.readouterr()
    assert run("reviews") == 0
    card = json.loads((place / "out/reviews/card.json").read_text(encoding="utf-8"))
    assert card["rows"] == {"read": 21, "kept": kept, "dropped": 21 - kept}
    found = card["repaired" if on_error == "replace" else "drops"]
    assert [(what["count"], what["first"][0]["where"]) for what in found.values()] == [(1, "reviews.csv:22")]
    assert ("1: not cp949" if on_error == "drop" else "kept 1: bytes that were not of the encoding") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("labels", "said"),
    [({True: "a", False: "b"}, "YAML makes a yes or no of a key"), ({8: "a", 16: "b"}, "YAML makes a number of a key (8)")],
)
def test_labels_that_yaml_has_turned_into_something_else_are_told(
    place: Path, capsys: pytest.CaptureFixture[str], labels: dict[Any, str], said: str
) -> None:
    assert ingest(place, ROWS, reader={"kind": "delimited", "options": {"text": "text", "label": "label", "labels": labels}}) == 1
    assert said in capsys.readouterr().err


def test_two_at_once_leave_one_whole_folder(place: Path) -> None:
    assert ingest(place, ROWS) == 0
    before = {path.name: path.read_bytes() for path in (place / "out/reviews").iterdir()}
    with _unfinished(place / "out/reviews") as mine:
        (mine / "half").touch()
        assert run("reviews") == 0
        assert (mine / "half").exists()
        for path in (place / "out/reviews").iterdir():
            (mine / path.name).write_bytes(path.read_bytes())
        (mine / "half").unlink()
    assert {path.name: path.read_bytes() for path in (place / "out/reviews").iterdir()} == before
    assert [path.name for path in (place / "out").iterdir()] == ["reviews"]
