"""Raw text in, answer out: the tokenizer, the features and the model of one trained bundle joined.

Evaluation, report and serving all go through here, so what is measured is what is served. A bundle is a folder with pipeline.json (how
text becomes numbers), tokenizer/ (what the tokenizer learned, if it learns), state/ (the fitted features), model/ (the weights) and
bundle.json (what it is).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import config, generation, registry
from malmoi.batches import END, SPECIALS, UNKNOWN, Sequences
from malmoi.decoding import Decoding
from malmoi.drafts import Request
from malmoi.features.sequence import END_MARK
from malmoi.generation import Continuation
from malmoi.tokenization import Cache, Tokenizer
from malmoi.transcript import Writer


@dataclass(frozen=True)
class Scores:
    """Bits that a language model spends on each text and its end. All (n,): bits of the tokens, charged for spelling unknown ones,
    and the text's tokens, characters, bytes and unknown tokens, its end counting as one token, character and byte."""

    bits: np.ndarray
    charged: np.ndarray
    units: dict[str, np.ndarray]
    token_bits: np.ndarray  # (all tokens,) in reading order, ends included
    ids: np.ndarray  # (all tokens,) the id that each of them is about


class Predictor:
    """A trained bundle, ready to answer."""

    def __init__(self, pipeline: dict[str, Any], about: dict[str, Any], tokenizer: Tokenizer, feature: Any, model: Any) -> None:
        self.pipeline, self.about = pipeline, about
        self.feature, self.model = feature, model
        self._tokenize = tokenizer

    @classmethod
    def load(cls, folder: Path, cache: Cache | None = None, long_run: bool = False) -> "Predictor":
        """Read a bundle; cache: where tokens of texts met before are remembered; long_run: start tokenizers that run in Java as for very
        many texts, for a server. Raises ConfigError where the folder holds none."""
        if not (folder / "bundle.json").is_file():
            raise config.ConfigError(f"{folder}: no trained model here (bundle.json is missing); train it: dvc repro")
        pipeline, about = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("pipeline.json", "bundle.json"))
        name, options = pipeline["tokenizer"]["name"], pipeline["tokenizer"]["options"]
        if long_run and "long_run" in getattr(registry.find("tokenizers", name), "SPEED_ONLY", ()):
            options = options | {"long_run": True}
        tokenizer = Tokenizer(name, options, folder / "tokenizer", cache)
        feature = registry.find("features", pipeline["feature"]["kind"]).load(folder / "state")
        return cls(pipeline, about, tokenizer, feature, registry.find("models", about["family"]).load(folder / "model"))

    @property
    def problem(self) -> str:
        """ "classify" or "language_model"."""
        return str(self.about["problem"])

    @property
    def labels(self) -> list[str]:
        """Class names in the order of the probabilities' columns; [] for a language model."""
        return list(self.pipeline["labels"])

    @property
    def lossless(self) -> bool:
        """Whether the tokens give the text back, so that bits per character mean something."""
        return bool(self.pipeline["tokenizer"]["lossless"])

    @cached_property
    def frequencies(self) -> np.ndarray:
        """(ids,) how often train had the token of each id; 0 for the special ones. Only where features give ids."""
        return np.array([0] * len(SPECIALS) + [count for _, count in self._vocabulary.entries], np.int64)

    @property
    def unknown_in_train(self) -> int:
        """How many tokens of train the vocabulary lacks."""
        return int(self._vocabulary.characters.get(END_MARK, 0) - self.frequencies.sum())

    def vocabulary(self, ids: np.ndarray) -> str:
        """Digest (SHA-256) of what a perplexity depends on: the tokens that can come, in whatever order, and those that do. ids: (total,).

        Two models with the same digest choose among the same tokens, at the same places of the same text.
        """
        ordinary = self._vocabulary.tokens[len(SPECIALS) :]
        order = sorted(range(len(ordinary)), key=ordinary.__getitem__)
        names = np.arange(len(SPECIALS) + len(ordinary), dtype="<i4")  # by id, a number that does not depend on the ids' order
        names[len(SPECIALS) + np.array(order, np.int64)] = np.arange(len(SPECIALS), len(names))
        total = sha256(json.dumps([ordinary[place] for place in order]).encode())
        total.update(names[ids].tobytes())
        return total.hexdigest()

    def cut(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text."""
        return self._tokenize(texts)

    def unknown(self, documents: Sequence[list[str]]) -> np.ndarray:
        """(n,) how many tokens of each document the vocabulary lacks, whether or not the features have another way to read them."""
        known = self._vocabulary.ids
        return np.array([sum(token not in known for token in document) for document in documents], np.int64)

    def classify(self, texts: Sequence[str]) -> np.ndarray:
        """(n, classes) probabilities; (0, classes) for no texts."""
        return self.classify_tokens(self.cut(texts))

    def classify_tokens(self, documents: Sequence[list[str]]) -> np.ndarray:
        """The same of texts that were cut before."""
        if not documents:
            return np.zeros((0, len(self.labels)), np.float32)
        return np.asarray(self.model.predict(self.feature.transform(documents)))

    def score(self, texts: Sequence[str]) -> Scores:
        """Bits of every text, the texts read as one stream in their order: every token and every END is scored once, none is dropped."""
        inputs: Sequences = self.feature.transform(self._tokenize(texts))
        token_bits = -self.model.predict(inputs) / np.log(2)
        starts = inputs.offsets[:-1] + np.arange(len(inputs))  # an END after every text
        unknown = np.add.reduceat((inputs.stream()[1:] == UNKNOWN).astype(np.int64), starts)
        units = {
            "tokens": inputs.lengths + 1,
            "characters": np.array([len(text) + 1 for text in texts]),
            "bytes": np.array([len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts]),
            "unknown": unknown,
        }
        return Scores(np.add.reduceat(token_bits, starts), inputs.charged, units, token_bits, inputs.stream()[1:])

    def generate(self, prompts: Sequence[str], decodings: Decoding | Sequence[Decoding]) -> list[Continuation]:
        """Continue every prompt, side by side; decodings: one for all, or one each. A continuation's text is what follows the prompt.

        Letters (jamo) may complete the prompt's last syllable: such a continuation begins with a conjoining vowel or coda, and prompt
        and continuation side by side are one text in NFC. Raises ConfigError for a model that continues no text.
        """
        each = [decodings] * len(prompts) if isinstance(decodings, Decoding) else decodings
        return generation.write(self.model, self._requests(prompts, each), self._writer)

    def stream(self, prompt: str, decoding: Decoding) -> Iterator[str]:
        """The text that `generate` gives, in pieces, each as soon as it is certain."""
        [request] = self._requests([prompt], [decoding])
        return generation.stream(self.model, request, self._writer)

    def _requests(self, prompts: Sequence[str], decodings: Sequence[Decoding]) -> list[Request]:
        if self.problem != "language_model":
            raise config.ConfigError(f"{self.about['experiment']} is a {self.problem} model; only a language model continues a text")
        inputs: Sequences = self.feature.transform(self._tokenize(prompts))
        return [Request(inputs[place].tolist(), decoding) for place, decoding in zip(range(len(prompts)), decodings, strict=True)]

    @property
    def _vocabulary(self) -> Any:
        """What knows the tokens: the feature, or the vocabulary that one with vectors has."""
        return getattr(self.feature, "words", self.feature)

    @cached_property
    def _writer(self) -> Writer:
        tokens = list(self.feature.tokens)
        tokens[END] = "\n"
        return Writer(tokens, self._tokenize.join) if self.lossless else Writer(tokens, between=" ")

    def answer(self, texts: Sequence[str], **options: Any) -> list[dict[str, Any]]:
        """What is served: the label with its probability, or the continuation of each text with why it ended. `options` of a
        continuation: those of `Decoding`. Raises ConfigError for others, and for values that cannot be right."""
        if self.problem == "language_model":
            written = self.generate(texts, config.read(Decoding, options, "options"))
            return [{"text": one.text, "finish_reason": one.finish} for one in written]
        shares = self.classify(texts)
        return [{"label": self.labels[best], "probability": float(row[best])} for row, best in zip(shares, shares.argmax(1), strict=True)]
