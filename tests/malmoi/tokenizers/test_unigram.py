"""Learning a unigram vocabulary."""

import itertools
from collections import Counter

import numpy as np
import pytest

from malmoi.tokenizers import _unigram


def _cuts(word):
    """Every way to cut a word."""
    for marks in itertools.product((False, True), repeat=len(word) - 1):
        ends = [place + 1 for place, mark in enumerate(marks) if mark] + [len(word)]
        yield [word[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def test_expectations_are_those_of_all_cuts_counted_one_by_one():
    pieces = ["가", "나", "다", "가나", "나다"]
    scores = np.log([0.3, 0.2, 0.1, 0.25, 0.15])
    words = {"가나다": 3, "가나": 2, "다": 1}
    probability = dict(zip(pieces, np.exp(scores), strict=True))
    expected = Counter()
    for word, count in words.items():
        cuts = [cut for cut in _cuts(word) if all(piece in probability for piece in cut)]
        weights = np.array([np.prod([probability[piece] for piece in cut]) for cut in cuts])
        for cut, weight in zip(cuts, weights / weights.sum(), strict=True):
            for piece in cut:
                expected[piece] += count * weight
    found = _unigram._expected(_unigram._lattice(words, pieces), scores)
    assert found == pytest.approx([expected[piece] for piece in pieces])


def test_a_piece_costs_what_its_best_other_cut_costs_more():
    scores = np.log([0.3, 0.2, 0.1, 0.25, 0.15])
    losses = _unigram._losses(["가", "나", "다", "가나", "가나다"], scores)
    assert losses[:3].tolist() == [0, 0, 0]
    assert losses[3:] == pytest.approx([np.log(0.25 / (0.3 * 0.2)), np.log(0.15 / (0.25 * 0.1))])


def test_what_words_share_is_learned():
    stems, endings = ["먹", "잡", "막", "업", "입", "굽"], ["었다", "었고", "었지", "었네"]
    words = {stem + ending: 1 for stem in stems for ending in endings}  # none often enough to be a piece as a whole
    alphabet = sorted(set("".join(words)))
    learned = dict(_unigram.learn(words, alphabet, len(alphabet) + 4, 2))
    assert set(alphabet) < set(learned)
    assert set(endings) < set(learned), "four endings, cut off their stems"
    assert list(learned.values()) == sorted(learned.values(), reverse=True)


def test_a_character_outside_the_alphabet_is_in_no_piece():
    learned = dict(_unigram.learn({"가나漢": 50, "가나": 50}, ["가", "나"], 5, 2))
    assert set(learned) == {"가", "나", "가나"}


def test_the_order_of_the_words_does_not_matter():
    words = {f"{first}{second}다": 1 + (ord(first) + ord(second)) % 5 for first in "가나다라마" for second in "바사아자차"}
    alphabet = sorted(set("".join(words)))
    turned = dict(reversed(words.items()))
    assert _unigram.learn(words, alphabet, 30, 2) == _unigram.learn(turned, alphabet, 30, 2)


def test_very_long_words_are_learned_in_parts():
    assert _unigram._short({"가" * 70: 2, "나": 1}) == {"가" * 32: 4, "가" * 6: 2, "나": 1}
    assert max(len(piece) for piece, _ in _unigram.learn({"가" * 1_000: 2}, ["가"], 20, 2)) <= _unigram.LONGEST


def test_no_longer_piece_is_frequent_enough():
    assert [piece for piece, _ in _unigram.learn({"가나": 1}, ["가", "나"], 10, 2)] == ["가", "나"]
