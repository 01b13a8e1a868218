"""Words as ELMo sees them: written out in ids of characters, and in streams for its language model to learn from."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from malmoi import vocab
from malmoi.batches import SPECIALS, Sequences, offsets_of
from malmoi.features import sequence

MARKS = ("<none>", "<rare>", "<word>", "</word>", "<unknown word>", "<end of text>")
NONE, RARE, BEGIN, CLOSE, UNKNOWN_WORD, END_OF_TEXT = range(len(MARKS))
SEEN = 2  # a character that comes less often in train is rare: so there are some to learn from what a strange one means
HELD_OUT = 20  # one of so many documents, the last ones, is only measured on


@dataclass(frozen=True)
class Speller:
    """Writes words as ids of characters. characters: those that have an id of their own, by frequency; longest: ids of each word."""

    characters: list[str]
    longest: int

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each character."""
        return {character: place for place, character in enumerate(self.characters, len(MARKS))}

    @property
    def width(self) -> int:
        """Ids of characters, marks included."""
        return len(MARKS) + len(self.characters)

    def spell(self, words: Iterable[str]) -> np.ndarray:
        """(words, longest) int32: begin, characters, end, then NONE; of a word that is too long its end is cut."""
        known, room = self.ids, self.longest - 2
        return self._rows([[known.get(character, RARE) for character in word[:room]] for word in words])

    def table(self, words: Iterable[str]) -> np.ndarray:
        """(3 + words, longest) int32: the special ids, then the words."""
        padding = np.full((1, self.longest), NONE, np.int32)
        return np.concatenate([padding, self._rows([[UNKNOWN_WORD], [END_OF_TEXT]]), self.spell(words)])

    def _rows(self, spelled: list[list[int]]) -> np.ndarray:
        rows = np.full((len(spelled), self.longest), NONE, np.int32)
        for row, word in zip(rows, spelled, strict=True):
            row[: len(word) + 2] = [BEGIN, *word, CLOSE]
        return rows


def speller(words: sequence.Feature, longest: int) -> Speller:
    """A speller with the characters of the words that the vocabulary was made of."""
    return Speller([character for character, _ in vocab.order(words.characters, SEEN) if character != sequence.END_MARK], longest)


@dataclass(frozen=True)
class Texts:
    """What is learned from. spelled: (words, longest) int32, the characters of each word; a word from `width` on is in no vocabulary:
    it is read, and predicted as unknown. train, held_out: (tokens,) int32 streams of words, each starting and ending with END; held_out
    is empty where there are too few documents."""

    spelled: np.ndarray
    width: int
    train: np.ndarray
    held_out: np.ndarray


class Seen:
    """What passed by, four bytes a token. kinds: words in the order in which they came first; ids: of all tokens, places in `kinds`."""

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {}
        self.ids, self.lengths = array("i"), array("i")

    def passing(self, documents: Iterable[list[str]]) -> Iterator[list[str]]:
        """The documents, as they are."""
        for tokens in documents:
            self.ids.extend([self.kinds.setdefault(token, len(self.kinds)) for token in tokens])
            self.lengths.append(len(tokens))
            yield tokens

    def texts(self, words: sequence.Feature, spelling: Speller) -> Texts:
        """What passed by as streams, the last documents held out; words without an id are numbered from the width on."""
        unseen = [word for word in self.kinds if word not in words.ids]
        numbers = words.ids | {word: place for place, word in enumerate(unseen, words.width)}
        ids = np.array([numbers[word] for word in self.kinds], np.int32)[np.array(self.ids, np.int64)]  # (tokens,)
        offsets = offsets_of(np.array(self.lengths, np.int64))
        cut = len(self.lengths) - len(self.lengths) // HELD_OUT
        spelled = np.concatenate([spelling.table(words.tokens[len(SPECIALS) :]), spelling.spell(unseen)])
        held_out = _stream(ids, offsets[cut:]) if cut < len(self.lengths) else ids[:0]
        return Texts(spelled, words.width, _stream(ids, offsets[: cut + 1]), held_out)


def _stream(ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    part = Sequences(ids[offsets[0] : offsets[-1]], offsets - offsets[0], np.zeros(len(offsets) - 1))
    return part.stream()


def noting(documents: Iterable[list[str]], known: dict[str, int], unseen: list[str]) -> Iterator[list[str]]:
    """The documents, as they are; their tokens that are not `known` are put down in `unseen`."""
    for tokens in documents:
        unseen += [token for token in tokens if token not in known]
        yield tokens
