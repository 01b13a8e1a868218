"""Kneser-Ney against hand counts and against its own definition as a probability."""

import numpy as np
import pytest
from synthetic import language_split

from malmoi.batches import END, Sequences, Spec
from malmoi.config import ConfigError
from malmoi.models import ngram

EXAMPLE = [[3, 4, 3, 4, 5], [3, 4], [5, 3, 4, 4], [6]]


def trained(order: int, texts: list[list[int]] = EXAMPLE, width: int = 8) -> ngram.NGram:
    model = ngram.build(ngram.Params(order=order), ngram.Training(), Spec("language_model", width))
    split = language_split(texts)
    model.fit(split, split, lambda epoch: None)
    return model


def test_unigram_by_hand() -> None:
    # stream: 2 3 4 3 4 5 2 3 4 2 5 3 4 4 2 6 2: 17 tokens; 2 x5, 3 x4, 4 x5, 5 x2, 6 x1; no token occurs three times, so the
    # discounts are the fixed ones: 0.5 for a count of 1, 0.75 for 2 and for 3 or more
    model = trained(1)
    rest = (0.75 * 4 + 0.5) / 17
    shares, _ = model.next(model.start(1), np.array([END]))
    assert np.exp(shares[0, 6]) == pytest.approx((1 - 0.5) / 17 + rest / 7)
    assert np.exp(shares[0, 3]) == pytest.approx((4 - 0.75) / 17 + rest / 7)
    assert np.exp(shares[0, 7]) == pytest.approx(rest / 7)  # never seen: uniform over the 7 ids that are no padding
    assert shares[0, 0] == -np.inf


def test_bigram_by_hand() -> None:
    # after 5 came 2 and 3, once each; continuation counts of order 1: distinct tokens before each: 2: {5, 4, 6}, 3: {2, 4, 5},
    # 4: {3, 4}, 5: {4, 2}, 6: {2}: 11 in all, 1 once, 2 twice, 2 three times, none four times -> the fixed discounts
    model = trained(2)
    shares, _ = model.next(model.start(1), np.array([5]))
    rest = (0.5 + 2 * 0.75 + 2 * 0.75) / 11
    lower = (3 - 0.75) / 11 + rest / 7  # of token 3
    assert np.exp(shares[0, 3]) == pytest.approx((1 - 0.5) / 2 + (0.5 + 0.5) / 2 * lower)


@pytest.mark.parametrize(
    ("counts", "discounts"),
    [
        ((10, 5, 3, 2), (0.5, 2 - 3 * 0.5 * 3 / 5, 3 - 4 * 0.5 * 2 / 3)),  # Y = 10 / 20: equation 26
        ((10, 5, 3, 0), ngram.FIXED[1:]),  # D3 would be 3: nothing would be left of a count of three
        ((10, 5, 0, 2), ngram.FIXED[1:]),
        ((10, 0, 3, 2), ngram.FIXED[1:]),
        ((0, 5, 3, 2), ngram.FIXED[1:]),
        ((10, 1, 30, 2), ngram.FIXED[1:]),  # D2 would be below 0
        ((10, 5, 3, 30), ngram.FIXED[1:]),  # D3 would be below 0
    ],
)
def test_discounts(counts: tuple[int, ...], discounts: tuple[float, ...]) -> None:
    frequency = np.repeat([1, 2, 3, 4, 5], [*counts, 7])
    assert ngram._discounts(frequency) == pytest.approx(np.array([0.0, *discounts]))


@pytest.mark.parametrize("text", [[], [3], [3, 4]])
def test_a_text_shorter_than_the_order_is_a_model_too(text: list[int]) -> None:
    model = trained(5, [text])
    assert np.isfinite(model.predict(language_split([[3, 4, 5, 3, 4, 3], []]).inputs)).all()
    state = model.start(1)
    for token in (END, 3, 4):
        shares, state = model.next(state, np.array([token]))
        assert np.exp(shares).sum() == pytest.approx(1)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_predict_equals_next_and_sums_to_one(order: int) -> None:
    model = trained(order)
    held_out = language_split([[5, 6, 6], [], [3, 4, 3, 7]])
    stream = held_out.inputs.stream()
    state, shares = model.start(1), []
    for token in stream[:-1]:
        share, state = model.next(state, np.array([token]))
        shares.append(share[0])
    assert np.exp(shares).sum(1) == pytest.approx(np.ones(len(shares)))
    wanted = [row[token] for row, token in zip(shares, stream[1:], strict=True)]
    assert model.predict(held_out.inputs) == pytest.approx(np.array(wanted))


def test_longer_contexts_help_on_repeating_text() -> None:
    texts = [[3, 4, 5, 6, 3, 4, 7, 6] * 20]
    losses = [-trained(order, texts).predict(language_split(texts).inputs).mean() for order in (1, 2, 4)]
    assert losses[0] > losses[1] > losses[2]


def test_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ConfigError, match="order must be 1 or more, found 0"):
        ngram.build(ngram.Params(order=0), ngram.Training(), Spec("language_model", 5))
    with pytest.raises(ConfigError, match="only knows problem language_model"):
        ngram.build(ngram.Params(), ngram.Training(), Spec("classify", 5, 2))


def test_sequences_are_not_copied_as_rows() -> None:
    with pytest.raises(ConfigError, match="kind sequence"):
        trained(2).predict(np.zeros((2, 2)))  # type: ignore[arg-type]
    assert isinstance(language_split(EXAMPLE).inputs, Sequences)
