"""Measures of vectors on a vocabulary of nine, worked out by hand."""

import numpy as np
import pytest
from scipy import sparse

from malmoi.batches import SPECIALS, Sequences
from malmoi.benchmarks import Judged
from malmoi.intrinsic import Vectors, analogies, cosine_matrix, document_similarity, form, neighbours, rows_of, word_similarity

# East is along x, north along y; length says nothing.
PLACES = {
    " king": [3.0, 0.0],
    "King": [0.0, 1.0],  # rarer than " king", of which it has the form
    "queen": [2.0, 2.0],
    "man": [1.0, -1.0],
    "woman": [1.0, 0.2],
    "정부/Noun": [-1.0, 0.0],
    "국회/Noun": [-1.0, 0.1],
    ",": [1.0, 1.0],
    "nothing": [0.0, 0.0],
    "mean": [0.5, 0.5],
}
TOKENS = [*SPECIALS, *PLACES]


@pytest.fixture
def vectors() -> Vectors:
    return Vectors(TOKENS, np.array([[0.0, 0], [0.5, 0.5], [0, 0], *PLACES.values()], np.float32))


def test_words_alone_have_vectors_and_those_of_their_own(vectors: Vectors) -> None:
    """Not special tokens, not punctuation, not zeros, and not the vector of the unknown token."""
    assert vectors.tokens == [" king", "King", "queen", "man", "woman", "정부/Noun", "국회/Noun"]
    assert np.linalg.norm(vectors.unit, axis=1) == pytest.approx(np.ones(7))


def test_a_word_is_found_as_it_is_then_by_its_form(vectors: Vectors) -> None:
    asked = {"King": "King", "KING": " king", "king": " king", "정부": "정부/Noun", "국회/Noun": "국회/Noun"}
    assert {word: vectors.tokens[row] for word in asked if (row := vectors.row(word)) is not None} == asked
    assert vectors.row("nothing") is None
    assert vectors.row("zebra") is None


@pytest.mark.parametrize(("token", "said"), [("먹/Verb", "먹"), ("/", "/"), ("3/4", "3/4"), (" The", "the"), ("먹/VV+EP", "먹")])
def test_forms(token: str, said: str) -> None:
    assert form(token) == said


def test_word_similarity_counts_what_it_covers(vectors: Vectors) -> None:
    # cosines: king-queen 0.707, man-woman 0.784 / 1.442 = 0.555, king-man 0.707 (tie), king-정부 -1
    pairs = [("king", "queen", 9.0), ("man", "woman", 8.0), ("king", "정부", 1.0), ("king", "zebra", 5.0)]
    score = word_similarity(vectors, pairs)
    assert (score.covered, score.asked) == (3, 4)
    assert score.value == pytest.approx(1.0)
    swapped = word_similarity(vectors, [("king", "queen", 8.0), ("man", "woman", 9.0), ("king", "정부", 1.0)])
    assert swapped.value == pytest.approx(0.5)  # 1 - 6 * 2 / (3 * 8)
    assert word_similarity(vectors, [("zebra", "king", 1.0)]) == type(score)(None, None, 0, 1)


def test_analogies_leave_the_words_of_the_question_out(vectors: Vectors) -> None:
    """man -> king as woman -> queen: king - man + woman = (1 - .71 + .98, .71 + .2) points at 36 degrees, and queen is at 45."""
    questions = [("man", "king", "woman", "queen"), ("man", "king", "woman", "man"), ("man", "king", "zebra", "queen")]
    score, answers = analogies(vectors, questions)
    assert answers == ["queen", "queen", ""]
    assert (score.value, score.covered, score.asked) == (0.5, 2, 3)
    assert analogies(vectors, [("a", "b", "c", "d")]) == (type(score)(None, None, 0, 1), [""])
    assert analogies(vectors, [])[0].asked == 0


def test_neighbours_are_one_token_of_each_form_and_unknown_words_have_none(vectors: Vectors) -> None:
    found = neighbours(vectors, ["정부", "zebra", "king"], 2)
    assert [(one.word, one.token, one.rank, one.neighbour) for one in found] == [
        ("정부", "정부/Noun", 1, "국회/Noun"),
        ("정부", "정부/Noun", 2, "queen"),
        ("king", "king", 1, "woman"),
        ("king", "king", 2, "queen"),
    ]
    assert found[0].similarity == pytest.approx(1 / np.sqrt(1.01), rel=1e-6)
    assert len(neighbours(vectors, ["king"], 99)) == 5  # all forms but its own


def test_the_most_frequent_words_are_once_each_longer_than_a_sign_and_no_numbers() -> None:
    tokens = [*SPECIALS, "the", "a", "The", "1988", "cat"]
    vectors = Vectors(tokens, np.array([[0.0, 0]] * 3 + [[1.0, place] for place in range(5)], np.float32))
    assert [vectors.tokens[row] for row in vectors.frequent(9)] == ["the", "cat"]
    assert [vectors.tokens[row] for row in vectors.frequent(1)] == ["the"]


def judged(similarity: list[float]) -> Judged:
    first, second = np.triu_indices(3, 1)
    return Judged(["a", "b", "c"], first, second, np.array(similarity))


def test_document_similarity_by_hand_sparse_dense_and_pooled() -> None:
    rows = np.array([[1.0, 0], [1, 1], [0, 1]])  # cosines 0-1: 0.707, 0-2: 0, 1-2: 0.707
    for inputs in (rows, sparse.csr_matrix(rows)):
        score = document_similarity(inputs, judged([1.0, 0.0, 1.0]))
        assert score.value == pytest.approx(1)  # judgements 1, 0, 1 go up and down with them
        assert (score.covered, score.asked) == (3, 3)
    # deviations of cosines (a, -2a, a) and of judgements (-2/3, 1/3, 1/3): -a / (a * sqrt(6) * sqrt(6) / 3)
    assert document_similarity(rows, judged([0.0, 1.0, 1.0])).value == pytest.approx(-0.5)
    ids = Sequences(np.array([3, 4, 3, 4], np.int32), np.array([0, 1, 3, 4]), np.zeros(3))
    table = np.array([[0.0, 0], [0, 0], [0, 0], [2, 0], [0, 2]])
    assert rows_of(ids, table).tolist() == [[2, 0], [1, 1], [0, 2]]
    assert document_similarity(ids, judged([1.0, 0.0, 1.0]), table).value == pytest.approx(1)
    with pytest.raises(ValueError, match="word vectors are needed"):
        rows_of(ids, None)


def test_an_empty_document_is_like_none() -> None:
    assert cosine_matrix(np.array([[0.0, 0], [0, 2]])).tolist() == [[0, 0], [0, 1]]
    nothing = Sequences(np.zeros(0, np.int32), np.array([0, 0]), np.zeros(1))
    assert rows_of(nothing, np.ones((5, 2))).tolist() == [[0, 0]]
