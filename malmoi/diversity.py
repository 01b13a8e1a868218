"""How much generated texts repeat themselves, and how likely the model holds them: what a temperature trades.

Repetition is the share of a text's n-grams that occurred before in the same text (seq-rep-n of Welleck et al. 2020). Distinct-n is the
share of different n-grams among all of a set of texts (Li et al. 2016, who divide by tokens instead of n-grams, which makes no
difference for distinct-1). Both count tokens, so texts compare within one tokenization and one length. `evaluate` and `generate` use it.
"""

from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np

REPEATED = 4  # tokens of the n-grams that repetition counts
DISTINCT = (1, 2, 3)


class Written(Protocol):
    """What was generated. ids: its tokens; logs: the log probability of each in nats, as the model has it."""

    @property
    def ids(self) -> Sequence[int]:
        """Tokens."""

    @property
    def logs(self) -> Sequence[float]:
        """Log probabilities."""


def repetition(texts: Sequence[Sequence[Hashable]], size: int = REPEATED) -> float | None:
    """Share of n-grams of `size` tokens that occurred before in the same text, of all texts; None where no text has so many tokens.

    >>> repetition(["abcabc"], 2)  # ab bc ca, then ab bc again
    0.4
    """
    found = [_grams(text, size) for text in texts]
    total = sum(map(len, found))
    return (total - sum(len(set(grams)) for grams in found)) / total if total else None


def distinct(texts: Sequence[Sequence[Hashable]], size: int) -> float | None:
    """Share of different n-grams of `size` tokens among those of all texts together; None where no text has so many tokens.

    >>> distinct(["abab", "ab"], 2)  # ab ba, of ab ba ab ab
    0.5
    """
    found = [gram for text in texts for gram in _grams(text, size)]
    return len(set(found)) / len(found) if found else None


def measure(texts: Sequence[Written]) -> dict[str, float | None]:
    """repetition, distinct_1 to distinct_3 and mean_log_likelihood (nats per token) of a set of texts; None where they are too short."""
    ids, logs = [text.ids for text in texts], [log for text in texts for log in text.logs]
    return {
        "mean_log_likelihood": float(np.mean(logs)) if logs else None,
        "repetition": repetition(ids),
        **{f"distinct_{size}": distinct(ids, size) for size in DISTINCT},
    }


def _grams(text: Sequence[Hashable], size: int) -> list[tuple[Hashable, ...]]:
    return list(zip(*(text[start:] for start in range(size)), strict=False))
