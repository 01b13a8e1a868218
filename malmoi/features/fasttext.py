"""fastText (Bojanowski et al., 2017): word2vec in which a word is the sum of its n-grams of letters, in Korean of jamo (Park et al., 2018).

먹다, 먹는, 먹었다 share n-grams, so that rare forms learn from frequent ones, and a word that train lacks gets a vector from its n-grams
(with `pooling`; a network reads it as unknown). By gensim, with negative sampling.
"""

from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from malmoi.config import params
from malmoi.features import _pooled, sequence
from malmoi.features._corpus import Corpus, Options, Passes, Tell, quiet
from malmoi.features._pooled import Feature, Pooling
from malmoi.features._subwords import Grams, Subwords

__all__ = ["Feature", "Params", "fit", "load"]


@params
class Params(Options):
    """algorithm: what predicts what. jamo: letters are jamo, else characters. ngrams: shortest and longest, in letters.

    buckets: numbers that n-grams are hashed to; fewer make a smaller file in which more n-grams share a vector. pooling: see word2vec.
    """

    algorithm: Literal["cbow", "skip_gram"] = "skip_gram"
    jamo: bool = True
    ngrams: list[int] = field(default_factory=lambda: [3, 6])
    buckets: int = 50_000
    pooling: Pooling | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where a number cannot be right."""
        super().__post_init__()
        if len(self.ngrams) != 2 or not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise ValueError(f"ngrams should be [shortest, longest] with 1 <= shortest <= longest, as [3, 6]; not {self.ngrams}")
        if self.buckets < 1:
            raise ValueError(f"buckets should be 1 or more, not {self.buckets}")


def fit(documents: Iterable[list[str]], params: Params, tell: Tell = quiet) -> Feature:
    """Learn from the training documents. Raises ConfigError where no token is left."""
    from gensim.models import FastText

    corpus = Corpus.read(documents)
    words, grams = sequence.fit(corpus, params), Grams(params.ngrams[0], params.ngrams[1], params.buckets, params.jamo)
    spelled = [grams.spell(token) for token, _ in words.entries]
    counts = dict.fromkeys(spelled, 0)  # two tokens may be spelled alike: 먹 and ㅁㅓㄱ
    for name, (_, number) in zip(spelled, words.entries, strict=True):
        counts[name] += number
    model = FastText(
        sg=int(params.algorithm == "skip_gram"), min_n=grams.shortest, max_n=grams.longest, bucket=grams.buckets, **params.gensim()
    )
    model.build_vocab_from_freq(counts, corpus_count=len(corpus))
    Passes(corpus.renamed([grams.spell(token) for token in corpus.tokens]), params.epochs, tell).train(model)
    found = model.wv.vectors[[model.wv.key_to_index[name] for name in spelled]]  # (words, size)
    there = np.ones(len(spelled), bool)
    weights, new = _pooled.weigh(words, corpus, there, params.pooling)
    return Feature(words, _pooled.table(words, found, there), weights, new, _trained(model, grams) if params.pooling else None)


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    return _pooled.load(folder)


def _trained(model: Any, grams: Grams) -> Subwords:
    """The n-grams that words of train have; the other buckets hold what they were filled with at the start."""
    used = np.unique(np.concatenate(model.wv.buckets_word)).astype(np.int64)
    return Subwords(grams, used, model.wv.vectors_ngrams[used])
