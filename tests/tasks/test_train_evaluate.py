"""Train and evaluate on tiny corpora through the real stages: what is written, that it is right, and the same bytes again."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from tiny import PARAMS, Tiny

from malmoi.batches import load_split
from malmoi.config import ConfigError
from malmoi.predictor import Predictor
from tasks import train


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def metrics(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["review-linear", "law-ngram", "review-gru", "law-lstm", "review-frozen", "review-doc2vec"])
def test_the_same_seed_gives_the_same_bytes(tiny: Tiny, name: str) -> None:
    first, again = content(tiny.train(name)), content(tiny.train(name, "again"))
    assert set(first) >= {"history.csv", "experiment.json", "seed-1/bundle.json", "seed-1/pipeline.json", "seed-1/model/model.json"}
    assert first == again


def test_seeds_are_different_models_of_one_experiment(tiny: Tiny) -> None:
    folder = tiny.train("review-gru")
    about = json.loads((folder / "experiment.json").read_text())
    bundles = [json.loads((folder / f"seed-{seed}" / "bundle.json").read_text()) for seed in (1, 2)]
    assert about["keys"] == {str(bundle["seed"]): bundle["key"] for bundle in bundles}
    assert bundles[0]["key"] != bundles[1]["key"]
    assert (folder / "seed-1/model/weights.npz").read_bytes() != (folder / "seed-2/model/weights.npz").read_bytes()
    rows = table(folder / "history.csv")
    assert [(row["seed"], row["epoch"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]


def test_the_key_changes_with_what_goes_in(tiny: Tiny) -> None:
    from malmoi import experiments

    experiment = experiments.read(tiny.params, "review-gru")
    keys = {
        experiments.key(experiment, "review-gru", 1, "inputs"),
        experiments.key(experiment, "review-gru", 2, "inputs"),
        experiments.key(experiment, "review-gru", 1, "others"),
        experiments.key(experiments.read(tiny.params, "law-lstm"), "review-gru", 1, "inputs"),
    }
    assert len(keys) == 4
    assert experiments.key(experiment, "review-gru", 1, "inputs") in keys


def test_classifier_scores(tiny: Tiny) -> None:
    found = metrics(tiny.evaluate("review-linear"))
    assert (found["problem"], found["primary"], found["better"], found["tokenizer"]) == ("classify", "accuracy", "higher", "characters")
    assert found["test"]["mean"]["accuracy"] == 1.0, "every test sentence occurs in train"
    low, high = found["test"]["interval"]["accuracy"]
    assert low == high == 1.0
    assert found["test"]["spread"]["accuracy"] is None, "one seed has no spread"
    assert found["valid"]["interval"] == {}
    rows = pq.read_table(tiny.evaluate("review-linear") / "predictions.parquet").to_pylist()
    assert len(rows) == 12
    assert all(row["correct"] == (row["label"] == row["predicted"]) for row in rows)
    confusion = table(tiny.evaluate("review-linear") / "confusion.csv")
    assert [set(row) for row in confusion] == [{"actual", "predicted"}] * 12


def test_seeds_give_mean_and_spread(tiny: Tiny) -> None:
    found = metrics(tiny.evaluate("review-gru"))["test"]
    losses = [found["seeds"][seed]["log_loss"] for seed in ("1", "2")]
    assert found["mean"]["log_loss"] == pytest.approx(sum(losses) / 2)
    assert found["spread"]["log_loss"] == pytest.approx(abs(losses[0] - losses[1]) / 2**0.5)


def test_intervals_of_several_seeds_are_of_their_means(tiny: Tiny) -> None:
    found = metrics(tiny.evaluate("review-gru"))["test"]
    assert found["redrawn"] == "texts and seeds"
    for name in ("accuracy", "macro_f1", "log_loss"):
        low, high = found["interval"][name]
        assert low <= found["mean"][name] <= high
    assert "redrawn" not in metrics(tiny.evaluate("review-linear"))["test"]


def test_a_test_split_without_one_class_is_told(tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from malmoi.rows import read_examples, write_examples
    from tasks import evaluate

    corpus, trained = tiny.root / "ingest/review", tiny.train("review-linear")
    (tmp_path / "review").mkdir()
    for split in ("train", "valid", "test"):
        rows = [row for row in read_examples(corpus / f"{split}.parquet") if split != "test" or row.label == "good"]
        write_examples(tmp_path / "review" / f"{split}.parquet", rows)
    capsys.readouterr()
    evaluate.run("review-linear", tmp_path / "review", trained, tmp_path / "out")
    said = "warning: review-linear: the test split has no text of 'bad'; in macro F1 such a class counts as 0 where it is predicted"
    assert said in capsys.readouterr().out
    assert metrics(tmp_path / "out")["absent_labels"] == ["bad"]
    assert "absent_labels" not in metrics(tiny.evaluate("review-linear"))


def test_what_guessing_costs_is_written_beside_the_bits(tiny: Tiny) -> None:
    from tasks import _results

    for name, primary in (("law-ngram", "bits_per_character"), ("law-lossy-ngram", "bits_per_token")):
        entry = _results.read(tiny.evaluate(name))
        assert entry.outcomes.guesser == "by the frequencies of tokens alone"
        assert entry.outcomes.guess is not None
        assert (entry.outcomes.guess > 0).all()
        assert len(entry.metrics["vocabulary"]) == 64
        assert primary in entry.outcomes.sizes
    entry = _results.read(tiny.evaluate("review-linear"))
    assert (entry.outcomes.guesser, entry.outcomes.guess.tolist().count(True)) == ("always 'bad'", 6)
    assert "vocabulary" not in entry.metrics


def test_frozen_vectors_go_from_the_features_into_the_model(tiny: Tiny) -> None:
    features, bundle = tiny.features("review-word2vec"), tiny.train("review-frozen") / "seed-1"
    with np.load(features / "state/pretrained.npz") as given, np.load(bundle / "model/weights.npz") as kept:
        assert kept["embedding"].tolist() == given["vectors"].tolist()
    assert not (bundle / "state/pretrained.npz").exists(), "the network has them among its weights"
    assert 0 < metrics(tiny.evaluate("review-frozen"))["test"]["mean"]["log_loss"] < 2


def test_vectors_of_texts_feed_a_linear_model(tiny: Tiny) -> None:
    train_rows, valid_rows = (load_split(tiny.features("review-doc2vec") / f"{split}.npz").inputs for split in ("train", "valid"))
    assert (train_rows.shape, valid_rows.shape) == ((40, 8), (10, 8))
    assert train_rows.dtype == valid_rows.dtype == np.float32
    assert metrics(tiny.evaluate("review-doc2vec"))["test"]["mean"]["accuracy"] > 0.7
    row = Predictor.load(tiny.train("review-doc2vec") / "seed-1").classify(["정말 좋은 영화"])
    assert row.shape == (1, 2)


def test_language_model_scores(tiny: Tiny) -> None:
    found = metrics(tiny.evaluate("law-ngram"))
    assert (found["primary"], found["better"], found["lossless"]) == ("bits_per_character", "lower", True)
    scores = found["test"]["mean"]
    rows = pq.read_table(tiny.evaluate("law-ngram") / "predictions.parquet").to_pylist()
    assert scores["bits_per_character"] == pytest.approx(sum(row["bits"] for row in rows) / sum(row["characters"] for row in rows))
    assert scores["bits_per_byte"] == pytest.approx(sum(row["bits"] for row in rows) / sum(row["bytes"] for row in rows))
    assert scores["bytes"] > 2 * scores["characters"], "a Hangul syllable is three bytes"
    position = table(tiny.evaluate("law-ngram") / "position.csv")
    assert sum(int(row["tokens"]) for row in position) == scores["tokens"]


def test_samples_at_several_temperatures_with_what_they_measure(tiny: Tiny) -> None:
    samples = json.loads((tiny.evaluate("law-ngram") / "samples.json").read_text(encoding="utf-8"))
    heats = [0.0, 0.4, 0.8, 1.0, 1.2]
    assert [(one["prompt"], one["temperature"]) for one in samples] == [(prompt, heat) for prompt in ("모든 ", "대한") for heat in heats]
    assert samples[5]["text"].startswith("민국은 ")
    assert 0 <= samples[0]["repetition"] <= 1
    rows = table(tiny.evaluate("law-ngram") / "generation.csv")
    assert [float(row["temperature"]) for row in rows] == heats
    assert list(rows[0])[1:] == ["mean_log_likelihood", "repetition", "distinct_1", "distinct_2", "distinct_3"]
    likely = [float(row["mean_log_likelihood"]) for row in rows]
    assert likely[1] == pytest.approx((samples[1]["mean_log_likelihood"] + samples[6]["mean_log_likelihood"]) / 2)
    assert likely[0] > likely[-1], "the hotter, the less likely"
    assert float(rows[0]["distinct_1"]) < float(rows[-1]["distinct_1"])


def test_unknown_words_are_charged_for(tiny: Tiny) -> None:
    found = metrics(tiny.evaluate("law-word-ngram"))["test"]["mean"]
    assert found["unknown_rate"] == 0
    assert found["bits_per_character"] == pytest.approx(found["bits_per_token"] * found["tokens"] / found["characters"])


def test_a_tokenizer_that_loses_text_gets_no_bits_per_character(tiny: Tiny) -> None:
    found = metrics(tiny.evaluate("law-lossy-ngram"))
    assert (found["primary"], found["lossless"]) == ("perplexity", False)
    assert found["test"]["mean"]["bits_per_character"] is None


def test_a_language_model_of_a_text_that_is_not_all_there_is_refused_at_once(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()  # no arrays: the refusal comes before they are read
    about = {"name": "okt", "options": {}, "lossless": False, "left_out": "stop words are left out (stop_words)"}
    (folder / "pipeline.json").write_text(json.dumps({"tokenizer": about}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"experiments\.law-ngram: a language model must see the whole text, .* okt .* \(stop_words\)"):
        train.run("law-ngram", tiny.params, folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(FileNotFoundError, match=r"train\.npz"):  # a classifier may
        train.run("review-linear", tiny.params, folder, tmp_path / "out")


def test_a_name_changes_no_score(tiny: Tiny, tmp_path: Path) -> None:
    """The tokenizer's entry under another name: the same bits per byte."""
    renamed = yaml.safe_load(yaml.safe_dump(PARAMS))
    renamed["tokens"]["other"] = renamed["tokens"].pop("law-words")
    renamed["features"]["law-word-ids"]["tokens"] = "other"
    from tasks import evaluate, features, tokens

    (tmp_path / "p.yaml").write_text(yaml.safe_dump(renamed, allow_unicode=True), encoding="utf-8")
    tokens.run("other", tmp_path / "p.yaml", tiny.root / "ingest/law", tmp_path / "t")
    features.run("law-word-ids", tmp_path / "p.yaml", tmp_path / "t", tmp_path / "f")
    train.run("law-word-ngram", tmp_path / "p.yaml", tmp_path / "f", tmp_path / "m")
    evaluate.run("law-word-ngram", tiny.root / "ingest/law", tmp_path / "m", tmp_path / "e")
    found, before = metrics(tmp_path / "e"), metrics(tiny.evaluate("law-word-ngram"))
    assert found["test"]["mean"] == before["test"]["mean"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"family": "recurent"}}, "did you mean 'recurrent'"),
        ({"model": {"cell": "gru"}}, "model has no family; there are: bag, linear, ngram, qrnn, recurrent, textcnn, transformer, wavenet"),
        ({"model": {"family": "recurrent", "unit": 8}}, r"experiments.x.model: unknown key 'unit'; did you mean 'units'"),
        ({"training": {"epoch": 8}}, r"experiments.x.training: unknown key 'epoch'"),
        ({"seeds": [1, 1]}, "seeds must be a list of different whole numbers"),
        ({"seeds": ["1"]}, "seeds.0: input should be a valid integer"),
        ({"problem": "translate"}, "no problem is called 'translate'"),
        ({"problem": "language_model", "model": {"family": "recurrent", "bidirectional": True}}, "reads from the end"),
    ],
)
def test_mistakes_in_an_entry(tiny: Tiny, tmp_path: Path, change: dict, message: str) -> None:
    entry = {**PARAMS["experiments"]["review-gru"], **change}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({"experiments": {"x": entry}}), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        train.run("x", tmp_path / "p.yaml", tiny.features("review-ids"), tmp_path / "out")
