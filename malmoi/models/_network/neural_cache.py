"""What a language model has read lately speaks with it about what comes next: the continuous cache of Grave, Joulin and Usunier, "Improving
neural language models with a continuous cache" (ICLR 2017). New names are what a text repeats and no training has seen.

Each output h_i of the network is kept with the token that came after it. Where the network is at h_t now, what came after outputs like it
is likely to come again (their equations 3 and 4):

    p_cache(w) is proportional to the sum, over i < t with x_{i+1} = w, of exp(flatness * cos(h_t, h_i))
    p(w) = (1 - share) p_network(w) + share p_cache(w)

Two things differ from the paper. The cosine stands for the product of the two, so that one range of `flatness` serves networks of all
sizes; and flatness and share are not set by hand but chosen on the validation split after training (`tuned`), which changes nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from malmoi.models._network.blocks import Row, State

FLATNESS, SHARE = "cache.flatness", "cache.share"  # among a network's weights
NOTHING, UNKNOWN_YET = 0, 1  # in place of a token: no output was kept there; what comes after it was not read yet
FLATNESSES = (5.0, 7.0, 10.0, 14.0, 20.0, 28.0, 40.0)
SHARES = (0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
TUNED = 50_000  # tokens of the validation split that are looked at for both
STEPS = 256  # of a stream that are looked at together
TINY = 1e-12


@dataclass(frozen=True)
class Looks:
    """What each step of a batch finds in the cache. alike: (batch, time, kept) cosines, -inf where nothing may be seen; following:
    (batch, kept) what came after each output that is kept."""

    alike: np.ndarray
    following: np.ndarray

    def of(self, wanted: np.ndarray, flatness: Any) -> np.ndarray:
        """(batch, time) the cache's probability of these tokens; nan where it is empty."""
        return np.sum(self._weights(flatness) * (self.following[:, None] == wanted[..., None]), -1)

    def all(self, width: int, flatness: Any) -> np.ndarray:
        """(batch, width) its probability of every token after the last step; nan where it is empty."""
        found = np.zeros((len(self.following), width), np.float32)
        rows = np.broadcast_to(np.arange(len(found))[:, None], self.following.shape)
        weights = self._weights(flatness)[:, -1]  # (batch, kept)
        np.add.at(found, (rows, self.following), weights)
        return np.where(np.isnan(weights[:, :1]), np.float32(np.nan), found)

    def _weights(self, flatness: Any) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # an empty cache: -inf less -inf
            return np.asarray(softmax(np.float32(flatness) * self.alike, -1))


class NeuralCache:
    """Looks back over `size` outputs of `width` numbers. State: the outputs, of length 1, and what came after each."""

    def __init__(self, size: int, width: int) -> None:
        self.size, self.width = size, width

    def start(self, streams: int) -> State:
        """Of streams of which nothing was read."""
        return [np.zeros((streams, self.size, self.width), np.float32), np.full((streams, self.size), NOTHING, np.int32)]

    def look(self, state: State, ids: np.ndarray, hidden: np.ndarray) -> tuple[Looks, State]:
        """What outputs find that were kept before them, and the state after them. ids: (batch, time) what was read; hidden: (batch, time,
        width) what the network gave after each."""
        hidden = hidden / np.maximum(np.sqrt(np.sum(np.square(hidden), -1, keepdims=True)), np.float32(TINY))
        before, after = state
        after = np.concatenate([after, np.full_like(ids, UNKNOWN_YET, np.int32)], 1)  # (batch, kept)
        last = slice(self.size - 1, -1)  # what each token that is read came after
        after[:, last] = np.where(after[:, last] == NOTHING, NOTHING, ids)
        outputs = np.concatenate([before, hidden], 1)  # (batch, kept, width)
        alike = hidden @ outputs.swapaxes(1, 2)  # (batch, time, kept)
        step, place = np.arange(ids.shape[1])[:, None], np.arange(after.shape[1])
        seen = (place >= step) & (place < step + self.size)  # (time, kept)
        alike = np.where(seen & (after != NOTHING)[:, None], alike, np.float32(-np.inf))
        return Looks(alike, after), [outputs[:, -self.size :], after[:, -self.size :]]

    def row(self) -> Row:
        """Of a model's summary: two weights, and a product for each number of each output that is kept."""
        return Row("cache", "continuous cache", 2, self.size * self.width)


def together(scores: np.ndarray, looks: Looks | None, weights: dict[str, np.ndarray], wanted: np.ndarray | None = None) -> np.ndarray:
    """Log probabilities of the network's `scores` and what it found in its cache, if it has one. weights: the network's, of which two are
    the cache's. scores are of the tokens `wanted`, (batch, time), or of every token after the last step, (batch, width)."""
    if looks is None:
        return scores
    flatness, share = weights[FLATNESS], weights[SHARE]
    return mixed(scores, looks.all(scores.shape[1], flatness) if wanted is None else looks.of(wanted, flatness), share)


def mixed(scores: np.ndarray, found: np.ndarray, share: Any) -> np.ndarray:
    """Log probabilities of network and cache together; of the network alone where the cache is empty (`found` is nan). share: a number, or
    an array that goes with both."""
    share = np.asarray(share, np.float64)
    both = np.log((1 - share) * np.exp(scores, dtype=np.float64) + share * found + np.exp(-700.0))
    return np.where(np.isnan(found), scores, both).astype(scores.dtype)


def tuned(model: Any, stream: np.ndarray) -> dict[str, np.ndarray]:
    """Flatness and share that score a stream best, as weights; a share of 0 where the cache does not help. model: a `SequenceModel`."""
    totals, shares = np.zeros((len(FLATNESSES), len(SHARES))), np.array(SHARES)[:, None]
    for scores, found in _answers(model, stream[: TUNED + 1]):
        totals += [np.sum(mixed(scores, each, shares), -1, dtype=np.float64) for each in found]  # of (shares, time)
    flat, best = np.unravel_index(np.argmax(totals), totals.shape)
    return {FLATNESS: np.array(FLATNESSES[flat], np.float32), SHARE: np.array(SHARES[best], np.float32)}


def _answers(model: Any, stream: np.ndarray) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """The network's log probabilities of a stream, part by part, (1, time), and the cache's probabilities with each flatness."""
    states = model.start(1)
    for begin in range(0, len(stream) - 1, STEPS):
        wanted = stream[None, begin + 1 : begin + 1 + STEPS]
        scores, looks, states = model.looked(stream[None, begin : begin + wanted.shape[1]], wanted, states)
        yield scores, [looks.of(wanted, flatness) for flatness in FLATNESSES]
