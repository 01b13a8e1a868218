"""A language model that looks back: its cache is held to the paper's sums, written here as they stand there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import untrained
from synthetic import language_split

from malmoi import registry
from malmoi.batches import Spec
from malmoi.config import ConfigError, read
from malmoi.models._network import neural_cache, sequence_model
from malmoi.models._network.sequence_model import SequenceModel

SIZE, WIDTH = 7, 9
SPEC = Spec("language_model", WIDTH)
FLATNESS, SHARE = 3.0, 0.4
SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("recurrent", {"units": 6, "cell": "lstm", "layers": 2}),
    ("recurrent", {"units": 6, "cell": "gru", "tied": True, "adaptive": [5]}),
    ("qrnn", {"units": 5, "width": 3}),
    ("transformer", {"heads": 1, "inner": 6, "context": 4}),
]
STREAM = np.random.default_rng(5).integers(2, WIDTH, 30)
shapes = pytest.mark.parametrize(("family", "shape"), SHAPES, ids=str)


def looking_back(family: str, shape: dict[str, Any]) -> SequenceModel:
    model, _ = untrained(family, SPEC, shape | {"cache": SIZE})
    model.weights |= {"cache.flatness": np.array(FLATNESS, np.float32), "cache.share": np.array(SHARE, np.float32)}
    return model


def outputs(model: SequenceModel) -> np.ndarray:
    """(steps, numbers) what the network gives after each token, of length 1."""
    hidden = model._read(STREAM[None, :-1].astype(np.int32), model.start(1), None)[0][0]
    return hidden / np.linalg.norm(hidden, axis=1, keepdims=True)


def by_hand(model: SequenceModel, alone: np.ndarray, step: int) -> np.ndarray:
    """(width,) probabilities of what comes after `step`. alone: the network's."""
    hidden, found = outputs(model), np.zeros(WIDTH)
    for earlier in range(max(0, step - SIZE), step):
        found[STREAM[earlier + 1]] += np.exp(FLATNESS * float(hidden[step] @ hidden[earlier]))
    return (1 - SHARE) * alone + SHARE * found / found.sum() if step else alone


@shapes
def test_it_is_the_sums_of_the_paper(family: str, shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, (plain, _) = looking_back(family, shape), untrained(family, SPEC, shape)
    state, bare, expected, found = model.start(2), plain.start(2), [], []
    for step, token in enumerate(STREAM[:-1]):
        twice = np.array([token, token], np.int32)
        alone, bare = plain.next(bare, twice)
        expected.append(by_hand(model, np.exp(alone[0]), step))
        scores, state = model.next(state, twice)
        assert scores[0] == pytest.approx(scores[1], abs=1e-6)
        found.append(np.exp(scores[0]))
    assert np.stack(found) == pytest.approx(np.stack(expected), abs=1e-5)
    assert np.sum(found, 1) == pytest.approx(1, abs=1e-5)
    wanted = np.log([shares[token] for shares, token in zip(expected, STREAM[1:], strict=True)])
    stream = language_split([STREAM[1:-1].tolist()]).inputs
    assert np.abs(plain._score(STREAM) - wanted).max() > 0.05
    for chunk in (512, 4):  # longer than the stream; shorter than the cache
        monkeypatch.setattr(sequence_model, "CHUNK", chunk)
        assert model._score(STREAM) == pytest.approx(wanted, abs=1e-4)
    assert len(model.predict(stream)) == len(STREAM) - 1


def test_streams_side_by_side_know_nothing_of_each_other() -> None:
    model = looking_back(*SHAPES[0])
    both = np.stack([STREAM, STREAM[::-1]]).astype(np.int32)
    apart = [model.scores(row[None, :-1], row[None, 1:], model.start(1))[0][0] for row in both]
    together, state = model.scores(both[:, :-1], both[:, 1:], model.start(2))
    assert together == pytest.approx(np.stack(apart), abs=1e-5)
    turned = [[part[::-1] for part in block] for block in state]  # as a beam takes rows
    scores, _ = model.next(turned, both[::-1, -1])
    assert scores == pytest.approx(model.next(state, both[:, -1])[0][::-1], abs=1e-5)


NOISE = language_split([np.random.default_rng(2).integers(3, WIDTH, 300).tolist()])
NAME = language_split([[token for _ in range(100) for token in (3, 8, 5)]])  # which training has never seen


def test_flatness_and_share_are_found_on_the_validation_split(tmp_path: Path) -> None:
    module = registry.find("models", "recurrent")
    settings = {"units": 8, "embedding": 4, "cache": 50}

    def learned(size: int) -> SequenceModel:
        model = module.build(read(module.Params, settings | {"cache": size}, "test"), module.Training(epochs=1), SPEC)
        model.fit(NOISE, NAME, lambda epoch: None)
        return model

    model, plain = learned(50), learned(0)
    assert model.weights["cache.share"] > 0.2, "what comes again is found"
    for name, weight in plain.weights.items():
        assert np.array_equal(model.weights[name], weight), "nothing else is another"
    text = NAME.inputs
    assert model.predict(text).mean() > plain.predict(text).mean() + 0.5
    model.save(tmp_path)
    assert np.array_equal(module.load(tmp_path).predict(text), model.predict(text))
    assert model.parameters == plain.parameters + 2
    assert [(row.name, row.parameters, row.multiply_adds_per_token) for row in model.layers][-1] == ("cache", 2, 50 * 8)
    assert sum(row.parameters for row in model.layers) == model.parameters


def test_where_nothing_comes_again_the_cache_is_not_asked() -> None:
    model, _ = untrained("recurrent", Spec("language_model", 60), {"units": 6, "cache": 20})
    assert neural_cache.tuned(model, np.random.default_rng(3).permutation(np.arange(3, 60)))["cache.share"] == 0


def test_a_share_of_nothing_is_the_network_alone() -> None:
    scores, found = np.log(np.array([[0.5, 0.25]])), np.array([[0.1, np.nan]])
    assert neural_cache.mixed(scores, found, 0.0) == pytest.approx(scores)
    assert np.exp(neural_cache.mixed(scores, found, 0.5)) == pytest.approx(np.array([[0.3, 0.25]]))
    assert np.isfinite(neural_cache.mixed(np.array([-800.0]), np.array([0.0]), 0.5)).all()


def test_refusals() -> None:
    module = registry.find("models", "recurrent")
    params = read(module.Params, {"cache": 5}, "test")
    with pytest.raises(ConfigError, match=r"model\.cache: only a language model"):
        module.build(params, module.Training(), Spec("classify", WIDTH, 2))
    with pytest.raises(ConfigError, match=r"training\.reset begins every text afresh"):
        module.build(params, module.Training(reset=True), SPEC)
    with pytest.raises(ConfigError, match=r"model\.cache: should be 0 or more, found -1"):
        module.build(read(module.Params, {"cache": -1}, "test"), module.Training(), SPEC)
