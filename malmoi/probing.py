"""Probes: what courses and papers say about sequence models, measured. Each file of malmoi/probes/ states a claim and where it comes from,
measures it, and says whether it held here.

A probe is `Params` (its sizes) and `measure(params, sources) -> Finding`; sources: by language, what the pipeline made of Korean and of
English text, empty for a probe that makes its own sequences. Everything is seeded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import batches, experiments
from malmoi.batches import Sequences, Spec, Split, offsets_of

Columns = dict[str, list[Any]]
NETWORKS: dict[str, dict[str, Any]] = {  # cells that are compared, the SimpleRNN with first weights of its time and with those of ours
    "SimpleRNN": {"cell": "simple", "recurrent_initializer": "glorot_uniform"},
    "SimpleRNN, orthogonal": {"cell": "simple"},
    "GRU": {"cell": "gru"},
    "LSTM": {"cell": "lstm"},
    "LSTM, forget bias 4": {"cell": "lstm", "forget_bias": 4.0},
}
VERDICTS = {True: "held", False: "did not hold", None: "held in part"}
UNTOLD = "cannot be told"
PLAIN, GATED = "SimpleRNN", ("GRU", "LSTM")
LANGUAGES = {"ko": "Korean", "en": "English"}


@dataclass(frozen=True)
class Finding:
    """claim: with its source. measured: in words, with numbers. held: whether it was so here; None where it was partly so. told: whether
    what was measured can tell at all, as it cannot where no network has learned the task, or none can fail it.

    table: columns of the same length. x, y, by: columns to draw, one line for each value of `by`; log: draw y by its logarithm.
    """

    claim: str
    measured: str
    held: bool | None
    table: Columns
    x: str
    y: str
    by: str
    log: bool = False
    told: bool = True

    @property
    def verdict(self) -> str:
        """What became of the claim, in words. Where there is nothing to draw, or a value that is no number, nothing was measured."""
        heights = np.array(self.table.get(self.y, []), float)
        return VERDICTS[self.held] if self.told and len(heights) and np.isfinite(heights).all() else UNTOLD

    def settings(self) -> dict[str, Any]:
        """All but the table, for JSON."""
        return {name: value for name, value in vars(self).items() if name not in ("table", "told")} | {"verdict": self.verdict}


@dataclass(frozen=True)
class Source:
    """Where the text of one language comes from. reads: what the probe reads of the pipeline (features, a trained model, or what was
    measured of it); text: the corpus."""

    reads: Path
    text: Path

    @property
    def pipeline(self) -> dict[str, Any]:
        """What is said of features: labels, width, tokenizer."""
        return dict(json.loads((self.reads / "pipeline.json").read_text(encoding="utf-8")))

    def split(self, name: str) -> Split:
        """A split of features, as numbers."""
        return batches.load_split(self.reads / f"{name}.npz")


Sources = Mapping[str, Source]  # by language: "ko", "en"


@dataclass
class Learned:
    """A trained model, and its losses by epoch on train and valid, nats per target."""

    model: Any
    train_losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The least validation loss: that of the weights that were kept."""
        return min(self.valid_losses)


def require(options: Any, *names: str) -> None:
    """For a probe's own check: raises ValueError where one of these lists of its options is empty, as nothing would then be measured."""
    for name in names:
        if not getattr(options, name):
            raise ValueError(f"{name} should list at least one value; without any, nothing is measured")


def learn(model: dict[str, Any], training: dict[str, Any], spec: Spec, train: Split, valid: Split) -> Learned:
    """Train a model as an experiment with these settings would."""
    experiment = experiments.Experiment(problem=spec.problem, corpus="", features="", model=model, training=training)
    learned = Learned(experiments.build(experiment, spec, "params/probes.yaml"))

    def listen(epoch: batches.Epoch) -> None:
        learned.train_losses.append(epoch.train_loss)
        learned.valid_losses.append(epoch.valid_loss)

    learned.model.fit(train, valid, listen)
    return learned


def accuracy(model: Any, split: Split) -> float:
    """Share of texts that are named rightly."""
    return float((model.predict(split.inputs).argmax(1) == split.labels).mean())


def texts(ids: Sequence[np.ndarray], labels: np.ndarray | None = None) -> Split:
    """A split of given token ids; without labels, for a language model."""
    lengths = np.array([len(one) for one in ids], np.int64)
    inputs = Sequences(np.concatenate(ids).astype(np.int32), offsets_of(lengths), np.zeros(len(ids)))
    return Split(inputs, np.full(len(ids), -1, np.int32) if labels is None else labels.astype(np.int32), lengths, lengths)


def columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """A table from its rows; without columns where there are none."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def beyond_chance(share: float, texts: int, chance: float) -> bool:
    """Whether so many texts of a balanced question are named rightly that guessing hardly does it: once in twenty times (normal limit)."""
    return bool(share > chance + 1.645 * np.sqrt(chance * (1 - chance) / max(1, texts)))
