"""Index sequences: every token its id by frequency, unknown tokens charged in bits for being spelled out.

The spelling model is a unigram over characters (code points) with an end mark, fitted on the training tokens. With N characters and end
marks seen, and S different characters among them:

    P(c) = count(c) / (N + 1)                      for a character that was seen, and for the end mark
    P(c) = 1 / (N + 1) / (1,114,112 - S)           for each code point that was not (the escape mass, shared out evenly)

They sum to 1, so bits per character stay honest: -log2 P(token) = the sum over its characters and the end mark. Tokens that are cut off
(`max_length`) are charged in the same way, so that a language model gains nothing by not reading them.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np

from malmoi import config, vocab
from malmoi.batches import SPECIALS, UNKNOWN, Sequences, Side, offsets_of
from malmoi.config import ConfigError, params
from malmoi.features import _numbers
from malmoi.features._numbers import Numbered

CODE_POINTS = 1_114_112
END_MARK = ""  # no character is the empty string
CUT = "cut.json"
NOTHING = np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0)  # ids, lengths and charged bits of no documents


@params
class Params:
    """min_count: a token that comes less often in train is unknown. max_size: the most frequent tokens kept, special ones not counted.

    max_length: tokens of a text that are read. truncate: where a longer text loses its tokens, before or after those; this is also where
    a network's `training.limit` cuts. pad: on which side the texts of a batch are filled up; before needs no cuDNN.
    """

    min_count: int = 1
    max_size: int | None = None
    max_length: int | None = None
    truncate: Side = "after"
    pad: Side = "after"

    def __post_init__(self) -> None:
        """Raises ValueError where the cut-offs make no sense."""
        vocab.check_cuts(self.min_count, self.max_size)
        if self.max_length is not None and self.max_length < 1:
            raise ValueError(f"max_length should be 1 or more, or left out to keep all, not {self.max_length}")


@dataclass(frozen=True)
class Cut:
    """How texts are cut and filled up; see `Params`."""

    max_length: int | None = None
    truncate: Side = "after"
    pad: Side = "after"

    def of(self, document: list[str]) -> list[str]:
        """What is read of a document."""
        if self.max_length is None:
            return document
        return document[: self.max_length] if self.truncate == "after" else document[max(0, len(document) - self.max_length) :]

    def read(self, lengths: np.ndarray) -> np.ndarray:
        """(tokens,) whether each token of documents laid end to end is read. lengths: (documents,)."""
        if self.max_length is None:
            return np.ones(int(lengths.sum()), bool)
        place = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)  # (tokens,) in its document
        return place < self.max_length if self.truncate == "after" else place >= np.repeat(lengths - self.max_length, lengths)


@dataclass(frozen=True)
class Feature:
    """A fitted vocabulary: `entries` (token, count) by frequency; `characters`: how often each was seen in tokens, "" the end mark.

    fitted: ids and charged bits of the training documents, as `transform` would give them; None once the feature is loaded.
    """

    entries: vocab.Entries
    characters: dict[str, int]
    cut: Cut = Cut()
    fitted: Sequences | None = field(default=None, repr=False, compare=False)

    @property
    def width(self) -> int:
        """Token ids, special ones included."""
        return len(SPECIALS) + len(self.entries)

    @cached_property
    def tokens(self) -> list[str]:
        """(width,) the token of each id. The first three are special; a text's own "<unk>" has an id of its own."""
        return [*SPECIALS, *(token for token, _ in self.entries)]

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each token that a text can have: special ones are not in it. Asked for an unknown token, it says UNKNOWN."""
        return _Ids(zip((token for token, _ in self.entries), count(len(SPECIALS))))

    def transform(self, documents: Iterable[list[str]]) -> Sequences:
        """Ids and charged bits of each document."""
        parts = [self._read(block, self._places(block.types)) for block in _numbers.blocks(documents)]
        ids, lengths, charged = (np.concatenate(column) for column in zip(*(parts or [NOTHING]), strict=True))
        return Sequences(ids, offsets_of(lengths), charged, self.cut.pad, self.cut.truncate)

    def bits(self, token: str) -> float:
        """Bits that spelling out `token` costs."""
        return sum(map(self._costs.__getitem__, token), self._costs[END_MARK])

    def save(self, folder: Path) -> None:
        """Write vocabulary.tsv, spelling.tsv and, where texts are cut or filled up in another way than is usual, cut.json."""
        folder.mkdir(parents=True, exist_ok=True)
        vocab.save(folder / "vocabulary.tsv", self.entries)
        vocab.save(folder / "spelling.tsv", vocab.order(self.characters))
        if self.cut != Cut():
            (folder / CUT).write_text(json.dumps(asdict(self.cut)))

    @cached_property
    def _costs(self) -> dict[str, float]:
        total = 1 + sum(self.characters.values())
        unseen = math.log2(total) + math.log2(CODE_POINTS - (len(self.characters) - 1))
        return _Costs({character: math.log2(total / count) for character, count in self.characters.items()}, unseen)

    def _places(self, types: list[str]) -> np.ndarray:
        """(types,) the id of each."""
        return np.fromiter(map(self.ids.__getitem__, types), np.int32, len(types))

    def _read(self, found: Numbered, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids of what is read, how many of each document, and each document's charged bits. places: (types,) the id of each type."""
        ids, read = places[found.ids], self.cut.read(found.lengths)
        charged = self._charge(found, (ids == UNKNOWN) & read) + self._charge(found, ~read)
        lengths = found.lengths if self.cut.max_length is None else np.minimum(found.lengths, self.cut.max_length)
        return ids[read], lengths, charged

    def _charge(self, found: Numbered, asked: np.ndarray) -> np.ndarray:
        """(documents,) bits for spelling out the tokens that are asked for. asked: (tokens,) bool."""
        charged = np.zeros(len(found.lengths))
        if asked.any():
            types = found.ids[asked]
            costs = np.zeros(len(found.types))
            lost = np.unique(types)
            costs[lost] = [self.bits(found.types[number]) for number in lost]
            charged += np.bincount(found.rows()[asked], weights=costs[types], minlength=len(charged))
        return charged


