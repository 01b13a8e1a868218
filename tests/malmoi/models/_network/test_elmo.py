"""ELMo in a network: numpy reads as Keras does, unseen words count by their characters, what is frozen stays."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from synthetic import sequences
from tiny import Tiny

from malmoi.batches import END, UNKNOWN, Sequences, Spec, Split, pad
from malmoi.bilm import Encoder, Shape
from malmoi.config import ConfigError
from malmoi.models import recurrent
from malmoi.models._network import elmo, elmo_layer
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.predictor import Predictor
from malmoi.pretrained import Pretrained

LONGEST, WIDTH = 5, 8
SHAPE = Shape(characters=10, embedding=3, filters=((1, 4), (2, 5)), dimensions=4, units=6, layers=2)
HANGUL = [[2, 6, 7, 3, 0], [2, 9, 8, 6, 3]]  # two unseen words


def arrays() -> dict[str, np.ndarray]:
    """Weights of a language model, at random (biases too, so that none is left out), and how its words are spelled."""
    random = np.random.default_rng(5)
    weights = {
        name: random.normal(0, 0.6, array.shape).astype(np.float32) for name, array in Encoder(SHAPE, mirrored=False).export().items()
    }
    spelled = random.integers(4, 10, (WIDTH, LONGEST)).astype(np.int32)
    spelled[0] = 0
    return {"spelled": spelled, **weights}


@pytest.fixture(scope="module")
def given() -> dict[str, np.ndarray]:
    return arrays()


@pytest.fixture(scope="module")
def layer(given: dict[str, np.ndarray]) -> elmo_layer.Elmo:
    made = elmo_layer.Elmo(given, frozen=False)
    made.scalars.assign([0.3, -0.5, 0.9])
    made.scale.assign(1.7)
    return made


@pytest.fixture(scope="module")
def weights(layer: elmo_layer.Elmo) -> dict[str, np.ndarray]:
    return elmo.export(layer)


@pytest.fixture
def untraced() -> Iterator[None]:
    """A few steps are over before TensorFlow would have compiled them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def texts(*words: list[int | list[int]]) -> Sequences:
    """Known words by their ids, unseen ones by their characters."""
    found = sequences([[word if isinstance(word, int) else UNKNOWN for word in text] for text in words])
    ids = np.zeros((len(found.ids), 1 + LONGEST), np.int32)
    ids[:, 0] = found.ids
    for row, word in zip(ids, (word for text in words for word in text), strict=True):
        row[1:] = 0 if isinstance(word, int) else word
    return replace(found, ids=ids)


def batch(*words: list[int | list[int]], padding: Any = "after") -> np.ndarray:
    return pad(replace(texts(*words), padding=padding), np.arange(len(words)), 99)


def read(weights: dict[str, np.ndarray], *words: list[int | list[int]], padding: Any = "after") -> np.ndarray:
    return elmo.read(weights, {}, batch(*words, padding=padding))


@pytest.mark.parametrize("padding", ["after", "before"])
def test_reads_as_keras_does(layer: Any, given: Any, weights: Any, padding: str) -> None:
    ids = batch([3, HANGUL[0], 4, 7], [5], [], [HANGUL[1], 6, HANGUL[0]], padding=padding)
    mask = (ids[..., 0] != 0)[..., None]
    found = elmo.read(weights, {}, ids)
    assert found.shape == (4, 4, 8)
    assert found * mask == pytest.approx(layer(ids).numpy() * mask, abs=1e-5)
    known = batch([3, 4], [5], padding=padding)  # no unseen word at all
    assert elmo.read(weights, {}, known)[0] == pytest.approx(layer(known).numpy()[0], abs=1e-5)


