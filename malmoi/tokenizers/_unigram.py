"""Learning a unigram vocabulary of subwords (Kudo 2018, Subword Regularization, section 3.2).

Every way to cut a word into pieces x_1 .. x_m has the probability p(x_1) * .. * p(x_m). From the most frequent substrings on, two
steps take turns: expectation maximisation sets p to what the words expect, summed over all their cuts (with the digamma function in
place of the logarithm, which starves rare pieces); then the quarter of the pieces goes whose loss costs least.

The `tokenizers` package cuts with such a vocabulary, and learns one too, but not the same one twice: it sums in the order of a hash table
with a random seed. Here the same words give the same bytes. Words of one length are done together, as one array.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LONGEST = 16  # characters of a piece
WORDS = 400_000  # most frequent ones, which the vocabulary is learned from: 300 MB, 16 s
WORD = 32  # characters of a word that are looked at together: longer ones are cut, for learning alone
SEEDS = 10  # substrings to begin with, for each piece that is wanted
SHRINK = 0.75  # of the pieces stay, every time
MORE = 1.1  # times the pieces wanted, when the last ones are chosen by their probability
FEWEST = 0.5  # expected times below which a piece goes; a character never does
PENALTY = 10.0  # nats that a character outside the alphabet costs beyond the rarest piece


@dataclass
class _Words:
    """Words of one length; spans[i, j]: the number of the piece that each word's characters i to j are, (words,)."""

    length: int
    counts: np.ndarray
    spans: dict[tuple[int, int], np.ndarray]

    def ending(self, end: int) -> list[tuple[int, np.ndarray]]:
        return [(start, self.spans[start, end]) for start in range(max(0, end - LONGEST), end) if (start, end) in self.spans]


def learn(words: Mapping[str, int], alphabet: Sequence[str], size: int, min_frequency: int) -> list[tuple[str, float]]:
    """At most `size` pieces with the natural logarithms of their probabilities, likeliest first; every character of the alphabet is one.

    words: how often each was seen. min_frequency: of a longer piece, to begin with.
    """
    words = _short(words)
    pieces = [*alphabet, *_seeds(words, alphabet, SEEDS * size, min_frequency)]
    groups = _lattice(words, pieces)
    scores = np.log(np.full(len(pieces), 1 / len(pieces)))
    wanted, single = max(len(alphabet), int(MORE * size)), len(alphabet)
    while True:
        for _ in range(2):
            expected = _expected(groups, scores)
            keep = (expected >= FEWEST) | (np.arange(len(pieces)) < single)
            pieces, scores = _keep(groups, pieces, keep), _maximised(expected[keep])
        if len(pieces) <= wanted:
            break
        loss = _losses(pieces, scores) * expected[keep]
        loss[:single] = np.inf
        best = np.argsort(-loss, kind="stable")[: max(wanted, int(SHRINK * len(pieces)))]
        keep = np.isin(np.arange(len(pieces)), best)
        pieces, scores = _keep(groups, pieces, keep), scores[keep]
    longer = sorted(range(single, len(pieces)), key=lambda place: (-scores[place], pieces[place]))[: max(0, size - single)]
    chosen = [(pieces[place], round(float(scores[place]), 6)) for place in (*range(single), *longer)]
    return sorted(chosen, key=lambda pair: (-pair[1], pair[0]))


def _short(words: Mapping[str, int]) -> dict[str, int]:
    cut: Counter[str] = Counter()
    for word in sorted(words, key=lambda word: (-words[word], word))[:WORDS]:
        for start in range(0, len(word), WORD):
            cut[word[start : start + WORD]] += words[word]
    return dict(cut)


def _seeds(words: Mapping[str, int], alphabet: Sequence[str], most: int, min_frequency: int) -> list[str]:
    """Substrings that save the most characters."""
    seen: Counter[str] = Counter()
    for word, count in words.items():
        for start, end in _spans(len(word)):
            seen[word[start:end]] += count
    known = set(alphabet)
    frequent = [
        (-count * len(piece), piece)
        for piece, count in seen.items()
        if count >= min_frequency and len(piece) > 1 and known.issuperset(piece)
    ]
    return [piece for _, piece in sorted(frequent)[:most]]


