"""Multinomial logistic regression over rows, sparse or dense: the baseline that every network must beat.

Fitted by scikit-learn (L-BFGS, L2 penalty 1/C); predicting is one product and needs no scikit-learn.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse, special

from malmoi.batches import Epoch, Inputs, Sequences, Spec, Split, Step, quiet
from malmoi.config import ConfigError, params
from malmoi.npz import save_arrays


@params
class Params:
    """C: inverse of the L2 penalty's weight; larger fits the training data more closely."""

    C: float = 1.0


@params
class Training:
    """iterations: at most, of L-BFGS; tolerance: of the gradient at which it stops."""

    iterations: int = 200
    tolerance: float = 1e-4


class Linear:
    """Class scores `inputs @ weights + bias`, made probabilities by softmax. weights: (columns, classes) float32; bias: (classes,)."""

    def __init__(self, params: Params, training: Training, spec: Spec) -> None:
        self.params, self.training, self.spec = params, training, spec
        self.weights = np.zeros((spec.width, spec.classes), np.float32)
        self.bias = np.zeros(spec.classes, np.float32)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.weights.size + self.bias.size

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Its one part. Multiply-adds are those of a dense row; of a sparse one only what is not zero is multiplied."""
        counts = {"parameters": self.parameters, "multiply_adds_per_token": 0, "multiply_adds_per_text": self.weights.size}
        return [{"name": "head", "kind": "logistic regression", **counts}]

    def fit(self, train: Split, valid: Split, on_epoch: Callable[[Epoch], None], on_step: Callable[[Step], None] = quiet) -> None:
        """Fit on `train`; `on_epoch` is told once, with both losses in nats per text."""
        from sklearn.linear_model import LogisticRegression

        machine = LogisticRegression(C=self.params.C, max_iter=self.training.iterations, tol=self.training.tolerance)
        machine.fit(_rows(train.inputs), train.labels)
        if len(machine.classes_) == 2:  # scikit-learn keeps one column for two classes: sigmoid(z) is softmax((0, z))
            self.weights[:, 1], self.bias[1] = machine.coef_[0], machine.intercept_[0]
        else:
            self.weights[:], self.bias[:] = machine.coef_.T, machine.intercept_
        on_epoch(Epoch(1, 1, self._loss(train), self._loss(valid)))

    def _loss(self, split: Split) -> float:
        shares = special.log_softmax(self._scores(split.inputs), axis=1)  # (n, classes), nats
        return float(-shares[np.arange(len(split.labels)), split.labels].mean())

    def predict(self, inputs: Inputs) -> np.ndarray:
        """(n, classes) probabilities of rows (n, columns)."""
        return special.softmax(self._scores(inputs), axis=1)

    def _scores(self, inputs: Inputs) -> np.ndarray:
        return _rows(inputs) @ self.weights + self.bias

    def save(self, folder: Path) -> None:
        """Write weights.npz and model.json."""
        folder.mkdir(parents=True, exist_ok=True)
        save_arrays(folder / "weights.npz", {"weights": self.weights, "bias": self.bias})
        (folder / "model.json").write_text(json.dumps({"params": asdict(self.params), "spec": self.spec.settings()}, indent=1))


def build(params: Params, training: Training, spec: Spec) -> Linear:
    """An untrained model. Raises ConfigError for a problem other than classify, and for settings out of their range."""
    if spec.problem != "classify":
        raise ConfigError(f"model family linear only knows problem classify, not {spec.problem}; use ngram or recurrent")
    for name, value in (("model.C", params.C), ("training.tolerance", training.tolerance), ("training.iterations", training.iterations)):
        if not value > 0:
            raise ConfigError(f"{name}: should be above 0, found {value}")
    return Linear(params, training, spec)


def load(folder: Path) -> Linear:
    """The model that `save` wrote."""
    saved = json.loads((folder / "model.json").read_text())
    model = Linear(Params(**saved["params"]), Training(), Spec(**saved["spec"]))
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        model.weights, model.bias = weights["weights"], weights["bias"]
    return model


def _rows(inputs: Inputs) -> sparse.csr_matrix | np.ndarray:
    if isinstance(inputs, Sequences):
        raise ConfigError("model family linear reads a row per text: give it features of kind counts or doc2vec, or pooled word vectors")
    return inputs
