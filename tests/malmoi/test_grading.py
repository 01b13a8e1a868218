"""The two fixed judges: bits against a calculation by hand, and what they must agree on."""

import math

import pytest

from malmoi import grading
from malmoi.config import ConfigError


def test_bits_by_hand() -> None:
    """Order 1: in the stream "END a a b b END" each of three tokens comes twice; a small text has a discount of 0.75 for that."""
    train = [["a", "a", "b", "b"]]
    rest = 3 * 0.75 / 6  # what discounting leaves, shared by the 4 ids that can come: unknown, END, a, b
    share = (2 - 0.75) / 6 + rest / 4
    bits = grading.language_model_bits(train, [["a", "b"]], characters=3, order=1)  # a, b and the end
    assert bits == pytest.approx(-math.log2(share))


def test_an_unknown_token_is_charged_for_its_spelling() -> None:
    train = [["a", "a", "b", "b"]]
    known = grading.language_model_bits(train, [["a"]], 1, 1)
    short, long = (grading.language_model_bits(train, [[token]], 1, 1) for token in ("c", "ccc"))
    assert known < short < long


def test_documents_may_be_objects_that_begin_anew_but_no_generators() -> None:
    class Again:
        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter([["a", "b"], ["a", "b"]])

    assert grading.language_model_bits(Again(), Again(), 6) == grading.language_model_bits(list(Again()), list(Again()), 6)
    with pytest.raises(TypeError, match="not a generator"):
        grading.language_model_bits((tokens for tokens in [["a", "a"]]), [["a"]], 1)


def test_a_text_in_which_nothing_comes_twice_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no token of the training split comes 2 times"):
        grading.language_model_bits([["a", "b"]], [["a"]], 1)


def test_accuracy_is_a_share_and_an_unknown_label_is_never_right() -> None:
    train = [["아주", "좋다"], ["정말", "좋다"], ["아주", "나쁘다"], ["정말", "나쁘다"]] * 3
    labels = ["good", "good", "bad", "bad"] * 3
    test = [["좋다"], ["나쁘다"], ["좋다"], ["나쁘다"]]
    assert grading.classifier_accuracy((train, labels), (test, ["good", "bad", "good", "bad"])) == 1.0
    assert grading.classifier_accuracy((train, labels), (test, ["good", "bad", "bad", "so-so"])) == 0.5
