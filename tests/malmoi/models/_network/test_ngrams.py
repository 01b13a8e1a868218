import numpy as np
import pytest

from malmoi.batches import PAD, Sequences, Spec, Split
from malmoi.config import ConfigError
from malmoi.models import bag, recurrent
from malmoi.models._network import arrays, ngrams
from malmoi.models._network.blocks import Given
from malmoi.models._network.ngrams import Ngrams
from malmoi.models._network.training import Training

LONGEST = Ngrams(longest=3, buckets=50_000, size=4)


def _rows(tokens: list[int], settings: Ngrams = LONGEST) -> list[list[tuple[int, bool]]]:
    """Per n, from 2 on, (row, whether it is there) of each token."""
    found = ngrams.places(arrays, settings, np.array([tokens]))
    return [list(zip(rows[0].tolist(), there[0].tolist(), strict=True)) for rows, there in found]


def test_an_ngram_has_the_same_row_wherever_it_stands_and_only_inside_a_text():
    twos, threes = _rows([7, 8, 9, 7, 8, 9])

    assert [there for _, there in twos] == [False, True, True, True, True, True]
    assert [there for _, there in threes] == [False, False, True, True, True, True]
    assert twos[1] == twos[4]
    assert threes[2] == threes[5]
    assert len({row for row, there in twos + threes if there}) == 6, "78, 89, 97, 789, 897, 978"


@pytest.mark.parametrize("tokens", [[PAD, PAD, 5, 6, 7], [5, 6, 7, PAD, PAD]], ids=["before", "after"])
def test_padding_ends_and_begins_no_ngram(tokens):
    padded = [[row for row, there in places if there] for places in _rows(tokens)]

    assert padded == [[row for row, there in places if there] for places in _rows([5, 6, 7])]
    assert [len(rows) for rows in padded] == [2, 1]


def test_keras_and_numpy_find_the_same_rows_and_sums():
    import keras

    random = np.random.default_rng(1)
    tokens, settings = random.integers(0, 30_000, (3, 11)), Ngrams(longest=4, buckets=1000, size=5)
    weights = {name: random.normal(size=one.shape).astype(np.float32) for name, one in ngrams.weights(settings, 6).items()}
    learned = {name: keras.ops.convert_to_tensor(weight) for name, weight in weights.items()}

    answered = ngrams.read(Given(arrays, weights), settings, tokens)

    assert answered.shape == (3, 11, 6)
    assert answered.dtype == np.float32
    np.testing.assert_allclose(ngrams.read(Given(keras.ops, learned), settings, tokens), answered, rtol=1e-5, atol=1e-5)


def _texts(texts: list[np.ndarray], padding: str = "after") -> Sequences:
    offsets = np.cumsum([0, *(len(text) for text in texts)])
    return Sequences(np.concatenate(texts).astype(np.int32), offsets, np.zeros(len(texts)), padding=padding)


def _pairs(count: int) -> Split:
    """Texts of 2s and 3s; the class is whether a 3 comes right after a 2, so counts of tokens say nothing."""
    random = np.random.default_rng(0)
    texts = [random.permutation([2, 2, 3, 3, 4, 4, 5, 5]) for _ in range(count)]
    labels = np.array([int("23" in "".join(map(str, text))) for text in texts])
    lengths = np.array([len(text) for text in texts])
    return Split(_texts(texts), labels, lengths, lengths)


def _accuracy(settings: Ngrams | None) -> float:
    train, test = _pairs(400), _pairs(100)
    training = Training(epochs=12, learning_rate=0.03)
    model = bag.build(bag.Params(embedding=8, ngrams=settings), training, Spec("classify", 6, 2, seed=1))
    model.fit(train, test, lambda epoch: None)
    return float((model.predict(test.inputs).argmax(1) == test.labels).mean())


def test_a_bag_with_ngrams_sees_the_order_that_a_bag_does_not():
    assert _accuracy(Ngrams(longest=2, buckets=64, size=8)) > 0.95
    assert _accuracy(None) < 0.8


@pytest.mark.parametrize("padding", ["before", "after"])
def test_what_learned_answers_as_it_learned_and_padding_changes_nothing(padding, tmp_path):
    train = _pairs(40)
    params = recurrent.Params(units=6, embedding=5, bidirectional=True, pooling="max", ngrams=Ngrams(buckets=97, size=4, dropout=0.3))
    model = recurrent.build(params, Training(epochs=2, learning_rate=0.01), Spec("classify", 6, 2, seed=1))
    model.fit(train, train, lambda epoch: None)
    model.save(tmp_path)
    texts = [np.array([2, 3, 4]), np.array([5, 2, 3, 2, 4, 4, 3, 5])]

    answers = recurrent.load(tmp_path).predict(_texts(texts, padding))

    alone = np.concatenate([model.predict(_texts([text])) for text in texts])
    np.testing.assert_allclose(answers, alone, atol=1e-6)
    assert np.abs(model.weights["ngrams.table"]).max() > 0, "it has learned"
    ngram = next(row for row in model.layers if row.name == "ngrams")
    assert (ngram.parameters, ngram.multiply_adds_per_token) == (97 * 4 + 4 * 5, 4 * 5)


@pytest.mark.parametrize(
    ("settings", "problem", "said"),
    [
        (Ngrams(), "language_model", "model.ngrams: a language model"),
        (Ngrams(longest=1), "classify", "longest: should be 2 or more, found 1"),
        (Ngrams(buckets=0), "classify", "buckets: should be 1 or more, found 0"),
        (Ngrams(dropout=1.0), "classify", "dropout: should be at least 0 and less than 1"),
    ],
)
def test_settings_that_cannot_be_are_said(settings, problem, said):
    with pytest.raises(ConfigError, match=said):
        recurrent.build(recurrent.Params(ngrams=settings), Training(), Spec(problem, 6, 2, seed=1))
