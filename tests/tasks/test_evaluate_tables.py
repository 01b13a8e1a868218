"""The tables beside the scores, through the real stages: they are there, agree with the scores, and are the same bytes again; what is
measured is in files of its own."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from tiny import Tiny

from tasks import evaluate, train


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def scores(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["test"]["seeds"]["1"]


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_tables_of_a_classifier_agree_with_its_scores(tiny: Tiny) -> None:
    folder = tiny.evaluate("review-gru")
    found, pairs = scores(folder), table(folder / "confusion.csv")
    classes = table(folder / "classes.csv")
    assert {row["class"]: int(row["support"]) for row in classes} == Counter(pair["actual"] for pair in pairs)
    assert sum(float(row["f1"]) for row in classes) / 2 == pytest.approx(found["macro_f1"], abs=1e-5)
    for unit in ("characters", "tokens"):
        rows = [row for row in table(folder / "length.csv") if row["unit"] == unit]
        right = sum(float(row["accuracy"]) * int(row["texts"]) for row in rows)
        assert right == pytest.approx(found["accuracy"] * 12, abs=1e-4)
    assert [(row["from"], row["to"], row["texts"]) for row in table(folder / "unknown.csv")] == [("0.0", "0.0", "12")]
    bins = table(folder / "calibration.csv")
    gap = sum(int(row["texts"]) * abs(float(row["accuracy"]) - float(row["confidence"])) for row in bins) / 12
    assert gap == pytest.approx(found["calibration_error"], abs=1e-5)


@pytest.mark.parametrize("name", ["review-linear", "review-doc2vec", "review-elmo", "review-frozen"])
def test_every_kind_of_feature_says_what_it_does_not_know(tiny: Tiny, name: str) -> None:
    assert sum(int(row["texts"]) for row in table(tiny.evaluate(name) / "unknown.csv")) == 12


def test_tables_of_a_language_model_agree_with_its_scores(tiny: Tiny) -> None:
    folder = tiny.evaluate("law-word-ngram")  # words that training had once are unknown
    found, rows = scores(folder), table(folder / "frequency.csv")
    assert sum(int(row["tokens"]) for row in rows) == found["tokens"]
    bits = sum(int(row["tokens"]) * float(row["bits_per_token"]) for row in rows)
    assert bits == pytest.approx(found["bits_per_character"] * found["characters"], rel=1e-4), "spelling included"
    assert rows[-1]["frequency"] == "end of text"
    assert int(rows[-1]["tokens"]) == 12
    by_length = [row for row in table(folder / "length.csv") if row["unit"] == "characters"]
    assert sum(int(row["tokens"]) for row in by_length) == found["tokens"]


def test_the_same_model_gives_the_same_tables_and_is_measured_apart(tiny: Tiny, tmp_path: Path) -> None:
    corpus, bundle = tiny.root / "ingest/review", tiny.train("review-gru")
    evaluate.run("review-gru", corpus, bundle, tmp_path / "again", tmp_path / "cost/evaluate/review-gru.json")
    assert content(tmp_path / "again") == content(tiny.evaluate("review-gru"))
    found = json.loads((tmp_path / "cost/evaluate/review-gru.json").read_text(encoding="utf-8"))
    assert found["experiment"] == "review-gru"
    assert found["texts"] >= 12
    assert found["texts"] % 12 == 0, "the split, whole, again and again"
    rates = {unit: found[f"{unit}_per_second"] for unit in ("texts", "words", "tokens", "characters")}
    assert found["peak_mb"] is None or found["peak_mb"] > 10
    assert rates["characters"] >= rates["tokens"] > rates["words"] > rates["texts"] > 0


def test_what_training_cost_is_written_beside_the_model(tiny: Tiny, tmp_path: Path) -> None:
    file = tmp_path / "cost/train/review-gru.json"
    train.run("review-gru", tiny.params, tiny.features("review-ids"), tmp_path / "model", file)
    again = {path.relative_to(tmp_path / "model"): path.read_bytes() for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert again == {
        path.relative_to(tiny.train("review-gru")): path.read_bytes() for path in map(tiny.train("review-gru").joinpath, again)
    }
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["experiment"] == "review-gru"
    assert found["cores"] > 0
    assert found["peak_mb"] is None or found["peak_mb"] > 10
    for spent in found["seeds"].values():
        assert (spent["epochs"], spent["updates"], spent["texts"]) == (2, 4, 40)  # 40 texts are two batches of at most 32
        assert 40 < spent["tokens"] < 40 * 11  # the longest sentence has ten characters
        assert spent["seconds"] > spent["start_seconds"] > 0
    assert set(found["seeds"]) == {"1", "2"}


def test_what_is_not_learned_by_gradients_has_no_updates(tiny: Tiny, tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    train.run("review-linear", tiny.params, tiny.features("review-counts"), tmp_path / "model", file)
    found = json.loads(file.read_text(encoding="utf-8"))["seeds"]["1"]
    assert (found["updates"], found["tokens"], found["texts"]) == (0, None, 40)
