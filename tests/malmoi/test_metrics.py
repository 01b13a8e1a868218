"""Scores against values computed by hand, and the properties that they must have."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi import metrics

LABELS = np.array([0, 0, 1, 1, 1])
SHARES = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])


def test_classification_by_hand() -> None:
    scores = metrics.classification(SHARES, LABELS)
    assert scores["accuracy"] == pytest.approx(3 / 5)
    # class 0: 1 hit of 2 actual and 2 predicted -> 1/2; class 1: 2 hits of 3 actual and 3 predicted -> 2/3
    assert scores["macro_f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores["log_loss"] == pytest.approx(-sum(map(math.log, (0.9, 0.4, 0.8, 0.7, 0.4))) / 5)
    # bins of width 1/15: 0.6 (twice, both wrong: gap 1.2), 0.7 (right: 0.3), 0.8 (right: 0.2), 0.9 (right: 0.1)
    assert scores["calibration_error"] == pytest.approx((1.2 + 0.3 + 0.2 + 0.1) / 5)


def test_confusion_rows_are_actual() -> None:
    counts = metrics.confusion(LABELS, np.array([0, 1, 1, 1, 0]), 2)
    assert counts.tolist() == [[1, 1], [1, 2]]


def test_a_class_that_never_occurs_does_not_lower_macro_f1() -> None:
    assert metrics.macro_f1(np.diag([3, 2, 0])) == 1.0


def test_a_sure_and_wrong_answer_costs_a_finite_loss() -> None:
    assert metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(-math.log(1e-12))


def test_intervals_hold_the_score_and_shrink_with_more_examples() -> None:
    widths = []
    for copies in (20, 200):
        shares, labels = np.tile(SHARES, (copies, 1)), np.tile(LABELS, copies)
        low, high = metrics.classification_intervals(shares, labels)["accuracy"]
        assert low < 0.6 < high
        widths.append(high - low)
    # the standard error of a share is sqrt(p (1 - p) / n); the interval is 2 x 1.96 of it
    assert widths[0] == pytest.approx(2 * 1.96 * math.sqrt(0.24 / 100), rel=0.15)
    assert widths[1] == pytest.approx(widths[0] / math.sqrt(10), rel=0.2)


def test_intervals_are_the_same_each_time() -> None:
    assert metrics.classification_intervals(SHARES, LABELS) == metrics.classification_intervals(SHARES, LABELS)


def test_intervals_of_means_redraw_texts_and_seeds() -> None:
    """Two seeds, one always right, one always wrong: their mean is 0, 1/2 or 1, whatever texts are drawn."""
    right = np.eye(2)[LABELS]
    found = metrics.classification_intervals_of_means([right, right[:, ::-1]], LABELS)
    assert found["accuracy"] == [0.0, 1.0]
    assert found == metrics.classification_intervals_of_means([right, right[:, ::-1]], LABELS)
    copies = [np.tile(SHARES, (40, 1))] * 3
    labels = np.tile(LABELS, 40)
    of_means = metrics.classification_intervals_of_means(copies, labels)
    alone = metrics.classification_intervals(copies[0], labels)
    for name in ("accuracy", "macro_f1", "log_loss"):  # seeds that are all the same add nothing
        assert of_means[name] == pytest.approx(alone[name], abs=0.02)


def test_a_split_of_one_class_has_the_macro_f1_of_scikit_learn() -> None:
    """98 of 100 texts of one class are right, two are taken for the other: F1 of 2 * 98 / 198 and 0."""
    from sklearn.metrics import f1_score

    labels, predicted = np.zeros(100, int), np.repeat([0, 1], [98, 2])
    found = float(metrics.macro_f1(metrics.confusion(labels, predicted, 2)))
    assert found == pytest.approx(98 / 198)
    assert found == pytest.approx(f1_score(labels, predicted, average="macro", zero_division=0))


def units(tokens: list[int], characters: list[int], size: int = 1) -> dict[str, np.ndarray]:
    given = {"tokens": tokens, "characters": characters, "bytes": [size * count for count in characters], "unknown": [0] * len(tokens)}
    return {name: np.array(values, dtype=float) for name, values in given.items()}


@given(vocabulary=st.integers(2, 100_000), lengths=st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_perplexity_of_a_uniform_model_is_the_vocabulary(vocabulary: int, lengths: list[int]) -> None:
    bits = np.array(lengths) * math.log2(vocabulary)
    scores = metrics.language(bits, np.zeros(len(lengths)), units(lengths, lengths), lossless=True)
    assert scores["perplexity"] == pytest.approx(vocabulary)
    assert scores["bits_per_character"] == pytest.approx(math.log2(vocabulary))


def test_bits_per_byte_count_hangul_as_three_bytes_and_charge_unknown_tokens() -> None:
    scores = metrics.language(np.array([10.0, 20.0]), np.array([0.0, 6.0]), units([2, 3], [4, 8], size=3), lossless=True)
    assert scores["bits_per_character"] == pytest.approx(36 / 12)
    assert scores["bits_per_byte"] == pytest.approx(36 / 36)
    assert scores["perplexity"] == pytest.approx(2 ** (30 / 5)), "an unknown token counts as one token in perplexity"


def test_no_bits_per_character_where_text_is_lost() -> None:
    scores = metrics.language(np.array([10.0]), np.zeros(1), units([2], [4]), lossless=False)
    assert scores["bits_per_character"] is None
    assert scores["bits_per_byte"] is None
    assert scores["perplexity"] == pytest.approx(32)
    assert set(metrics.language_intervals(np.array([10.0, 12.0]), np.zeros(2), units([2, 2], [4, 4]), False)) == {"perplexity"}


def test_language_intervals_hold_the_score() -> None:
    random = np.random.default_rng(0)
    bits = random.uniform(10, 30, 200)
    given = units([10] * 200, [20] * 200)
    low, high = metrics.language_intervals(bits, np.zeros(200), given, lossless=True)["bits_per_character"]
    assert low < bits.sum() / 4000 < high
    assert high - low == pytest.approx(2 * 1.96 * bits.std() / 20 / math.sqrt(200), rel=0.15)
