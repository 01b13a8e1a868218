"""Raw text in, answer out: the tokenizer, the features and the model of one trained bundle joined.

Evaluation, report and serving all go through here, so what is measured is what is served. A bundle is a folder with pipeline.json (how
text becomes numbers), tokenizer/ (what the tokenizer learned, if it learns), state/ (the fitted features), model/ (the weights) and
bundle.json (what it is).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import config, registry
from malmoi.batches import END, PAD, UNKNOWN, Sequences
from malmoi.tokenization import Cache, Tokenizer


@dataclass(frozen=True)
class Scores:
    """Bits that a language model spends on each text and its end. All (n,): bits of the tokens, charged for spelling unknown ones,
    and the text's tokens, characters, bytes and unknown tokens, its end counting as one token, character and byte."""

    bits: np.ndarray
    charged: np.ndarray
    units: dict[str, np.ndarray]
    token_bits: np.ndarray  # (all tokens,) in reading order, ends included


class Predictor:
    """A trained bundle, ready to answer."""

    def __init__(self, pipeline: dict[str, Any], about: dict[str, Any], tokenizer: Tokenizer, feature: Any, model: Any) -> None:
        self.pipeline, self.about = pipeline, about
        self.feature, self.model = feature, model
        self._tokenize = tokenizer

    @classmethod
    def load(cls, folder: Path, cache: Cache | None = None) -> "Predictor":
        """Read a bundle; cache: where tokens of texts met before are remembered. Raises ConfigError where the folder holds none."""
        if not (folder / "bundle.json").is_file():
            raise config.ConfigError(f"{folder}: no trained model here (bundle.json is missing); train it: dvc repro")
        pipeline, about = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("pipeline.json", "bundle.json"))
        tokenizer = Tokenizer(pipeline["tokenizer"]["name"], pipeline["tokenizer"]["options"], folder / "tokenizer", cache)
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

    def classify(self, texts: Sequence[str]) -> np.ndarray:
        """(n, classes) probabilities; (0, classes) for no texts."""
        if not texts:
            return np.zeros((0, len(self.labels)), np.float32)
        return np.asarray(self.model.predict(self.feature.transform(self._tokenize(texts))))

    def score(self, texts: Sequence[str]) -> Scores:
        """Bits of every text, the texts read as one stream in their order."""
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
        return Scores(np.add.reduceat(token_bits, starts), inputs.charged, units, token_bits)

    def generate(self, prompt: str, length: int = 200, temperature: float = 0.0, seed: int = 1) -> str:
        """Continue `prompt` by `length` tokens: the likeliest each time (temperature 0) or drawn from the distribution whose log
        probabilities are divided by `temperature`. Returns the continuation alone; the end of a text is a line end."""
        if self.problem != "language_model":
            raise config.ConfigError(f"{self.about['experiment']} is a {self.problem} model; only a language model continues a text")
        if temperature < 0 or length < 0:
            raise config.ConfigError(f"temperature and length must not be negative, found {temperature} and {length}")
        random = np.random.default_rng(seed)
        state, shares = self.model.start(1), np.zeros((1, 0))
        for token in [END, *self.feature.transform(self._tokenize([prompt])).ids]:
            shares, state = self.model.next(state, np.array([token]))
        drawn: list[int] = []
        for _ in range(length):
            drawn.append(_draw(shares[0], temperature, random))
            shares, state = self.model.next(state, np.array(drawn[-1:]))
        return self._text(drawn)

    def _text(self, ids: list[int]) -> str:
        words = ["\n" if token == END else self.feature.tokens[token] for token in ids]
        return self._tokenize.join(words) if self.lossless else " ".join(words)

    def answer(self, texts: Sequence[str], **options: Any) -> list[dict[str, Any]]:
        """What is served: the label with its probability, or the continuation of each text. `options` go to `generate`."""
        if self.problem == "language_model":
            return [{"text": self.generate(text, **options)} for text in texts]
        shares = self.classify(texts)
        return [{"label": self.labels[best], "probability": float(row[best])} for row, best in zip(shares, shares.argmax(1), strict=True)]


def _draw(shares: np.ndarray, temperature: float, random: np.random.Generator) -> int:
    shares = shares.astype(np.float64).copy()
    shares[[PAD, UNKNOWN]] = -np.inf  # neither can be written down
    if temperature == 0:
        return int(shares.argmax())
    weights = np.exp((shares - shares.max()) / temperature)
    return int(random.choice(len(weights), p=weights / weights.sum()))
