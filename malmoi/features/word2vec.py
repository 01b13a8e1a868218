"""word2vec (Mikolov et al., 2013): a vector for each token, learned by predicting tokens from their neighbours in the training texts.

`cbow` predicts a token from the mean of its neighbours, `skip_gram` each neighbour from the token; both with negative sampling, by gensim.
Rare tokens (`min_count`) are left out of the windows. A network reads ids and takes the vectors along (model.frozen: whether it may change
them); with `pooling` a text is one row, for models that read rows.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from malmoi.config import params
from malmoi.features import _pooled, sequence
from malmoi.features._corpus import Corpus, Options, Passes, Tell, quiet
from malmoi.features._pooled import Feature, Pooling

__all__ = ["Feature", "Params", "fit", "load"]


@params
class Params(Options):
    """algorithm: what predicts what. pooling: how a text's vectors become one row; left out, a text stays a sequence of ids."""

    algorithm: Literal["cbow", "skip_gram"] = "skip_gram"
    pooling: Pooling | None = None


def fit(documents: Iterable[list[str]], params: Params, tell: Tell = quiet) -> Feature:
    """Learn from the training documents. Raises ConfigError where no token is left."""
    from gensim.models import Word2Vec

    corpus = Corpus.read(documents)
    words = sequence.fit(corpus, params)
    model = Word2Vec(sg=int(params.algorithm == "skip_gram"), **params.gensim())
    model.build_vocab_from_freq(dict(words.entries), corpus_count=len(corpus))
    Passes(corpus, params.epochs, tell).train(model)
    there = np.ones(len(words.entries), bool)
    return Feature(words, _pooled.table(words, model.wv.vectors, there), *_pooled.weigh(words, corpus, there, params.pooling))


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    return _pooled.load(folder)
