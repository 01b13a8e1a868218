"""What a network learns from in one pass over a split, batch by batch: how many batches there are, and each of them when it is asked for.

Texts are padded and grouped by length. A language model reads windows: of contiguous streams side by side, whose state goes from each to
the next (truncated BPTT); or, where every text begins afresh, of texts side by side, from their start to their end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from malmoi.batches import END, PAD, Sequences, Split, buckets, pad
from malmoi.models._network.embeddings import sequences_of
from malmoi.models._network.training import Training

HALVED = 0.05  # share of windows that are half as long where lengths are drawn (Merity et al., 2018)
SHORTEST = 5  # steps of a window, if lengths are drawn


@dataclass(frozen=True)
class Batch:
    """ids: (batch, time[, columns]); wanted: (batch,) classes, or (batch, time) next tokens, PAD where there is none.
    begins: whether nothing was read before it. targets: how many there are."""

    ids: np.ndarray
    wanted: np.ndarray
    begins: bool
    targets: int


@dataclass(frozen=True)
class Feed:
    """One pass. count: of batches. make: makes the batch of that number, from 0."""

    count: int
    make: Callable[[int], Batch]

    def __len__(self) -> int:
        return self.count

    def after(self, done: int) -> Iterator[Batch]:
        """All batches but the first `done`."""
        return map(self.make, range(done, self.count))


class Feeds:
    """The passes over one split. seed: of drawn window lengths, which differ from epoch to epoch."""

    def __init__(self, split: Split, training: Training, language: bool, seed: int) -> None:
        self.sequences, self.labels, self.training = sequences_of(split.inputs), split.labels, training
        self.language, self.seed = language, seed

    def updates(self, epochs: int) -> int:
        """Batches of all epochs that are learned from."""
        if self.training.jitter:
            return sum(len(self._edges(epoch)) - 1 for epoch in range(1, epochs + 1))
        return len(self.ordered) * epochs

    @property
    def ordered(self) -> Feed:
        """Nothing drawn: to be validated on."""
        return self.feed(0, None)

    def feed(self, epoch: int, random: np.random.Generator | None) -> Feed:
        """The pass of an epoch, from 1. `random` draws the groups of texts and their order."""
        if self.language and not self.training.reset:
            return _streams(self._rows(), self._edges(epoch))
        lengths, size = self.sequences.lengths, self.training.batch_size
        if self.language:
            return _afresh(self.sequences, buckets(lengths, size, random), self.training.steps)
        groups = buckets(np.minimum(lengths, self.training.limit), size, random)
        return Feed(len(groups), lambda place: self._texts(groups[place]))

    def _texts(self, rows: np.ndarray) -> Batch:
        return Batch(pad(self.sequences, rows, self.training.limit), self.labels[rows], True, len(rows))

    def _rows(self) -> np.ndarray:
        """(streams, length + 1): contiguous parts of the one stream; the last token of each is the next one's first."""
        stream = self.sequences.stream()
        size = min(self.training.batch_size, max(1, (len(stream) - 1) // self.training.steps))
        length = (len(stream) - 1) // size
        return np.lib.stride_tricks.sliding_window_view(stream, length + 1)[:: max(1, length)][:size]

    def _edges(self, epoch: int) -> list[int]:
        """Where windows begin, and where the last one ends. epoch 0: they are of one length."""
        training, length = self.training, self._rows().shape[1] - 1
        if not training.jitter or not epoch:
            return [*range(0, length, training.steps), length]
        random, edges = np.random.default_rng([self.seed, epoch]), [0]
        while edges[-1] < length:
            middle = training.steps / 2 if random.random() < HALVED else training.steps
            edges.append(min(length, edges[-1] + max(SHORTEST, round(random.normal(middle, training.jitter)))))
        return edges


def _streams(rows: np.ndarray, edges: list[int]) -> Feed:
    def window(place: int) -> Batch:
        start, end = edges[place : place + 2]
        wanted = rows[:, start + 1 : end + 1]
        return Batch(rows[:, start:end], wanted, not place, wanted.size)

    return Feed(len(edges) - 1, window)


def _afresh(sequences: Sequences, groups: list[np.ndarray], steps: int) -> Feed:
    """Windows of texts that begin with END and are to end with it, of one group after the other."""
    windows = [(group, start) for group in groups for start in range(0, int(sequences.lengths[group].max()) + 1, steps)]

    def window(place: int) -> Batch:
        group, start = windows[place]
        texts = framed(sequences, group)[:, start : start + steps + 1]
        return Batch(texts[:, :-1], texts[:, 1:], not start, int((texts[:, 1:] != PAD).sum()))

    return Feed(len(windows), window)


def framed(sequences: Sequences, rows: np.ndarray) -> np.ndarray:
    """(rows, longest + 2) texts with END before and after them, filled up with PAD."""
    lengths = sequences.lengths[rows]
    texts = np.full((len(rows), int(lengths.max(initial=0)) + 2), PAD, np.int32)
    texts[:, 0] = END
    for place, row in enumerate(rows):
        texts[place, 1 : lengths[place] + 1] = sequences[row]
    texts[np.arange(len(rows)), lengths + 1] = END
    return texts