def test_frozen_reads_the_same(given: Any, weights: Any) -> None:
    frozen = elmo_layer.Elmo(given, frozen=True)
    frozen.scalars.assign(weights["scalars"])
    frozen.scale.assign(weights["scale"])
    ids = batch([3, HANGUL[0], 4, 7], [5, 5, 5, HANGUL[1]])
    assert frozen(ids).numpy() == pytest.approx(elmo.read(weights, {}, ids), abs=1e-5)
    assert len(frozen.trainable_variables) == 2


def test_padding_changes_nothing(weights: Any) -> None:
    alone = read(weights, [3, HANGUL[0]])
    assert read(weights, [3, HANGUL[0]], [4, 5, 6, 7, 3])[0, :2] == pytest.approx(alone[0], abs=1e-6)
    assert read(weights, [3, HANGUL[0]], [4, 5, 6, 7, 3], padding="before")[0, 3:] == pytest.approx(alone[0], abs=1e-6)


def test_an_unseen_word_is_what_its_characters_are(weights: Any, given: Any) -> None:
    known = read(weights, [3, 4])
    assert read(weights, [given["spelled"][3].tolist(), 4]) == pytest.approx(known, abs=1e-6), "spelled like word 3"
    one, other, again = (read(weights, [word, 4])[0, 0] for word in (*HANGUL, HANGUL[0]))
    assert np.abs(one - other).max() > 0.01
    assert (one == again).all()


def test_a_word_is_read_in_its_context_from_both_sides(weights: Any) -> None:
    here, left, right = (read(weights, text)[0, 1] for text in ([3, 4, 5], [6, 4, 5], [3, 4, 7]))
    assert np.abs(here - left)[:4].max() > 1e-3, "the forward half sees what is before"
    assert here[4:] == pytest.approx(left[4:], abs=1e-6)
    assert np.abs(here - right)[4:].max() > 1e-3
    assert here[:4] == pytest.approx(right[:4], abs=1e-6)


def test_layers_are_mixed_as_in_equation_1(weights: Any) -> None:
    only = [{**weights, "scalars": np.where(np.arange(3) == layer, 99.0, 0.0), "scale": np.float32(1)} for layer in range(3)]
    layers = [read(one, [3, 4, 5]) for one in only]
    shares = np.exp([0.3, -0.5, 0.9]) / np.exp([0.3, -0.5, 0.9]).sum()
    mixed = 1.7 * sum(share * layer for share, layer in zip(shares, layers, strict=True))
    assert read(weights, [3, 4, 5]) == pytest.approx(mixed, abs=1e-5)
    assert layers[0][0, :, :4] == pytest.approx(weights["known"][[3, 4, 5]], abs=1e-6)
    assert layers[0][0, :, 4:] == pytest.approx(weights["known"][[3, 4, 5]], abs=1e-6)


def test_a_text_is_read_as_the_language_model_reads_it_in_a_stream(weights: Any, given: Any) -> None:
    encoder = Encoder(SHAPE, mirrored=False)
    encoder.restore(given)
    for reader, stream, half in ((encoder.forward, [END, 3, 4, 5], slice(0, 4)), (encoder.backward, [END, 5, 4, 3], slice(4, 8))):
        outputs, _ = reader(encoder.words(given["spelled"][stream])[None], reader.initial(1))
        top = outputs[-1].numpy()[0, 1:]
        only = {**weights, "scalars": np.array([0.0, 0.0, 99.0]), "scale": np.float32(1)}
        assert read(only, [3, 4, 5])[0, :, half] == pytest.approx(top if half.start == 0 else top[::-1], abs=1e-5)


