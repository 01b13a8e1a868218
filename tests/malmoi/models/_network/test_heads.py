"""Heads: the adaptive softmax is a distribution, its loss is that of all its scores, and numpy asks it as Keras does."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from malmoi.batches import Spec
from malmoi.config import ConfigError
from malmoi.models import recurrent
from malmoi.models._network import arrays, frame, heads, losses
from malmoi.models._network.network import Network

WIDTH, INPUTS, SIZE, EDGES = 23, 8, 6, [7, 12]


def weights(head: heads.Plain, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    own = {name: random.normal(0, 0.7, one.shape).astype(np.float32) for name, one in head.weights().items()}
    return own | {heads.TABLE: random.normal(0, 0.7, (WIDTH, SIZE)).astype(np.float32)}


HEADS = [pytest.param(EDGES, 0, id="untied"), pytest.param(EDGES, SIZE, id="tied"), pytest.param([], SIZE, id="full"), ([], 0)]


@pytest.mark.parametrize(("edges", "size"), HEADS)
def test_what_came_is_scored_as_by_all_scores(edges: list[int], size: int) -> None:
    head = heads.find(INPUTS, WIDTH, edges, size)
    own, hidden = weights(head), np.random.default_rng(1).normal(size=(40, INPUTS)).astype(np.float32)
    scores = head.scores(arrays, own, hidden)
    shares = np.exp(scores - np.log(np.exp(scores).sum(1, keepdims=True)))
    assert scores.shape == (40, WIDTH)
    wanted = np.arange(40) % WIDTH
    assert head.score(own, hidden, wanted) == pytest.approx(np.log(shares[np.arange(40), wanted]), abs=1e-5)
    if edges:
        assert np.exp(scores).sum(1) == pytest.approx(np.ones(40), abs=1e-5), "its scores are log probabilities"


def test_tied_clusters_are_rows_of_the_table_and_untied_ones_are_narrower() -> None:
    tied, untied = heads.Adaptive(INPUTS, WIDTH, EDGES, SIZE), heads.Adaptive(INPUTS, WIDTH, EDGES)
    assert sorted(tied.weights()) == ["bias", "clusters", "projection"]
    shapes = {name: one.shape for name, one in untied.weights().items()}
    assert shapes == {"kernel": (8, 9), "bias": (25,), "down1": (8, 2), "kernel1": (2, 5), "down2": (8, 1), "kernel2": (1, 11)}
    assert tied.multiply_adds() == INPUTS * SIZE + 2 * SIZE + SIZE * WIDTH


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("tied", [False, True])
def test_the_loss_and_its_gradients_are_those_of_all_scores(tied: bool, smoothing: float) -> None:
    spec = Spec("language_model", WIDTH, seed=3)
    params = recurrent.Params(units=INPUTS, embedding=SIZE, tied=tied, adaptive=EDGES)
    network = Network(recurrent.build(params, recurrent.Training(), spec).design, spec)
    random = np.random.default_rng(2)
    hidden, wanted = tf.constant(random.normal(size=(2, 30, INPUTS)), tf.float32), tf.constant(random.integers(0, WIDTH, (2, 30)), tf.int32)
    sources = [hidden, *(weight.value for weight in network.head.own.values())] + ([network.embedding.embeddings.value] if tied else [])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sources)
        fast = network.head.loss(hidden, wanted, losses.Aim())
        slow = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, network.head(hidden)))
    assert float(fast) == pytest.approx(float(slow), abs=1e-5)
    for source in sources:
        expected, found = (tf.convert_to_tensor(tape.gradient(loss, source)).numpy() for loss in (slow, fast))
        assert found == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(float(network.head.loss(hidden, wanted, losses.Aim(smoothing=smoothing))))


def test_a_batch_without_a_rare_token_has_a_loss_and_gradients() -> None:
    spec = Spec("language_model", WIDTH, seed=3)
    params = recurrent.Params(units=INPUTS, embedding=SIZE, adaptive=EDGES)
    network = Network(recurrent.build(params, recurrent.Training(), spec).design, spec)
    with tf.GradientTape() as tape:
        loss = network.head.loss(tf.ones((1, 4, INPUTS)), tf.constant([[0, 1, 2, 3]]), losses.Aim())
    gradients = tape.gradient(loss, [network.head.own["kernel1"].value, network.head.own["kernel"].value])
    assert np.isfinite(float(loss))
    assert float(tf.reduce_sum(tf.abs(gradients[0]))) == 0
    assert float(tf.reduce_sum(tf.abs(gradients[1]))) > 0


@pytest.mark.parametrize(("problem", "given"), [("language_model", [9, 4]), ("language_model", [WIDTH]), ("classify", [4])])
def test_refusals(problem: str, given: list[int]) -> None:
    with pytest.raises(ConfigError, match="adaptive"):
        frame.check(frame.Frame(adaptive=given), Spec(problem, WIDTH, 2))


def small(**more: Any) -> Any:
    spec = Spec("language_model", WIDTH, seed=1)
    return recurrent.build(recurrent.Params(units=INPUTS, embedding=SIZE, **more), recurrent.Training(), spec)


def test_layers_add_up_to_the_parameters() -> None:
    model = small(cell="lstm", layers=2, tied=True, adaptive=EDGES)
    model.weights = Network(model.design, model.spec).export()
    rows = model.layers
    assert [row.name for row in rows] == ["embedding", "reader0", "reader1", "head"]
    assert sum(row.parameters for row in rows) == model.parameters
    assert rows[1].multiply_adds_per_token == 4 * INPUTS * (SIZE + INPUTS)
    assert rows[2].multiply_adds_per_token == 4 * INPUTS * (INPUTS + INPUTS)
