"""Beam search: the few best beginnings of a continuation are kept at every step, and the best whole one is the answer.

A whole text scores its log probability over ((5 + tokens) / 6) ** length_penalty (Wu et al. 2016, "Google's neural machine translation
system", equation 14, without coverage), else the shortest would win. Nothing is drawn: the same answer each time. Equal scores are
ordered by beginning, then by id. Called by `generation`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from malmoi.decoding import Decoding, allowed
from malmoi.drafts import Draft, LanguageModel, Request, read, take
from malmoi.transcript import Writer


def search(model: LanguageModel, requests: Sequence[Request], writer: Writer) -> Iterator[list[list[Draft]]]:
    """After each step: for every request the drafts that may still be its answer, the best whole one first."""
    logs, state = read(model, requests)
    beams = [_Beam(Draft.begin(request, writer)) for request in requests]
    rows = [place for place, beam in enumerate(beams) if beam.alive]
    logs, state = logs[rows], take(state, rows)
    while True:
        yield [beam.possible for beam in beams]
        if not any(beam.alive for beam in beams):
            return
        sizes = [len(beam.alive) for beam in beams]
        starts = np.cumsum([0, *sizes])
        kept = [start + beam.extend(logs[start:end]) for beam, start, end in zip(beams, starts, starts[1:], strict=False)]
        parents = np.concatenate(kept)
        if len(parents):
            ids = [draft.ids[-1] for beam in beams for draft in beam.alive]
            logs, state = model.next(take(state, parents), np.array(ids))


class _Beam:
    """The search for one request. alive: beginnings, the best first; best: the best whole text so far."""

    def __init__(self, draft: Draft) -> None:
        self.decoding = draft.decoding
        self.alive: list[Draft] = [] if draft.finish else [draft]
        self.best: Draft | None = draft if draft.finish else None

    @property
    def possible(self) -> list[Draft]:
        """What the answer may be, or begin with."""
        return [*([self.best] if self.best else []), *self.alive]

    def extend(self, logs: np.ndarray) -> np.ndarray:
        """One token more. logs: (alive, width). Returns which of the beginnings each of the new ones continues."""
        if not self.alive:
            return np.zeros(0, np.int64)
        rows = [draft.score + allowed(row, draft.ids, self.decoding) for draft, row in zip(self.alive, logs, strict=True)]
        scores = np.stack(rows)  # (alive, width)
        found = [divmod(int(place), scores.shape[1]) for place in _highest(scores.ravel(), 2 * self.decoding.beams)]
        longer = [(row, self.alive[row].extended(token, float(logs[row, token]), float(scores[row, token]))) for row, token in found]
        ended = [draft for _, draft in longer if draft.finish] or ([] if longer else [draft.ended("exhausted") for draft in self.alive])
        for draft in ended:
            self._offer(draft)
        going = [(row, draft) for row, draft in longer if not draft.finish][: self.decoding.beams]
        going = [] if going and self._decided(going[0][1]) else going
        self.alive = [draft for _, draft in going]
        return np.array([row for row, _ in going], np.int64)

    def _offer(self, draft: Draft) -> None:
        if self.best is None or value(draft) > value(self.best):
            self.best = draft

    def _decided(self, leader: Draft) -> bool:
        """Whether no beginning can win any more: at best it grows to its full length at no further cost."""
        return self.best is not None and value(self.best) >= leader.score / _divisor(self.decoding.length, self.decoding)


def value(draft: Draft) -> float:
    """What whole texts are ranked by."""
    return draft.score / _divisor(len(draft.ids), draft.decoding)


def _divisor(tokens: int, decoding: Decoding) -> float:
    return float(((5 + tokens) / 6) ** decoding.length_penalty)


def _highest(scores: np.ndarray, size: int) -> np.ndarray:
    """Places of the highest `size` finite scores, the highest first, equal ones in their order. scores: (n,)."""
    least = np.partition(scores, len(scores) - size)[len(scores) - size] if size < len(scores) else -np.inf
    places = np.flatnonzero((scores >= least) & np.isfinite(scores))
    return places[np.argsort(-scores[places], kind="stable")][:size]