def split() -> Split:
    """Whether the first word is 3 or 4."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 24).astype(np.int32)
    inputs = texts(*([3 + label, *random.integers(5, 8, random.integers(0, 3)).tolist(), HANGUL[label]] for label in labels.tolist()))
    return Split(inputs, labels, inputs.lengths, inputs.lengths)


def trained(given: dict[str, np.ndarray], frozen: bool) -> SequenceModel:
    spec = Spec("classify", WIDTH, 2, seed=3, pretrained=Pretrained("elmo", given, {"longest": LONGEST}))
    training = recurrent.Training(epochs=1, batch_size=24, learning_rate=0.02)
    model = recurrent.build(recurrent.Params(units=4, frozen=frozen), training, spec)
    model.fit(split(), split(), lambda epoch: None)
    return model


@pytest.mark.usefixtures("untraced")
def test_frozen_only_the_mixture_learns_and_the_bytes_are_the_same_again(given: Any, tmp_path: Path) -> None:
    model = trained(given, frozen=True)
    own = {name.removeprefix("embedding."): weight for name, weight in model.weights.items() if name.startswith("embedding.")}
    assert set(own) == {*given, "scalars", "scale", "known"} - {"spelled"}
    assert all((own[name] == given[name]).all() for name in given if name in own)
    assert np.abs(own["scalars"]).min() > 1e-3
    assert own["scale"] != 1
    assert model.parameters == sum(given[name].size for name in own if name in given) + 3 + 1 + (8 + 4) * 12 + 24 + 4 * 2 + 2
    # a layer of a direction multiplies 4 numbers of a word and 6 of its state by 4 gates of 6 units, and brings 6 units to 4 numbers
    assert model.layers[0].multiply_adds_per_token == 2 * 2 * ((4 + 6) * 4 * 6 + 6 * 4)
    for name, one in (("one", model), ("two", trained(given, frozen=True))):
        one.save(tmp_path / name)
    assert (tmp_path / "one/weights.npz").read_bytes() == (tmp_path / "two/weights.npz").read_bytes()
    loaded = recurrent.load(tmp_path / "one")
    assert (loaded.predict(split().inputs) == model.predict(split().inputs)).all()


@pytest.mark.usefixtures("untraced")
def test_fine_tuned_all_weights_learn_and_numpy_gives_the_losses_of_keras(given: Any) -> None:
    losses: list[float] = []
    spec = Spec("classify", WIDTH, 2, seed=3, pretrained=Pretrained("elmo", given, {}))
    model = recurrent.build(recurrent.Params(units=4, frozen=False), recurrent.Training(epochs=1, batch_size=12, learning_rate=0.02), spec)
    model.fit(split(), split(), lambda epoch: losses.append(epoch.valid_loss))
    assert all((model.weights[f"embedding.{name}"] != given[name]).any() for name in given if name != "spelled")
    shares = model.predict(split().inputs)
    assert -np.log(shares[np.arange(24), split().labels]).mean() == pytest.approx(losses[0], abs=1e-4)


def test_no_language_model_reads_from_both_ends(given: Any) -> None:
    with pytest.raises(ConfigError, match="elmo read each text from both ends"):
        recurrent.build(recurrent.Params(), recurrent.Training(), Spec("language_model", WIDTH, pretrained=Pretrained("elmo", given, {})))


ANSWER = """
import sys
from pathlib import Path
from malmoi.predictor import Predictor
shares = Predictor.load(Path(sys.argv[1])).classify(["정말 좋은 영화", "재밌었다", "재미없었다", ""])
print("tensorflow" in sys.modules, *shares[:, 0].tolist())
"""


@pytest.mark.usefixtures("untraced")
def test_a_bundle_answers_from_its_folder_alone_without_tensorflow(tiny: Tiny, tmp_path: Path) -> None:
    bundle = tiny.train("review-elmo") / "seed-1"
    asked = Predictor.load(bundle).classify(["정말 좋은 영화", "재밌었다", "재미없었다", ""])[:, 0]
    shutil.move(bundle, tmp_path / "served")
    ended = subprocess.run([sys.executable, "-c", ANSWER, str(tmp_path / "served")], capture_output=True, text=True, check=True)
    heavy, *answers = ended.stdout.split()
    assert heavy == "False"
    assert [float(answer) for answer in answers] == pytest.approx(asked.tolist(), abs=1e-6)
    assert len(set(answers)) == 4, "재밌었다 and 재미없었다 are in no vocabulary, and are not the same"
