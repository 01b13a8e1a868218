"""Words as sums of their n-grams of letters (Bojanowski et al., 2017), so that a word that train lacks has a vector too.

A Hangul syllable can be read as its three letters (Park et al., 2018), an empty coda as a letter of its own: 먹었다 and 먹는다 then share
ㅁㅓㄱ, and n-grams end where letters do. The n-grams of a word, its ends marked by < and >, are hashed into buckets as fastText does.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from malmoi import hangul
from malmoi.npz import save_arrays

NO_CODA = "\u3164"  # Hangul filler: hardly ever in a text
ARRAYS, ABOUT = "subwords.npz", "subwords.json"


@dataclass(frozen=True)
class Grams:
    """Which n-grams a word has. shortest, longest: in letters; buckets: how many numbers they are hashed to; jamo: letters are jamo."""

    shortest: int
    longest: int
    buckets: int
    jamo: bool

    def spell(self, word: str) -> str:
        """The word as its letters.

        >>> Grams(3, 6, 100, jamo=True).spell("먹다").replace(NO_CODA, "_")
        'ㅁㅓㄱㄷㅏ_'
        """
        return hangul.jamo(word, NO_CODA) if self.jamo else word

    def numbers(self, word: str) -> list[int]:
        """The bucket of each n-gram of a word, as gensim and fastText number them."""
        letters = f"<{self.spell(word)}>"
        starts = range(len(letters))
        spans = [(start, start + n) for n in range(self.shortest, self.longest + 1) for start in starts[: max(0, len(letters) - n + 1)]]
        grams = [letters[start:end] for start, end in spans if end - start > 1 or 0 < start < len(letters) - 1]
        return [_hash(gram.encode("utf-8", "surrogatepass")) % self.buckets for gram in grams]


@dataclass(frozen=True)
class Subwords:
    """Trained n-grams. buckets: (used,) numbers of those that some word of train has, rising; vectors: (used, dimensions) float32."""

    grams: Grams
    buckets: np.ndarray
    vectors: np.ndarray

    def vectors_of(self, words: Iterable[str]) -> np.ndarray:
        """(words, dimensions) float32: the mean of the vectors of the n-grams that train has; zeros for a word without one."""
        rows = [self._vector(word) for word in words]
        return np.array(rows, np.float32).reshape(len(rows), self.vectors.shape[1])

    def _vector(self, word: str) -> np.ndarray:
        numbers = np.array(self.grams.numbers(word), np.int64)
        places = np.minimum(np.searchsorted(self.buckets, numbers), len(self.buckets) - 1)
        places = places[self.buckets[places] == numbers]
        return np.asarray(self.vectors[places].mean(0)) if len(places) else np.zeros(self.vectors.shape[1], np.float32)

    def save(self, folder: Path) -> None:
        """Write subwords.npz and subwords.json."""
        save_arrays(folder / ARRAYS, {"buckets": self.buckets, "vectors": self.vectors})
        (folder / ABOUT).write_text(json.dumps(asdict(self.grams)))

    @classmethod
    def load(cls, folder: Path) -> "Subwords | None":
        """What `save` wrote; None where there is none."""
        if not (folder / ABOUT).is_file():
            return None
        with np.load(folder / ARRAYS, allow_pickle=False) as file:
            return cls(Grams(**json.loads((folder / ABOUT).read_text())), file["buckets"], file["vectors"])


def _hash(gram: bytes) -> int:
    """32-bit FNV-1a, bytes taken as signed, as fastText has it."""
    number = 2166136261
    for byte in gram:
        number = ((number ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) & 0xFFFFFFFF
    return number
