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
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import numpy as np

from malmoi import config, vocab
from malmoi.batches import SPECIALS, UNKNOWN, Sequences, Side, offsets_of
from malmoi.config import ConfigError, params

CODE_POINTS = 1_114_112
BLOCK = 20_000  # documents at a time
END_MARK = ""  # no character is the empty string
CUT = "cut.json"
Unread = tuple[list[str], np.ndarray, int]  # tokens, (tokens,) the text of each, and how many texts there are


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

    def split(self, documents: list[list[str]]) -> tuple[list[list[str]], Unread]:
        """What is read of each document, and what is not."""
        if self.max_length is None:
            return documents, ([], np.zeros(0, np.int64), len(documents))
        read, unread = zip(*map(self._split, documents), strict=True) if documents else ((), ())
        row = np.repeat(np.arange(len(unread)), np.fromiter(map(len, unread), np.int64, len(unread)))
        return list(read), (list(chain.from_iterable(unread)), row, len(unread))

    def _split(self, document: list[str]) -> tuple[list[str], list[str]]:
        where = self.max_length if self.truncate == "after" else max(0, len(document) - (self.max_length or 0))
        first, second = document[:where], document[where:]
        return (first, second) if self.truncate == "after" else (second, first)


@dataclass(frozen=True)
class Feature:
    """A fitted vocabulary: `entries` (token, count) by frequency; `characters`: how often each was seen in tokens, "" the end mark."""

    entries: vocab.Entries
    characters: dict[str, int]
    cut: Cut = Cut()

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
        return _Ids((token, place) for place, (token, _) in enumerate(self.entries, len(SPECIALS)))

    def transform(self, documents: Iterable[list[str]]) -> Sequences:
        """Ids and charged bits of each document."""
        blocks = [self._block(block) for block in _blocks(documents)]
        ids, lengths, charged = (np.concatenate(parts) for parts in zip(*(blocks or [self._block([])]), strict=True))
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

    def _block(self, documents: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        documents, unread = self.cut.split(documents)
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        tokens = list(chain.from_iterable(documents))
        ids = np.fromiter(map(self.ids.__getitem__, tokens), np.int32, len(tokens))
        unknown = np.flatnonzero(ids == UNKNOWN)
        row = np.repeat(np.arange(len(documents)), lengths)[unknown]  # (unknown,) the text that each is in
        return ids, lengths, self._charge([tokens[place] for place in unknown], row, len(documents)) + self._charge(*unread)

    def _charge(self, tokens: list[str], row: np.ndarray, count: int) -> np.ndarray:
        """(count,) bits for spelling out the tokens, each in the text `row`."""
        costs = {token: self.bits(token) for token in set(tokens)}
        return np.bincount(row, weights=[costs[token] for token in tokens], minlength=count)


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
    counts = vocab.count(documents)
    entries = vocab.order(counts, params.min_count, params.max_size)
    if not entries:
        most = max(counts.values(), default=0)
        raise ConfigError(f"no token of the training split comes {params.min_count} times (the most frequent: {most}); lower min_count")
    characters: Counter[str] = Counter({END_MARK: sum(counts.values())})
    for token, number in counts.items():
        for character in token:
            characters[character] += number
    return Feature(entries, dict(characters), Cut(params.max_length, params.truncate, params.pad))


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    found = folder / CUT
    cut = config.read(Cut, json.loads(found.read_text()), str(found)) if found.is_file() else Cut()
    return Feature(vocab.load(folder / "vocabulary.tsv"), dict(vocab.load(folder / "spelling.tsv")), cut)


def _blocks(documents: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    source = iter(documents)
    while block := list(islice(source, BLOCK)):
        yield block
