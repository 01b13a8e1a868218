"""`pretrain`: features in, the same features out with language models beside them, and a classifier that begins with those."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from synthetic import labelled_sequences

from malmoi import batches, experiments, pretrained
from malmoi.batches import Spec
from malmoi.config import ConfigError
from tasks import _teller, pretrain

SHAPE = {"family": "recurrent", "cell": "gru", "units": 6, "embedding": 4}
ENTRY: dict[str, Any] = {
    "corpus": "reviews",
    "features": "reviews-ids",
    "model": SHAPE,
    "training": {"epochs": 2, "batch_size": 4, "steps": 8, "learning_rate": 0.01},
}


@pytest.fixture
def features(tmp_path: Path) -> Path:
    folder = tmp_path / "features"
    (folder / "state").mkdir(parents=True)
    (folder / "state/vocabulary.tsv").write_text("a\t3\n")
    (folder / "pipeline.json").write_text(json.dumps({"width": 8, "labels": ["a", "b"]}))
    for name, number in (("train", 60), ("valid", 20)):
        batches.save_split(folder / f"{name}.npz", labelled_sequences(number, seed=number))
    return folder


def made(features: Path, out: str = "out", **changed: Any) -> Path:
    path = features.parent / "reviews.yaml"
    path.write_text(yaml.safe_dump({"pretraining": {"reviews-lm": {**ENTRY, **changed}}}))
    pretrain.run("reviews-lm", path, features, features.parent / out)
    return features.parent / out


def test_the_same_features_with_two_language_models_beside_them(features: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = made(features)
    assert (out / "train.npz").read_bytes() == (features / "train.npz").read_bytes()
    assert (out / "state/vocabulary.tsv").is_file()
    with open(out / "pretraining.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["direction"], row["epoch"]) for row in rows] == [("forward", "1"), ("forward", "2"), ("backward", "1"), ("backward", "2")]
    assert float(rows[1]["valid_loss"]) < np.log(8)
    assert "reviews-lm, backward: epoch 2/2, train_loss " in capsys.readouterr().out
    given = pretrained.load(out / "state")
    assert given is not None
    assert {name: array.shape for name, array in given.arrays.items()}["reader0.backward.kernel"] == (8, 18)
    again = made(features, "again")
    assert (again / "state/pretrained.npz").read_bytes() == (out / "state/pretrained.npz").read_bytes()


def test_a_classifier_begins_with_it(features: Path) -> None:
    given = pretrained.load(made(features) / "state")
    model = {**SHAPE, "bidirectional": True}
    training = {"epochs": 1, "learning_rate": 1e-9}
    experiment = experiments.Experiment(problem="classify", corpus="", features="", model=model, training=training)
    spec = Spec("classify", 8, 2, pretrained=given)
    learned = experiments.build(experiment, spec, "test")
    learned.fit(labelled_sequences(8), labelled_sequences(8), lambda epoch: None)
    assert given is not None
    assert learned.weights["reader0.forward.recurrent"] == pytest.approx(given.arrays["reader0.forward.recurrent"], abs=1e-6)
    assert learned.weights["embedding"] == pytest.approx(given.arrays["embedding"], abs=1e-6)


def test_one_direction(features: Path) -> None:
    given = pretrained.load(made(features, directions="forward") / "state")
    assert given is not None
    assert sorted(given.arrays) == ["embedding", "reader0.forward.bias", "reader0.forward.kernel", "reader0.forward.recurrent"]


def test_another_network_in_one_direction(features: Path) -> None:
    model = {"family": "qrnn", "units": 6, "embedding": 4}
    given = pretrained.load(made(features, model=model, directions="forward") / "state")
    experiment = experiments.Experiment(
        problem="classify", corpus="", features="", model=model, training={"epochs": 1, "learning_rate": 1e-9}
    )
    learned = experiments.build(experiment, Spec("classify", 8, 2, pretrained=given), "test")
    learned.fit(labelled_sequences(8), labelled_sequences(8), lambda epoch: None)
    assert given is not None
    assert {name for name in given.arrays if name.startswith("reader")} == {name for name in learned.weights if name.startswith("reader")}
    assert learned.weights["reader0.kernel"] == pytest.approx(given.arrays["reader0.kernel"], abs=1e-6)


def test_what_was_through_before_is_not_learned_again(
    features: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, kept, cost = made(features), features.parent / "kept", features.parent / "cost/pretrain/reviews-lm.json"
    path, stop = features.parent / "reviews.yaml", _teller.Teller.epoch

    def stopped(told: Any, epoch: Any) -> None:
        stop(told, epoch)
        if "backward" in told.title:
            raise KeyboardInterrupt

    monkeypatch.setattr(_teller.Teller, "epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        pretrain.run("reviews-lm", path, features, features.parent / "again", cost, kept)
    monkeypatch.setattr(_teller.Teller, "epoch", stop)
    capsys.readouterr()
    pretrain.run("reviews-lm", path, features, features.parent / "again", cost, kept)
    assert "forward" not in capsys.readouterr().out
    for name in ("state/pretrained.npz", "pretraining.csv"):
        assert (features.parent / "again" / name).read_bytes() == (whole / name).read_bytes()
    assert not (kept / "reviews-lm").exists()
    written = json.loads(cost.read_text(encoding="utf-8"))
    assert (written["pretraining"], written["features"]) == ("reviews-lm", "reviews-ids")
    for spent in written["directions"].values():
        assert (spent["epochs"], spent["texts"]) == (2, 60)
        assert spent["seconds"] > spent["start_seconds"] > 0
    assert list(written["directions"]) == ["forward", "backward"], "what was through before is remembered"


def test_refusals(features: Path) -> None:
    with pytest.raises(ConfigError, match="no network"):
        made(features, model={"family": "ngram"}, training={})
    with pytest.raises(ConfigError, match="directions"):
        made(features, directions="sideways")
    with pytest.raises(ConfigError, match="two models of family qrnn do not make one that reads both ways; set directions: forward"):
        made(features, model={"family": "qrnn"})
    pretrained.Pretrained("vectors", {"vectors": np.zeros((8, 2), np.float32)}).save(features / "state")
    with pytest.raises(ConfigError, match="kind sequence"):
        made(features)