def _spans(length: int) -> list[tuple[int, int]]:
    return [(start, end) for start in range(length) for end in range(start + 1, min(length, start + LONGEST) + 1)]


def _lattice(words: Mapping[str, int], pieces: Sequence[str]) -> list[_Words]:
    number = {piece: place for place, piece in enumerate(pieces)}
    by_length: dict[int, list[str]] = {}
    for word in words:
        by_length.setdefault(len(word), []).append(word)
    return [_group([*same], np.array([words[word] for word in same], np.float64), number) for _, same in sorted(by_length.items())]


def _group(words: list[str], counts: np.ndarray, number: Mapping[str, int]) -> _Words:
    """What is no piece has the number of pieces for its number, a character that is none one more."""
    length, absent, spans = len(words[0]), len(number), {}
    for start, end in _spans(length):
        missing = absent + (end == start + 1)
        found = np.fromiter((number.get(word[start:end], missing) for word in words), np.int32, len(words))
        if end == start + 1 or (found != absent).any():
            spans[start, end] = found
    return _Words(length, counts, spans)


def _keep(groups: list[_Words], pieces: list[str], keep: np.ndarray) -> list[str]:
    """The pieces that stay; spans of the others become absent ones, in place."""
    left = int(keep.sum())
    numbers = np.append(np.where(keep, np.cumsum(keep) - 1, left), [left, left + 1]).astype(np.int32)
    for group in groups:
        group.spans = {span: numbers[found] for span, found in group.spans.items()}
    return [piece for piece, stays in zip(pieces, keep, strict=True) if stays]


def _padded(scores: np.ndarray) -> np.ndarray:
    return np.append(scores, [-np.inf, scores.min() - PENALTY])


def _expected(groups: list[_Words], scores: np.ndarray) -> np.ndarray:
    """How often each piece is expected, over all cuts of all words. (pieces,)"""
    padded = _padded(scores)
    return np.sum([_expected_of(group, padded) for group in groups], axis=0)[: len(scores)]


def _expected_of(group: _Words, scores: np.ndarray) -> np.ndarray:
    total = np.zeros(len(scores))
    before = np.full((group.length + 1, len(group.counts)), -np.inf)  # log probability of what is left of a place
    after = before.copy()  # and right of it
    before[0] = after[-1] = 0
    for end in range(1, group.length + 1):
        before[end] = np.logaddexp.reduce([before[start] + scores[found] for start, found in group.ending(end)])
    for end in range(group.length, 0, -1):
        for start, found in group.ending(end):
            here = scores[found] + after[end]
            total += np.bincount(found, group.counts * np.exp(before[start] + here - before[-1]), len(total))
            after[start] = np.logaddexp(after[start], here)
    return total


def _maximised(expected: np.ndarray) -> np.ndarray:
    from scipy.special import digamma

    expected = np.maximum(expected, FEWEST)
    return np.asarray(digamma(expected) - digamma(expected.sum()))


def _losses(pieces: Sequence[str], scores: np.ndarray) -> np.ndarray:
    """Nats that each use of a piece costs more where it must be cut into others. (pieces,)"""
    losses, padded = np.zeros(len(pieces)), _padded(scores)
    place = {piece: number for number, piece in enumerate(pieces)}
    lattice = _lattice({piece: place[piece] for piece in pieces if len(piece) > 1}, pieces)
    for group in lattice:
        best = np.full((group.length + 1, len(group.counts)), -np.inf)
        best[0] = 0
        for end in range(1, group.length + 1):
            others = [(start, found) for start, found in group.ending(end) if end - start < group.length]
            best[end] = np.max([best[start] + padded[found] for start, found in others], axis=0)
        numbers = group.counts.astype(np.int64)  # "counts" of this lattice are the pieces' own places
        losses[numbers] = scores[numbers] - best[-1]
    return losses
