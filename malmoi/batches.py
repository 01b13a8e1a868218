"""What models are fed with: sequences of token ids, sparse or dense rows, padded batches, and contiguous streams for truncated BPTT.

A `Split` is one split of a corpus as numbers; it is what the `features` stage writes and the `train` stage reads.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy import sparse

from malmoi.npz import save_arrays

if TYPE_CHECKING:
    from malmoi.pretrained import Pretrained

Side: TypeAlias = Literal["before", "after"]
PAD, UNKNOWN, END = 0, 1, 2  # ids of the special tokens; END closes every text and starts every stream
SPECIALS = ("<pad>", "<unk>", "<end>")


@dataclass(frozen=True)
class Sequences:
    """Ragged token ids of n texts, without END. ids: (total,) int32; offsets: (n + 1,) int64; text i is ids[offsets[i]:offsets[i + 1]].

    charged: (n,) float64, bits for spelling out the text's unknown tokens (0 where there are none): added to a language model's bits,
    so that a small vocabulary cannot look good by hiding words. ids may be (total, columns) where a token is several numbers (its id,
    then its characters). padding, truncation: on which side a batch is filled up, and cut where a text is longer than the limit.
    """

    ids: np.ndarray
    offsets: np.ndarray
    charged: np.ndarray
    padding: Side = "after"
    truncation: Side = "after"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """(n,) tokens of each text."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray) -> "Sequences":
        """The texts `rows`, in that order."""
        parts = [self[row] for row in rows]
        ids = np.concatenate(parts) if parts else self.ids[:0]
        return replace(self, ids=ids, offsets=offsets_of(self.lengths[rows]), charged=self.charged[rows])

    def stream(self) -> np.ndarray:
        """(1 + total + n,) one stream: END, then every text followed by END. Position t is predicted from all before it."""
        stream = np.full(1 + len(self.ids) + len(self), END, np.int32)
        row = np.repeat(np.arange(len(self)), self.lengths)  # (total,) the text each id belongs to
        stream[1 + np.arange(len(self.ids)) + row] = self.ids if self.ids.ndim == 1 else self.ids[:, 0]
        return stream


Inputs: TypeAlias = "Sequences | sparse.csr_matrix | np.ndarray"


@dataclass(frozen=True)
class Split:
    """One split as numbers. labels: (n,) int32 index of the class, -1 where there is none; characters, bytes: (n,) int64 of raw text."""

    inputs: Inputs
    labels: np.ndarray
    characters: np.ndarray
    bytes: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Spec:
    """What a model must know of the data before it is built.

    problem: "classify" or "language_model". width: token ids (specials included) for sequences, columns for rows.
    classes: number of classes, 0 for a language model. seed: of every random draw. pretrained: what the features' state has for a network.
    """

    problem: str
    width: int
    classes: int = 0
    seed: int = 1
    pretrained: "Pretrained | None" = field(default=None, repr=False, compare=False)

    def settings(self) -> dict[str, Any]:
        """All but `pretrained`, for JSON: what a trained model keeps of it is among its weights."""
        return {name: value for name, value in asdict(replace(self, pretrained=None)).items() if name != "pretrained"}


@dataclass(frozen=True)
class Epoch:
    """What a model tells `on_epoch` after each pass. Losses are in nats per target (text or token); metrics: further named numbers."""

    number: int
    of: int
    train_loss: float
    valid_loss: float
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What a model tells `on_step` after each batch: batch `number` of `of` in an epoch, from 1, and its loss in nats per target."""

    epoch: int
    number: int
    of: int
    loss: float


def quiet(step: Step) -> None:
    """The `on_step` of those who do not want to know."""


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """(n + 1,) int64 start of each text and the end of the last."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def pad(sequences: Sequences, rows: np.ndarray, limit: int) -> np.ndarray:
    """(rows, longest[, columns]) int32: texts cut to `limit` tokens and filled up with PAD, each on the side that `sequences` says.

    An empty text is one UNKNOWN: never a fully masked row. cuDNN wants padding after the text, which is what `sequences` says by itself.
    """
    whole = sequences.lengths[rows]
    lengths = np.minimum(whole, limit)
    longest = max(1, int(lengths.max(initial=1)))
    first = sequences.offsets[rows] + (whole - lengths if sequences.truncation == "before" else 0)
    shift = longest - lengths if sequences.padding == "before" else np.zeros_like(lengths)
    steps = np.arange(longest) - shift[:, None]  # (batch, time) which of the text's tokens stands here
    inside = (steps >= 0) & (steps < lengths[:, None])
    padded = np.full((len(rows), longest, *sequences.ids.shape[1:]), PAD, np.int32)
    padded[inside] = sequences.ids[(first[:, None] + steps)[inside]]
    tokens = padded if padded.ndim == 2 else padded[..., 0]
    tokens[lengths == 0, -1 if sequences.padding == "before" else 0] = UNKNOWN
    return padded  # (batch, time[, columns])


def buckets(lengths: np.ndarray, size: int, random: np.random.Generator | None) -> list[np.ndarray]:
    """Batches of row numbers with similar lengths, so that little is padding. With `random`: another grouping and order each time."""
    jitter = random.uniform(0.9, 1.1, len(lengths)) if random is not None else np.ones(len(lengths))
    order = np.argsort(lengths * jitter, kind="stable")
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    if random is not None:
        random.shuffle(groups)
    return groups


def windows(stream: np.ndarray, size: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Truncated BPTT: `size` contiguous parts of the stream side by side, `steps` at a time; state carries from one to the next.

    Yields (inputs, targets), each (size, <= steps). At most size - 1 tokens at the stream's end are left out.
    """
    length = (len(stream) - 1) // size
    inputs = stream[: length * size].reshape(size, length)
    targets = stream[1 : length * size + 1].reshape(size, length)
    for start in range(0, length, steps):
        yield inputs[:, start : start + steps], targets[:, start : start + steps]


def save_split(path: Path, split: Split) -> None:
    """Write one split as .npz, the same bytes for the same numbers, without pickle."""
    save_arrays(path, {"labels": split.labels, "characters": split.characters, "bytes": split.bytes, **_arrays(split.inputs)})


def _arrays(inputs: Inputs) -> dict[str, np.ndarray]:
    if isinstance(inputs, np.ndarray):
        return {"rows": inputs}
    if isinstance(inputs, Sequences):
        sides = {} if inputs.padding == inputs.truncation == "after" else {"sides": np.array([inputs.padding, inputs.truncation])}
        return {"ids": inputs.ids, "offsets": inputs.offsets, "charged": inputs.charged, **sides}
    matrix = inputs.tocsr()
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}


def load_split(path: Path) -> Split:
    """Read what `save_split` wrote."""
    with np.load(path, allow_pickle=False) as file:
        if "ids" in file:
            inputs: Inputs = Sequences(file["ids"], file["offsets"], file["charged"], *(file["sides"].tolist() if "sides" in file else ()))
        elif "rows" in file:
            inputs = file["rows"]
        else:
            inputs = sparse.csr_matrix((file["data"], file["indices"], file["indptr"]), shape=tuple(file["shape"]))
        return Split(inputs, file["labels"], file["characters"], file["bytes"])
