"""Recurrent networks: SimpleRNN (Elman, 1990), LSTM (Hochreiter and Schmidhuber, 1997; forget gates of Gers et al., 2000) and GRU
(Cho et al., 2014), stacked and bidirectional (Schuster and Paliwal, 1997), over an embedding (`_embeddings`).

One network serves both problems: read to the end and name a class (N -> 1), or predict the next token at every step with a state that
is carried from call to call (Mikolov et al., 2010). It learns in Keras (`_network`, `_keras`) and reads in numpy (`_cells`).
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.special import log_softmax, softmax

from malmoi.batches import Epoch, Inputs, Sequences, Spec, Split, Step, buckets, pad, quiet, save_arrays
from malmoi.config import ConfigError, params
from malmoi.models import _cells, _embeddings
from malmoi.models._training import Training
from malmoi.quiet import quiet as quiet_start

__all__ = ["Params", "Training", "build", "load"]
CHUNK = 512  # steps of a stream that are scored at a time
ROWS = 256  # texts that are classified at a time


@params
class Params:
    """Shape of the network.

    cell, units, layers: what reads. bidirectional: also from the end (classification only). embedding: numbers per token where they are
    learned in the model; features with vectors bring their own, and `frozen` leaves those as they are instead of fine-tuning them.
    pooling: what of the top layer's outputs is shown to the classifier: the last one, or their mean or maximum over time.
    dropout: share of embedding and layer outputs that is zeroed in training.
    tied: a language model scores tokens by the vectors that it reads them with (Press and Wolf, 2017): fewer weights, and every vector
    learns from each prediction.
    """

    cell: Literal["simple", "lstm", "gru"] = "gru"
    units: int = 64
    layers: int = 1
    bidirectional: bool = False
    embedding: int = 64
    frozen: bool = False
    pooling: Literal["last", "mean", "max"] = "last"
    dropout: float = 0.0
    tied: bool = False


class Recurrent:
    """A network as the rest of the project knows models. Its weights are named as in `_network.Network.export`.

    absorbs: what was pretrained is among them, so that the trained model needs nothing else.
    """

    absorbs = True

    def __init__(self, params: Params, training: Training, spec: Spec) -> None:
        self.params, self.training, self.spec = params, training, spec
        self.weights: dict[str, np.ndarray] = {}
        self.reader = _embeddings.kind(spec), spec.pretrained.settings if spec.pretrained else {}

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weight.size for name, weight in self.weights.items() if name != _embeddings.DERIVED)

    def fit(self, train: Split, valid: Split, on_epoch: Callable[[Epoch], None], on_step: Callable[[Step], None] = quiet) -> None:
        """Train with early stopping on `valid`; `on_epoch` is told after every pass, losses in nats per target."""
        with quiet_start():
            from malmoi.models import _keras, _network, _precision

            _keras.prepare(self.spec.seed)
            policy = _precision.policy(self.training.precision)
            network = _network.Network(self.params, self.spec, _embeddings.sequences_of(train.inputs), policy)
        _keras.Trainer(network, self.training, self.spec.seed).fit(train, valid, on_epoch, on_step)
        self.weights = network.export()

    def predict(self, inputs: Inputs) -> np.ndarray:
        """classify: (n, classes) probabilities. language_model: (targets,) log probabilities in nats, one stream read from its start."""
        inputs = _embeddings.sequences_of(inputs)
        return self._score(inputs.stream()) if self.spec.problem == "language_model" else self._classify(inputs)

    def _classify(self, inputs: Sequences) -> np.ndarray:
        answers = np.zeros((len(inputs), self.spec.classes), np.float32)
        for rows in buckets(np.minimum(inputs.lengths, self.training.limit), ROWS, None):
            answers[rows] = softmax(self._logits(pad(inputs, rows, self.training.limit)), axis=1)
        return answers

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        """(batch, classes) of padded ids (batch, time[, columns])."""
        mask = _embeddings.mask(ids)  # (batch, time)
        hidden = self._embed(ids)  # (batch, time, embedding)
        ends: list[np.ndarray] = []
        for place in range(self.params.layers):
            read = [
                _cells.read(cell, hidden, cell.initial(len(ids)), mask, direction == "backward")
                for direction, cell in self._layer(place).items()
            ]
            hidden = np.concatenate([outputs for outputs, _ in read], axis=2)  # (batch, time, units)
            ends = [state[0] for _, state in read]
        return self._head(_pool(self.params.pooling, hidden, ends, mask))

    def _embed(self, ids: np.ndarray) -> np.ndarray:
        kind, settings = self.reader
        return _embeddings.read(kind, settings, self.weights, ids)

    def _layer(self, place: int) -> dict[str, _cells.Cell]:
        directions = ("forward", "backward") if self.params.bidirectional else ("forward",)
        parts = ("kernel", "recurrent", "bias")
        return {
            direction: _cells.Cell(self.params.cell, *(self.weights[f"reader{place}.{direction}.{part}"] for part in parts))
            for direction in directions
        }

    def _head(self, hidden: np.ndarray) -> np.ndarray:
        if self.params.tied:
            return hidden @ self.weights["head.projection"] @ self.weights["embedding"].T + self.weights["head.bias"]
        return hidden @ self.weights["head.kernel"] + self.weights["head.bias"]

    def _score(self, stream: np.ndarray) -> np.ndarray:
        states, scores = self.start(1), []
        for begin in range(0, len(stream) - 1, CHUNK):
            targets = stream[begin + 1 : begin + 1 + CHUNK]
            shares, states = self._advance(stream[None, begin : begin + len(targets)], states)  # (1, time, width)
            scores.append(shares[0, np.arange(len(targets)), targets])
        return np.concatenate(scores).astype(np.float64)

    def _advance(self, ids: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
        """Read on. ids: (batch, time). Returns ((batch, time, width) log probabilities of the next token, states)."""
        hidden, carried = self._embed(ids), []  # (batch, time, embedding)
        for place, state in enumerate(states):
            hidden, state = _cells.read(self._layer(place)["forward"], hidden, state)  # (batch, time, units)
            carried.append(state)
        return log_softmax(self._head(hidden), axis=2), carried

    def start(self, size: int) -> Any:
        """State of `size` streams of which nothing was read."""
        return [self._layer(place)["forward"].initial(size) for place in range(self.params.layers)]

    def next(self, state: Any, ids: np.ndarray) -> tuple[np.ndarray, Any]:
        """Read one id of each stream. Returns ((size, width) log probabilities of the next, state)."""
        shares, state = self._advance(ids[:, None], state)  # (size, 1, width)
        return shares[:, 0], state

    def save(self, folder: Path) -> None:
        """Write weights.npz and model.json."""
        folder.mkdir(parents=True, exist_ok=True)
        save_arrays(folder / "weights.npz", self.weights)
        settings = {"params": asdict(self.params), "training": asdict(self.training), "spec": self.spec.settings(), "reader": self.reader}
        (folder / "model.json").write_text(json.dumps(settings, indent=1))


def build(params: Params, training: Training, spec: Spec) -> Recurrent:
    """An untrained model. Raises ConfigError where a language model is to read from the end, a classifier tied, or nothing frozen."""
    if spec.problem == "language_model" and params.bidirectional:
        raise ConfigError("model.bidirectional: a language model that reads from the end has seen the token it must predict; set false")
    if spec.problem != "language_model" and params.tied:
        raise ConfigError("model.tied: only a language model predicts what it reads; a classifier names classes: set false")
    _embeddings.check(spec, params.frozen)
    return Recurrent(params, training, spec)


def load(folder: Path) -> Recurrent:
    """The model that `save` wrote."""
    saved = json.loads((folder / "model.json").read_text())
    model = Recurrent(Params(**saved["params"]), Training(**saved["training"]), Spec(**saved["spec"]))
    model.reader = tuple(saved["reader"])
    with np.load(folder / "weights.npz", allow_pickle=False) as file:
        model.weights = {name: file[name] for name in file.files}
    return model


def _pool(pooling: str, hidden: np.ndarray, ends: list[np.ndarray], mask: np.ndarray) -> np.ndarray:
    """(batch, units) of what the top layer gave. hidden: (batch, time, units); ends: last state of each direction."""
    if pooling == "last":
        return np.concatenate(ends, axis=1)
    seen = mask[..., None]  # (batch, time, 1)
    if pooling == "mean":
        return (hidden * seen).sum(1) / seen.sum(1)
    return np.where(seen, hidden, -np.inf).max(1)
