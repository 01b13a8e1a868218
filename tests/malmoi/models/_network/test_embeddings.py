"""Vectors that features bring along: where they start, whether they move, what a trained network keeps of them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import labelled_rows, labelled_sequences, language_split

from malmoi.batches import Sequences, Spec, Split, pad
from malmoi.config import ConfigError
from malmoi.models import linear, recurrent
from malmoi.models._network import embeddings, sequence_model
from malmoi.models._network.network import Network
from malmoi.models._network.trainer import prepare
from malmoi.pretrained import Pretrained

VECTORS = np.random.default_rng(3).normal(size=(8, 5)).astype(np.float32)
GIVEN = Pretrained("vectors", {"vectors": VECTORS})
CLASSIFY = Spec("classify", 8, 2, pretrained=GIVEN)
TRAINING = recurrent.Training(epochs=2, batch_size=8, learning_rate=0.05)


def trained(spec: Spec = CLASSIFY, split: Split | None = None, **shape: object) -> sequence_model.SequenceModel:
    model = recurrent.build(recurrent.Params(units=4, **shape), TRAINING, spec)  # type: ignore[arg-type]
    train = split or labelled_sequences(40)
    model.fit(train, train, lambda epoch: None)
    return model


def wide(split: Split) -> Split:
    """The same token ids, each with two more numbers."""
    assert isinstance(split.inputs, Sequences)
    ids = np.stack([split.inputs.ids, split.inputs.ids * 0 + 1, split.inputs.ids * 0], axis=1)
    return replace(split, inputs=replace(split.inputs, ids=ids))


def test_frozen_vectors_do_not_move_and_others_do() -> None:
    frozen, tuned = trained(frozen=True), trained(frozen=False)
    assert frozen.weights["embedding"].tolist() == VECTORS.tolist()
    moved = np.abs(tuned.weights["embedding"] - VECTORS).max(1)
    assert (moved[3:] > 1e-3).all(), "every token of train"
    assert moved[1] == moved[2] == 0, "what train does not have stays"


def test_the_size_comes_with_the_vectors() -> None:
    model = trained(embedding=64)
    assert model.weights["embedding"].shape == (8, 5)
    assert model.weights["reader0.forward.kernel"].shape[0] == 5


def test_numpy_reads_as_keras_does() -> None:
    prepare(1)
    params = recurrent.Params(units=4, bidirectional=True)
    model = recurrent.build(params, TRAINING, CLASSIFY)
    network = Network(model.design, CLASSIFY)
    model.weights = network.export()
    ids = pad(labelled_sequences(6).inputs, np.arange(6), 99)  # type: ignore[arg-type]
    assert model._logits(ids) == pytest.approx(network(ids)[0].numpy(), abs=1e-5)


def test_a_trained_network_needs_only_its_folder(tmp_path: Path) -> None:
    model, texts = trained(), labelled_sequences(10, seed=2).inputs
    model.save(tmp_path)
    assert "pretrained" not in json.loads((tmp_path / "model.json").read_text())["spec"]
    loaded = recurrent.load(tmp_path)
    assert loaded.spec.pretrained is None
    assert np.array_equal(loaded.predict(texts), model.predict(texts))
    assert np.array_equal(loaded.weights["embedding"], model.weights["embedding"])


def test_a_language_model_takes_vectors_too() -> None:
    split = language_split([[3, 4, 5, 6]] * 20)
    model = trained(Spec("language_model", 8, pretrained=GIVEN), split, frozen=True)
    assert model.weights["embedding"].tolist() == VECTORS.tolist()
    assert np.isfinite(model.predict(split.inputs)).all()


def test_a_table_reads_the_first_of_several_numbers() -> None:
    narrow, split = trained(), labelled_sequences(40)
    same = trained(split=wide(split))
    assert same.predict(wide(split).inputs) == pytest.approx(narrow.predict(split.inputs), abs=1e-6)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match=r"model\.frozen: an embedding learned in the model cannot be frozen"):
        trained(Spec("classify", 8, 2), frozen=True)
    with pytest.raises(ConfigError, match="8 pretrained vectors for 9 token ids"):
        trained(Spec("classify", 9, 2, pretrained=GIVEN))
    with pytest.raises(ConfigError, match="kind elmo read each text from both ends"):
        trained(Spec("language_model", 8, pretrained=Pretrained("elmo", {})))
    with pytest.raises(ConfigError, match="no network reads features of kind 'glove'"):
        trained(Spec("classify", 8, 2, pretrained=Pretrained("glove", {})))


def test_rows_are_for_linear_and_ids_for_networks() -> None:
    rows = labelled_rows(60)
    dense = replace(rows, inputs=rows.inputs.toarray())  # type: ignore[union-attr]
    for split in (rows, dense):
        with pytest.raises(ConfigError, match=r"a network reads token ids: .* not counts or a row per text"):
            trained(Spec("classify", 5, 3), split)
    models = []
    for split in (rows, dense):
        models.append(linear.build(linear.Params(), linear.Training(), Spec("classify", 5, 3)))
        models[-1].fit(split, split, lambda epoch: None)
    assert models[0].predict(rows.inputs) == pytest.approx(models[1].predict(dense.inputs), abs=1e-4)
    with pytest.raises(ConfigError, match="linear reads a row per text"):
        models[0].predict(labelled_sequences(4).inputs)


def test_a_reader_of_its_own_gets_its_weights_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reader:
        @staticmethod
        def export(layer: object) -> dict[str, np.ndarray]:
            return {"mix": np.ones(2)}

        @staticmethod
        def read(weights: dict[str, np.ndarray], settings: dict[str, int], ids: np.ndarray) -> np.ndarray:
            return ids[..., None] * weights["mix"] * settings["scale"]

        @staticmethod
        def multiply_adds(weights: dict[str, np.ndarray]) -> int:
            return 5 * len(weights["mix"])

    monkeypatch.setattr(embeddings, "_reader", lambda kind: Reader)
    weights = {**embeddings.export("own", None), "head.bias": np.zeros(1)}
    assert list(weights) == ["embedding.mix", "head.bias"]
    assert embeddings.read("own", {"scale": 3}, weights, np.array([[2]])).tolist() == [[[6, 6]]]
    assert (embeddings.multiply_adds("own", weights), embeddings.multiply_adds("table", weights)) == (10, 0)
