"""How good vectors are in themselves, without a task: against people's judgements of words and documents, and by looking at neighbours.

* SimLex-999 (Hill et al., 2015): Spearman's rank correlation of cosines with judgements, over the pairs whose words both have a vector.
* Analogies (Mikolov et al., 2013): 3CosAdd, argmax over d of cos(d, b - a + c), the three words of the question left out (Levy and
  Goldberg, 2014, equation 2); a question counts where all its four words have a vector.
* Document similarity (Lee et al., 2005): Pearson's correlation of cosines with judgements.

What is not covered is counted, never scored as wrong. Intervals are 95 % percentile bootstrap intervals, seeded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from malmoi.batches import SPECIALS, UNKNOWN, Inputs, Sequences
from malmoi.benchmarks import Judged, Pair, Question
from malmoi.correlation import interval, pearson, spearman

CELLS = 20_000_000  # cosines that are in memory at a time
PART_OF_SPEECH = re.compile(r"(?<=.)/[A-Za-z+-]+$")


@dataclass(frozen=True)
class Score:
    """value: None where too little is covered to say. interval: 95 %. covered: of the `asked`, those that were answered."""

    value: float | None
    interval: tuple[float, float] | None
    covered: int
    asked: int


@dataclass(frozen=True)
class Neighbour:
    """One of the nearest tokens of a word. token: the one that stands for the word; similarity: cosine."""

    word: str
    token: str
    rank: int
    neighbour: str
    similarity: float


class Vectors:
    """Word vectors to ask. tokens: (width,) token of each id, special ones first, then frequent before rare; vectors: (width, dimensions).

    A token whose vector is zeros, or that of UNKNOWN, has none of its own.
    """

    def __init__(self, tokens: Sequence[str], vectors: np.ndarray) -> None:
        lengths = np.linalg.norm(vectors, axis=1)
        own = (lengths > 0) & (vectors != vectors[UNKNOWN]).any(axis=1)
        kept = [place for place in range(len(SPECIALS), len(tokens)) if own[place] and is_word(tokens[place])]
        self.tokens = [tokens[place] for place in kept]
        self.unit = (vectors[kept] / lengths[kept, None]).astype(np.float32)  # (tokens, dimensions), rows of length 1

    @cached_property
    def forms(self) -> dict[str, int]:
        """Row of each word: the most frequent token that is the word but for spaces around it, case and a part of speech behind it."""
        found: dict[str, int] = {}
        for row, token in enumerate(self.tokens):
            found.setdefault(form(token), row)
        return found

    @cached_property
    def _exact(self) -> dict[str, int]:
        return {token: row for row, token in enumerate(self.tokens)}

    def row(self, word: str) -> int | None:
        """The row that stands for a word, the very token before others of the same form; None where there is none."""
        return self._exact.get(word, self.forms.get(form(word)))

    def frequent(self, count: int) -> list[int]:
        """Rows of the `count` most frequent words of at least two signs that are no numbers, one row for each form."""
        return [row for word, row in self.forms.items() if len(word) > 1 and not word.isdigit()][:count]


def is_word(token: str) -> bool:
    """Whether there is a letter or digit in it; space and punctuation have vectors too, but no neighbours worth a look."""
    return any(sign.isalnum() for sign in token)


def form(token: str) -> str:
    """What a token and a word of a benchmark are compared by.

    >>> form(" Government"), form("정부/Noun"), form("1/2")
    ('government', '정부', '1/2')
    """
    return PART_OF_SPEECH.sub("", token.strip()).casefold()


def word_similarity(vectors: Vectors, pairs: Sequence[Pair]) -> Score:
    """Spearman's rho of cosine and judgement over the covered pairs."""
    rows = [(vectors.row(first), vectors.row(second), judged) for first, second, judged in pairs]
    known = [(first, second, judged) for first, second, judged in rows if first is not None and second is not None]
    cosines = np.array([vectors.unit[first] @ vectors.unit[second] for first, second, _ in known])
    judgements = np.array([judged for *_, judged in known])
    between = interval(len(known), lambda drawn: spearman(cosines[drawn], judgements[drawn]))
    return Score(spearman(cosines, judgements), between, len(known), len(pairs))


