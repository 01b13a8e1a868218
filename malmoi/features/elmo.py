"""ELMo: vectors of words in their context (Peters et al., "Deep contextualized word representations", NAACL 2018).

A bidirectional language model that reads words from their characters (`malmoi/bilm.py`) is trained on the training texts alone; a network
then mixes its layers with weights of its own (`malmoi/models/_network/elmo.py`). A word that training did not have goes along as its
characters, so that 재밌었다 is read even where only 재밌다 was seen.
"""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import pretrained, vocab
from malmoi.batches import SPECIALS, UNKNOWN, Sequences
from malmoi.config import params
from malmoi.features import sequence
from malmoi.features._elmo_words import Seen, Speller, Texts, noting, speller
from malmoi.quiet import quiet

BLOCK = 20_000  # words spelled at a time


@params
class Params:
    """Shape and training of the language model.

    min_count, max_size: as in `sequence`; of the words that are predicted. max_characters: a longer word is cut.
    characters: numbers per character; filters: [width, how many] of each convolution. dimensions: numbers per word and direction, of
    each layer; units: of an LSTM's state; layers: of each direction. dropout: share of each layer's input that is zeroed in training.
    epochs, batch_size (streams side by side), steps (through which the gradient is carried), learning_rate (of Adam, falling to zero in
    a cosine), seed. samples: words that the right one is told from at each step; 0: all words, which is slow from 5,000 on.
    """

    min_count: int = 1
    max_size: int | None = None
    max_characters: int = 12
    characters: int = 16
    filters: list[list[int]] = field(default_factory=lambda: [[1, 32], [2, 32], [3, 64]])
    dimensions: int = 64
    units: int = 128
    layers: int = 2
    dropout: float = 0.1
    epochs: int = 3
    batch_size: int = 32
    steps: int = 20
    learning_rate: float = 3e-3
    samples: int = 1024
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError where a size makes no sense."""
        vocab.check_cuts(self.min_count, self.max_size)
        if not self.filters or any(len(pair) != 2 or min(pair) < 1 for pair in self.filters):
            raise ValueError(f"filters should be pairs of [width, how many], such as [[1, 32], [2, 32]], not {self.filters}")
        for name in ("max_characters", "characters", "dimensions", "units", "layers", "epochs", "batch_size", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} should be 1 or more, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1 or self.samples < 0:
            raise ValueError(f"dropout should be from 0 to less than 1, samples 0 or more, not {self.dropout} and {self.samples}")


@dataclass(frozen=True)
class Feature:
    """A vocabulary, how its words are spelled, and a row of perplexities for each epoch of the language model.

    learned: gives what the language model learned, which is not read where texts are only turned into ids.
    """

    words: sequence.Feature
    speller: Speller
    learned: Callable[[], pretrained.Pretrained | None]
    history: list[dict[str, Any]]

    @property
    def width(self) -> int:
        """Token ids, special ones included."""
        return self.words.width

    @property
    def tokens(self) -> list[str]:
        """(width,) the token of each id."""
        return self.words.tokens

    @property
    def ids(self) -> dict[str, int]:
        """The id of each token that a text can have."""
        return self.words.ids

    def transform(self, documents: Iterable[list[str]]) -> Sequences:
        """ids: (total, 1 + longest) int32: the id of each token, then, of an unknown one, its characters."""
        unseen: list[str] = []
        found = self.words.transform(noting(documents, self.ids, unseen))
        ids = np.zeros((len(found.ids), 1 + self.speller.longest), np.int32)
        ids[:, 0] = found.ids
        places = np.flatnonzero(found.ids == UNKNOWN)
        for start in range(0, len(places), BLOCK):
            ids[places[start : start + BLOCK], 1:] = self.speller.spell(unseen[start : start + BLOCK])
        return replace(found, ids=ids)

    def save(self, folder: Path) -> None:
        """Write vocabulary.tsv, spelling.tsv, pretrained.npz, pretrained.json and history.csv; the same bytes for the same feature."""
        self.words.save(folder)
        if learned := self.learned():
            learned.save(folder)
        with open(folder / "history.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(self.history[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.history)


def _say(line: str) -> None:
    print(line, flush=True)


def fit(documents: Iterable[list[str]], params: Params, tell: Callable[[str], None] = _say) -> Feature:
    """Vocabulary and language model of the training documents; `tell` gets lines about progress, the perplexities of each epoch among them.

    Raises ConfigError where there is not one token, or none is kept.
    """
    seen = Seen()
    words = sequence.fit(seen.passing(documents), sequence.Params(min_count=params.min_count, max_size=params.max_size))
    widest = max(width for width, _ in params.filters)
    spelling = speller(words, max(widest, 2 + min(params.max_characters, max(map(len, seen.kinds)))))
    weights, history = _learn(seen.texts(words, spelling), spelling.width, params, tell)
    arrays = {"spelled": spelling.table(words.tokens[len(SPECIALS) :]), **weights}
    learned = pretrained.Pretrained("elmo", arrays, {"longest": spelling.longest})
    return Feature(words, spelling, lambda: learned, history)


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote; the language model only when it is asked for."""
    words = sequence.load(folder)
    longest = json.loads((folder / pretrained.ABOUT).read_text())["settings"]["longest"]
    with open(folder / "history.csv", encoding="utf-8", newline="") as file:
        history: list[dict[str, Any]] = list(csv.DictReader(file))
    return Feature(words, speller(words, longest), lambda: pretrained.load(folder), history)


def _learn(
    texts: Texts, characters: int, params: Params, tell: Callable[[str], None]
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Weights and history of a language model of `texts`, whose words are written with so many ids of characters."""
    with quiet():
        from malmoi import bilm
        from malmoi.features import _elmo_training

        shape = bilm.Shape(
            characters=characters,
            embedding=params.characters,
            filters=tuple((width, number) for width, number in params.filters),
            **{name: getattr(params, name) for name in ("dimensions", "units", "layers", "dropout")},
        )
        settings = _elmo_training.Settings(**{one.name: getattr(params, one.name) for one in fields(_elmo_training.Settings)})
        trainer = _elmo_training.Trainer(shape, texts, settings, tell)
    return trainer.fit()
