"""What must be known of all rows of a corpus at once, some 25 bytes a row, while the rows themselves are on disk.

Texts and documents are 64-bit hashes: of ten million different texts two are taken for one with a chance of 3 in a million.
"""

from array import array
from collections.abc import Iterable

import numpy as np

from malmoi.rows import SPLITS, Example

BLOCK = 65_536  # rows


class Columns:
    """Numbers that are added row by row. kinds: name and type code (see `array`) of each column.

    Large arrays that double, and are not touched before they are needed: memory that the system gets back whole.
    """

    def __init__(self, **kinds: str) -> None:
        self._open = {name: array(kind) for name, kind in kinds.items()}
        self._whole = {name: np.empty(0, kind) for name, kind in kinds.items()}
        self._rows = self._moved = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, *values: int) -> None:
        """One row more: a value for each column."""
        for column, value in zip(self._open.values(), values, strict=True):
            column.append(value)
        self._rows += 1
        if self._rows % BLOCK == 0:
            self._move()

    def _move(self) -> None:
        for name, column in self._open.items():
            if len(self._whole[name]) < self._rows:
                larger = np.empty(max(2 * len(self._whole[name]), self._rows), self._whole[name].dtype)
                larger[: self._moved] = self._whole[name][: self._moved]
                self._whole[name] = larger
            self._whole[name][self._moved : self._rows] = column
            self._open[name] = array(column.typecode)
        self._moved = self._rows

    def __getitem__(self, name: str) -> np.ndarray:
        """(n,) the column."""
        if self._moved < self._rows:
            self._move()
        return self._whole[name][: self._rows]


class Outline:
    """Columns over rows, in the corpus's order. names: what the numbers in `labels` stand for."""

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        self._columns = Columns(text="q", document="q", label="i", length="i", split="b", blank="b")
        self._codes: dict[str | None, int] = {}
        for example in examples:
            self.add(example)

    def add(self, example: Example) -> None:
        """One row more."""
        text = example.text
        label = self._codes.setdefault(example.label, len(self._codes))
        split = SPLITS.index(example.split) if example.split else -1
        self._columns.add(hash(text), hash(example.document), label, len(text), split, not text.strip())

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def names(self) -> list[str | None]:
        """Label names; None stands for no label."""
        return list(self._codes)

    @property
    def texts(self) -> np.ndarray:
        """(n,) hash of each text."""
        return self._columns["text"]

    @property
    def documents(self) -> np.ndarray:
        """(n,) hash of the document that each row is a part of."""
        return self._columns["document"]

    @property
    def labels(self) -> np.ndarray:
        """(n,) place in `names`."""
        return self._columns["label"]

    @property
    def lengths(self) -> np.ndarray:
        """(n,) characters."""
        return self._columns["length"]

    @property
    def splits(self) -> np.ndarray:
        """(n,) place in SPLITS where the corpus decides, else -1."""
        return self._columns["split"]

    @property
    def blank(self) -> np.ndarray:
        """(n,) whether there is nothing but white space."""
        return self._columns["blank"].astype(bool)


def repeated(*columns: np.ndarray) -> np.ndarray:
    """(n,) whether an earlier row has the same values."""
    order = np.lexsort(columns)  # equal rows stay in their order
    same = np.ones(max(len(order) - 1, 0), bool)
    for column in columns:
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    found = np.zeros(len(order), bool)
    found[order[1:][same]] = True
    return found


def among(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(n,) which of the values are among the known ones: `np.isin` with far less memory."""
    if not len(known):
        return np.zeros(len(values), bool)
    known = np.sort(known)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[place] == values)
