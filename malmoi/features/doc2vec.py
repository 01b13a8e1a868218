"""doc2vec, or paragraph vectors (Le and Mikolov, 2014): a vector for each text, learned by predicting the text's tokens.

`dm` (distributed memory) predicts a token from its neighbours and the text's vector, `dbow` (distributed bag of words) from the vector of
the text alone. A new text's vector is learned against the trained network, which stays as it is. Training texts are inferred like new ones
(on 20,000 reviews of NSMC a linear model gains 2 points by that), unless `infer_train` is false: then they keep the vectors that they got
in training (`Feature.fitted`). By gensim, but not its `infer_vector`, which starts from Python's `hash`, another number in each process:
here a text's own tokens are the seed, so that the same text always has the same vector.
"""

import json
import zlib
from collections.abc import Iterable
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from malmoi import config
from malmoi.config import params
from malmoi.features import sequence
from malmoi.features._corpus import Corpus, Options, Passes, Tell, quiet
from malmoi.npz import save_arrays

ARRAYS, ABOUT = "doc2vec.npz", "doc2vec.json"
LEAST = 1e-4  # learning rate at the end


@params
class Params(Options):
    """algorithm: see the module. words: whether dbow learns word vectors too, as skip-gram does.

    infer_epochs: passes over a new text; left out, as many as over train. infer_train: whether training texts are inferred too.
    """

    algorithm: Literal["dm", "dbow"] = "dbow"
    epochs: int = 20
    words: bool = False
    infer_epochs: int | None = None
    infer_train: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError where options contradict each other."""
        super().__post_init__()
        if self.words and self.algorithm == "dm":
            raise ValueError("words is for dbow; dm learns word vectors in any case")
        if self.infer_epochs is not None and self.infer_epochs < 1:
            raise ValueError(f"infer_epochs should be 1 or more, not {self.infer_epochs}")


@dataclass(frozen=True)
class Feature:
    """words: the vocabulary. outputs: (words, size) weights that predict each token; inputs: (words, size) vectors of neighbours, for dm.

    fitted: (training texts, size) their vectors after training; None once it is loaded, or where they are to be inferred.
    """

    params: Params
    words: sequence.Feature
    outputs: np.ndarray
    inputs: np.ndarray | None = None
    fitted: np.ndarray | None = field(default=None, repr=False)

    @property
    def width(self) -> int:
        """Numbers per text."""
        return self.params.size

    def transform(self, documents: Iterable[list[str]]) -> np.ndarray:
        """(documents, size) float32, inferred; zeros for a text of unknown tokens only."""
        rows = [self._infer(self.words.cut.of(document)) for document in documents]
        return np.array(rows, np.float32).reshape(len(rows), self.width)

    def save(self, folder: Path) -> None:
        """Write the vocabulary, doc2vec.npz and doc2vec.json; the same bytes for the same feature. `fitted` is not kept."""
        self.words.save(folder)
        save_arrays(folder / ARRAYS, {"outputs": self.outputs} | ({} if self.inputs is None else {"inputs": self.inputs}))
        (folder / ABOUT).write_text(json.dumps(asdict(self.params), indent=1))

    @cached_property
    def _machine(self) -> Any:
        """gensim's model with the trained weights."""
        model = _untrained(self.params, self.words)
        model.syn1neg = self.outputs
        if self.inputs is not None:
            model.wv.vectors = self.inputs
        return model

    def _infer(self, document: list[str]) -> np.ndarray:
        from gensim.models.doc2vec_inner import train_document_dbow, train_document_dm

        known = [token for token in document if token in self.words.ids]
        if not known:
            return np.zeros(self.width, np.float32)
        model = copy(self._machine)  # with a generator of its own, as other threads infer other texts at the same time
        seed = zlib.crc32("\0".join(known).encode("utf-8", "surrogatepass")) ^ self.params.seed
        model.random = np.random.RandomState(seed)
        vector = ((model.random.random_sample((1, self.width)) - 0.5) / self.width).astype(np.float32)
        dbow = self.params.algorithm == "dbow"
        learn = train_document_dbow if dbow else train_document_dm
        # gensim's own scratch arrays are freed before it uses them: other threads would write there
        scratch = {name: np.zeros(model.layer1_size, np.float32) for name in (("work",) if dbow else ("work", "neu1"))}
        rates = np.linspace(self.params.learning_rate, LEAST, self.params.infer_epochs or self.params.epochs)
        fixed = {"learn_words": False, "learn_hidden": False, "doctag_vectors": vector, "doctags_lockf": np.ones(1, np.float32)}
        for rate in rates.tolist():
            learn(model, known, [0], rate, **fixed, **scratch)
        return np.asarray(vector[0])


def fit(documents: Iterable[list[str]], params: Params, tell: Tell = quiet) -> Feature:
    """Learn from the training documents. Raises ConfigError where no token is left."""
    from gensim.models.doc2vec import TaggedDocument

    corpus = Corpus.read(documents)
    words = sequence.fit(corpus, params)
    model = _untrained(params, words, len(corpus))
    Passes(corpus, params.epochs, tell, lambda number, piece: TaggedDocument(piece, [number])).train(model)
    feature = Feature(params, words, model.syn1neg, model.wv.vectors if params.algorithm == "dm" else None)
    if params.infer_train:
        return feature
    known = np.array([any(token in words.ids for token in document) for document in corpus])
    return Feature(params, words, feature.outputs, feature.inputs, np.where(known[:, None], model.dv.vectors, 0).astype(np.float32))


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    options = config.read(Params, json.loads((folder / ABOUT).read_text()), str(folder / ABOUT))
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        return Feature(options, sequence.load(folder), file["outputs"], file.get("inputs"))


def _untrained(params: Params, words: sequence.Feature, documents: int = 0) -> Any:
    from gensim.models import Doc2Vec

    model = Doc2Vec(dm=int(params.algorithm == "dm"), dbow_words=int(params.words), min_alpha=LEAST, **params.gensim())
    model.dv.key_to_index = {number: number for number in range(documents)}
    model.dv.index_to_key = list(range(documents))
    model.build_vocab_from_freq(dict(words.entries), corpus_count=documents)
    return model