class _Ids(dict[str, int]):
    """A dict that says UNKNOWN for what it does not have, without a Python call for what it has."""

    def __missing__(self, token: str) -> int:
        return UNKNOWN


class _Costs(dict[str, float]):
    """Bits of each seen character, and of any other."""

    def __init__(self, seen: dict[str, float], unseen: float) -> None:
        super().__init__(seen)
        self.unseen = unseen

    def __missing__(self, character: str) -> float:
        return self.unseen


def fit(documents: Iterable[list[str]], params: Params) -> Feature:
    """Vocabulary and spelling model of the training documents. Raises ConfigError where there is not one token, or none is kept."""
    found = _numbers.whole(documents)
    counts = found.counts()
    order = _numbers.by_count(found.types, counts)
    order = order[counts[order] >= params.min_count][: params.max_size]
    if not len(order):
        most = max(counts.tolist(), default=0)
        raise ConfigError(f"no token of the training split comes {params.min_count} times (the most frequent: {most}); lower min_count")
    entries = list(zip(map(found.types.__getitem__, order.tolist()), counts[order].tolist(), strict=True))
    characters = {END_MARK: len(found.ids)} | _numbers.characters(found.types, counts)
    feature = Feature(entries, characters, Cut(params.max_length, params.truncate, params.pad))
    places = np.full(len(found.types), UNKNOWN, np.int32)
    places[order] = np.arange(len(SPECIALS), feature.width)
    ids, lengths, charged = feature._read(found, places)
    return replace(feature, fitted=Sequences(ids, offsets_of(lengths), charged, params.pad, params.truncate))


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    found = folder / CUT
    cut = config.read(Cut, json.loads(found.read_text()), str(found)) if found.is_file() else Cut()
    return Feature(vocab.load(folder / "vocabulary.tsv"), dict(vocab.load(folder / "spelling.tsv")), cut)