def analogies(vectors: Vectors, questions: Sequence[Question]) -> tuple[Score, list[str]]:
    """Share of the covered questions whose answer is right, and what was answered ("" where not covered), in the questions' order.

    All tokens of one form are one word: answers are looked for among the most frequent token of each.
    """
    words, rows = list(vectors.forms), np.array(list(vectors.forms.values()), np.int64)
    number = {word: place for place, word in enumerate(words)}
    asked = [[number.get(form(word), -1) for word in question] for question in questions]
    places = [place for place, question in enumerate(asked) if -1 not in question]
    known = np.array([asked[place] for place in places], np.int64).reshape(-1, 4)
    unit = vectors.unit[rows]
    step = max(1, CELLS // max(1, len(words)))
    best = np.concatenate([_third(unit, known[start : start + step]) for start in range(0, len(known), step)] or [np.zeros(0, np.int64)])
    right = best == known[:, 3]
    answers = [""] * len(questions)
    for place, found in zip(places, best, strict=True):
        answers[place] = words[found]
    share = float(right.mean()) if len(right) else None
    between = interval(len(right), lambda drawn: float(right[drawn].mean()))
    return Score(share, between, len(right), len(questions)), answers


def _third(unit: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """(questions,) row nearest to b - a + c that is none of the three."""
    a, b, c = (unit[questions[:, place]] for place in range(3))
    cosines = (b - a + c) @ unit.T  # (questions, words); the length of b - a + c changes no order
    cosines[np.arange(len(questions))[:, None], questions[:, :3]] = -np.inf
    return np.asarray(cosines.argmax(axis=1))


def document_similarity(inputs: Inputs, judged: Judged, vectors: np.ndarray | None = None) -> Score:
    """Pearson's r of cosine and judgement over all pairs; redrawn for the interval are documents. inputs: what a feature made of the texts.

    vectors: (width, dimensions), for inputs of token ids: a text is then the mean of its tokens' vectors.
    """
    cosines = cosine_matrix(rows_of(inputs, vectors))
    similarity = np.zeros((len(judged.texts), len(judged.texts)))
    similarity[judged.first, judged.second] = similarity[judged.second, judged.first] = judged.similarity

    def again(drawn: np.ndarray) -> float | None:
        first, second = drawn[judged.first], drawn[judged.second]
        differ = first != second  # a document is not compared with itself
        return pearson(cosines[first, second][differ], similarity[first, second][differ])

    value = pearson(cosines[judged.first, judged.second], judged.similarity)
    return Score(value, interval(len(judged.texts), again), len(judged.first), len(judged.first))


def rows_of(inputs: Inputs, vectors: np.ndarray | None) -> np.ndarray | sparse.csr_matrix:
    """(n, columns) rows that can be compared; the mean of the tokens' vectors where the inputs are token ids."""
    if not isinstance(inputs, Sequences):
        return inputs
    if vectors is None:
        raise ValueError("token ids cannot be compared; word vectors are needed")
    counts = np.maximum(inputs.lengths, 1)
    cells = (np.ones(len(inputs.ids), np.float32), inputs.ids, inputs.offsets)
    sums = sparse.csr_matrix(cells, shape=(len(inputs), len(vectors))) @ vectors
    return np.asarray(sums / counts[:, None])


def cosine_matrix(rows: np.ndarray | sparse.csr_matrix) -> np.ndarray:
    """(n, n) cosines of all rows with all rows; 0 with a row of zeros."""
    product = rows @ rows.T
    products = np.asarray(product.todense() if sparse.issparse(product) else product, np.float64)
    lengths = np.sqrt(np.maximum(np.diag(products), 0))
    outer = np.outer(lengths, lengths)
    return np.divide(products, outer, out=np.zeros_like(products), where=outer > 0)


def neighbours(vectors: Vectors, words: Sequence[str], count: int) -> list[Neighbour]:
    """The `count` nearest words of each word that has a vector, nearest first, one token of each form; words without one are left out."""
    rows = np.array(list(vectors.forms.values()), np.int64)
    found = []
    for word in words:
        row = vectors.row(word)
        if row is not None:
            others = rows[rows != vectors.forms[form(vectors.tokens[row])]]
            cosines = vectors.unit[others] @ vectors.unit[row]
            nearest = np.argsort(-cosines, kind="stable")[:count]
            shown = [(vectors.tokens[others[place]].strip(), float(cosines[place])) for place in nearest]
            found += [Neighbour(word, vectors.tokens[row].strip(), rank, token, cosine) for rank, (token, cosine) in enumerate(shown, 1)]
    return found
