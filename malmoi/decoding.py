"""How the next token is chosen from what a language model holds likely: the settings of a continuation, and their arithmetic.

A model gives log probabilities of the next token. PAD and UNKNOWN cannot be written down: their mass goes to all others, each in
proportion to its own. Then, in this order: the penalty on what was written before and the ban on repeated n-grams; the temperature;
top-k; the nucleus. Used by `generation` (draws) and `beam_search`; command line and served model fill the same dataclass.
"""

import math
from collections.abc import Sequence

import numpy as np

from malmoi.batches import PAD, UNKNOWN
from malmoi.config import ConfigError, params

ROUNDING = 1e-9  # of sums of probabilities


@params
class Decoding:
    """How a text is continued.

    length: tokens written at most. temperature: the log probabilities are divided by it before a token is drawn; 0: the likeliest token
    each time (greedy). top_k: draw among the k likeliest alone (Fan et al. 2018); 0: all. top_p: draw among the fewest tokens that hold
    this much of the probability (nucleus: Holtzman et al. 2020); 1: all.
    beams: above 1, beam search keeps so many beginnings and gives the whole text that scores best: log probability over
    ((5 + tokens) / 6) ** length_penalty (Wu et al. 2016, equation 14).
    repetition_penalty: the log probability of a token that the continuation already has is multiplied by it (Keskar et al. 2019 divide
    a logit; log probabilities are never positive, so multiplying is what makes them smaller); 1: none. no_repeat: no n-gram of so many
    tokens comes twice in a continuation (Paulus et al. 2018); 0: any may.
    stop: the text ends before the first of these strings. stop_at_end: it ends where the model ends a text, too; else that is a line end.
    seed: of the draws.
    """

    length: int = 200
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    beams: int = 1
    length_penalty: float = 0.6
    repetition_penalty: float = 1.0
    no_repeat: int = 0
    stop: tuple[str, ...] = ()
    stop_at_end: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ConfigError for values that cannot be right, alone or together."""
        wrong = [f"{what}, found {value!r}" for holds, what, value in self._limits() if not holds]
        if self.beams > 1 and (self.temperature or self.top_k or self.top_p < 1):
            found = f"temperature {self.temperature:g}, top_k {self.top_k}, top_p {self.top_p:g}"
            wrong.append(
                f"beams look for the likeliest text and draw nothing: give temperature 0, top_k 0 and top_p 1 with them, not {found}"
            )
        elif self.temperature == 0 and (self.top_k or self.top_p < 1):
            wrong.append(
                "top_k and top_p say what is drawn from, and temperature 0 draws nothing: give a temperature, 1 for the model's own"
            )
        if wrong:
            raise ConfigError("; ".join(wrong))

    def _limits(self) -> list[tuple[bool, str, object]]:
        """(does it hold, what should, what was given) of every value that has a limit."""
        return [
            (self.length >= 0, "length must not be negative", self.length),
            (0 <= self.temperature < math.inf, "temperature must not be negative", self.temperature),
            (self.top_k >= 0, "top_k must be 1 or more, or 0 for all tokens", self.top_k),
            (0 < self.top_p <= 1, "top_p must be above 0 and at most 1, the share of the probability to draw from", self.top_p),
            (self.beams >= 1, "beams must be 1 or more", self.beams),
            (0 <= self.length_penalty < math.inf, "length_penalty must not be negative", self.length_penalty),
            (1 <= self.repetition_penalty < math.inf, "repetition_penalty must be 1 (none) or more", self.repetition_penalty),
            (self.no_repeat >= 0, "no_repeat must be 1 or more tokens, or 0 for no limit", self.no_repeat),
            (all(self.stop), "stop must have no empty string, which is everywhere", self.stop),
            (self.seed >= 0, "seed must not be negative", self.seed),
        ]


def allowed(logs: np.ndarray, written: Sequence[int], decoding: Decoding) -> np.ndarray:
    """(width,) log probability of each token that can be written, -inf of all others, penalties included (so their sum may be below 1).

    logs: (width,) log probabilities as the model has them. written: tokens of the continuation so far.
    """
    scores = logs.astype(np.float64)
    scores[[PAD, UNKNOWN]] = -np.inf
    top = scores.max()
    scores -= top + np.log(np.exp(scores - top).sum())
    if decoding.repetition_penalty > 1:
        scores[list(set(written))] *= decoding.repetition_penalty
    if decoding.no_repeat:
        scores[_followers(written, decoding.no_repeat)] = -np.inf
    return scores


def distribution(scores: np.ndarray, decoding: Decoding) -> np.ndarray:
    """(width,) the probabilities that are drawn from, for a temperature above 0. scores: (width,), what `allowed` gave.

    Among equally likely tokens the one of the lower id is kept first.

    >>> distribution(np.log([0.5, 0.3, 0.2]), Decoding(temperature=1.0, top_k=2))
    array([0.625, 0.375, 0.   ])
    """
    with np.errstate(over="ignore"):  # a tiny temperature makes all but the likeliest -inf, as it should
        weights = np.exp((scores - scores.max()) / decoding.temperature)
    if not decoding.top_k and decoding.top_p == 1:
        return np.asarray(weights / weights.sum())
    order = np.argsort(-weights, kind="stable")[: decoding.top_k or None]
    reached = np.cumsum(weights[order]) / weights[order].sum()
    order = order[: int(np.argmax(reached >= decoding.top_p - ROUNDING)) + 1] if decoding.top_p < 1 else order
    kept = np.zeros_like(weights)
    kept[order] = weights[order]
    return np.asarray(kept / kept.sum())


def choose(scores: np.ndarray, decoding: Decoding, random: np.random.Generator) -> int | None:
    """The next token; None where none is left."""
    if np.isneginf(scores.max()):
        return None
    if decoding.temperature == 0:
        return int(scores.argmax())
    reached = np.cumsum(distribution(scores, decoding))
    return int(np.searchsorted(reached / reached[-1], random.random(), side="right"))


def _followers(written: Sequence[int], size: int) -> list[int]:
    """Tokens that would make an n-gram of `size` tokens that was written before."""
    if len(written) < size - 1:
        return []
    last = tuple(written[len(written) - size + 1 :])
    return [written[end] for end in range(size - 1, len(written)) if tuple(written[end - size + 1 : end]) == last]
