"""Interpolated modified Kneser-Ney n-gram language model: the baseline that every recurrent language model must beat.

Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1999): interpolation is equation 21, the three
discounts equation 26, continuation counts section 2.7. The text is one stream in which END closes every text, and contexts may
reach across it, as a recurrent model's carried state does.

Every order is three arrays. The n-grams of an order are sorted by `rank of its first n - 1 tokens * width + last token`, so finding
a whole stream's n-grams is one `searchsorted`, and the continuations of one context lie side by side.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from malmoi.batches import Epoch, Inputs, Sequences, Spec, Split, Step, quiet
from malmoi.config import ConfigError, params
from malmoi.npz import save_arrays

FIXED = (0.0, 0.5, 0.75, 0.75)  # discounts of a text that is too small to estimate them


@params
class Params:
    """order: longest n-gram, so that order - 1 tokens of context are seen."""

    order: int = 5


@params
class Training:
    """Counting has no settings."""


@dataclass(frozen=True)
class Order:
    """n-grams of one length. keys: (m,) int64, sorted; share: (m,) discounted count over its context's total; rest: (contexts,) the mass
    that discounting left for the next shorter order (1 where the context was never continued)."""

    keys: np.ndarray
    share: np.ndarray
    rest: np.ndarray


class NGram:
    """Counts in, log probabilities out."""

    def __init__(self, params: Params, spec: Spec) -> None:
        self.params, self.spec = params, spec
        self.orders: list[Order] = []

    @property
    def parameters(self) -> int:
        """Numbers kept: one per n-gram, one per context."""
        return sum(len(order.share) + len(order.rest) for order in self.orders)

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Its orders. A token's probability is a sum over orders: one multiplication for each."""
        return [
            {"name": f"order{n}", "kind": f"{n}-grams", "parameters": len(one.share) + len(one.rest), "multiply_adds_per_token": 1}
            for n, one in enumerate(self.orders, 1)
        ]

    def fit(self, train: Split, valid: Split, on_epoch: Callable[[Epoch], None], on_step: Callable[[Step], None] = quiet) -> None:
        """Count `train`; `on_epoch` is told once, with both losses in nats per token."""
        self.orders = estimate(_sequences(train.inputs).stream(), self.spec.width, self.params.order)
        on_epoch(Epoch(1, 1, self._loss(train), self._loss(valid)))

    def _loss(self, split: Split) -> float:
        return -float(self.predict(split.inputs).mean())

    def predict(self, inputs: Inputs) -> np.ndarray:
        """(targets,) log probability in nats of every token of the stream after its first, given all before it."""
        stream = _sequences(inputs).stream().astype(np.int64)
        probability = np.full(len(stream) - 1, 1 / (self.spec.width - 1))  # every id but PAD
        context = np.zeros(len(stream) - 1, np.int64)  # rank of the n - 1 tokens before each target, -1 where never seen
        for n, order in enumerate(self.orders):
            found = _find(order.keys, context, stream[1:], self.spec.width)  # (targets,)
            share = np.append(order.share, 0.0)[found]  # -1, never seen, is the last: nothing
            rest = np.where(context >= 0, order.rest[context], 1.0)
            probability = share + rest * probability
            first = _find(order.keys, context[:1], stream[:1], self.spec.width) if n == 0 else np.array([-1])
            context = np.concatenate([first, found[:-1]])  # only the shortest context fits before the second token
        return np.log(probability)

    def start(self, size: int) -> np.ndarray:
        """State of `size` streams of which nothing was read: (size, order) rank of the last n tokens, n from 0; -1 where never seen."""
        return np.concatenate([np.zeros((size, 1), np.int64), np.full((size, self.params.order - 1), -1)], axis=1)

    def next(self, state: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read one id of each stream. Returns ((size, width) log probabilities of the next, state)."""
        longer = [_find(order.keys, state[:, n], ids, self.spec.width) for n, order in enumerate(self.orders[:-1])]
        state = np.stack([state[:, 0], *longer], axis=1)  # nothing read has rank 0 always
        with np.errstate(divide="ignore"):
            return np.log(np.stack([self._distribution(ranks) for ranks in state.tolist()])), state

    def _distribution(self, ranks: list[int]) -> np.ndarray:
        """(width,) probabilities. ranks: (order,) of the last n tokens."""
        probability = np.full(self.spec.width, 1 / (self.spec.width - 1))
        probability[0] = 0.0  # PAD
        for rank, order in zip(ranks, self.orders, strict=True):
            if rank >= 0:
                low, high = np.searchsorted(order.keys, [rank * self.spec.width, (rank + 1) * self.spec.width])
                probability *= order.rest[rank]
                probability[order.keys[low:high] - rank * self.spec.width] += order.share[low:high]
        return probability

    def save(self, folder: Path) -> None:
        """Write ngrams.npz and model.json."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"{name}{n}": array for n, order in enumerate(self.orders) for name, array in vars(order).items()}
        save_arrays(folder / "ngrams.npz", arrays)
        (folder / "model.json").write_text(json.dumps({"params": asdict(self.params), "spec": self.spec.settings()}, indent=1))


def build(params: Params, training: Training, spec: Spec) -> NGram:
    """A model without counts. Raises ConfigError for an order below 1 or a problem other than language_model."""
    if spec.problem != "language_model":
        raise ConfigError(f"model family ngram only knows problem language_model, not {spec.problem}; use linear or recurrent")
    if params.order < 1:
        raise ConfigError(f"model.order must be 1 or more, found {params.order}")
    return NGram(params, spec)


def load(folder: Path) -> NGram:
    """The model that `save` wrote."""
    saved = json.loads((folder / "model.json").read_text())
    model = NGram(Params(**saved["params"]), Spec(**saved["spec"]))
    with np.load(folder / "ngrams.npz", allow_pickle=False) as arrays:
        model.orders = [Order(*(arrays[f"{name}{n}"] for name in ("keys", "share", "rest"))) for n in range(model.params.order)]
    return model


def estimate(stream: np.ndarray, width: int, order: int) -> list[Order]:
    """Orders 1..order of a training stream. stream: (t,) token ids below `width`."""
    keys, counts, firsts, ranks = _count(stream.astype(np.int64), width, order)
    orders = []
    for n in range(order):
        frequency = counts[n]
        if n < order - 1:  # continuation count: distinct (n + 1)-grams that end in this n-gram
            frequency = np.bincount(ranks[n][firsts[n + 1]], minlength=len(keys[n]))
        contexts = max(1, len(keys[n - 1])) if n else 1  # a text of fewer than n tokens has none
        orders.append(_smooth(keys[n], frequency, keys[n] // width, contexts))
    return orders


def _count(stream: np.ndarray, width: int, order: int) -> tuple[list[np.ndarray], ...]:
    """Per length n: sorted keys, raw counts, a position where each n-gram ends, and each position's n-gram rank (-1 before the n-th)."""
    context = np.zeros(len(stream), np.int64)
    result: tuple[list[np.ndarray], ...] = ([], [], [], [])
    for n in range(order):
        places = np.arange(n, len(stream))
        found = np.unique(context[places] * width + stream[places], return_index=True, return_inverse=True, return_counts=True)
        ranks = np.full(len(stream), -1)
        ranks[places] = found[2]
        for kept, new in zip(result, (found[0], found[3], places[found[1]], ranks), strict=True):
            kept.append(new)
        context = np.concatenate([[-1], ranks[:-1]])
    return result


def _smooth(keys: np.ndarray, frequency: np.ndarray, context: np.ndarray, contexts: int) -> Order:
    discounts = _discounts(frequency)
    discount = discounts[np.minimum(frequency, 3)]  # (m,)
    total = np.bincount(context, frequency, contexts)  # (contexts,)
    left = np.bincount(context, discount, contexts)
    share = np.divide(frequency - discount, total[context], out=np.zeros(len(keys)), where=total[context] > 0)
    return Order(keys, share, np.divide(left, total, out=np.ones(contexts), where=total > 0))


def _discounts(frequency: np.ndarray) -> np.ndarray:
    """(4,) discount of counts 0, 1, 2 and 3 or more (equation 26); FIXED where a small text has no n-gram that comes once, twice, three or
    four times, or so many more of the one than of the other that a discount would be nothing, or the whole count."""
    ones, twos, threes, fours = (int((frequency == count).sum()) for count in (1, 2, 3, 4))
    if not (ones and twos and threes and fours):
        return np.array(FIXED)
    ratio = ones / (ones + 2 * twos)
    exact = [1 - 2 * ratio * twos / ones, 2 - 3 * ratio * threes / twos, 3 - 4 * ratio * fours / threes]
    return np.array([0.0, *exact] if all(0 < value < count for count, value in enumerate(exact, 1)) else FIXED)


def _find(keys: np.ndarray, context: np.ndarray, tokens: np.ndarray, width: int) -> np.ndarray:
    """(t,) rank of each `context` followed by `tokens`, -1 where the context is -1 or the n-gram was never seen."""
    if not len(keys):
        return np.full(len(tokens), -1)
    wanted = context * width + tokens
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((context >= 0) & (keys[places] == wanted), places, -1)


def _sequences(inputs: Inputs) -> Sequences:
    if not isinstance(inputs, Sequences):
        raise ConfigError("model family ngram reads token ids: give it features of kind sequence, not counts")
    return inputs
