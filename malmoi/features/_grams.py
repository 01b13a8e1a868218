"""N-grams as numbers: an n-gram is its first n - 1 tokens' number and its last token, so that each length takes one look-up.

`place` always means a position in the documents laid end to end, where an n-gram starts.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

DENSE = 8  # a table may have so many times the places that it needs


@dataclass(frozen=True)
class Grams:
    """The n-grams that have a column. columns: (columns, longest) int32 token numbers, filled up with -1 on the right."""

    columns: np.ndarray

    @property
    def base(self) -> int:
        """One more than the greatest token number."""
        return int(self.columns.max()) + 1

    @cached_property
    def levels(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For n = 1, 2, ...: sorted keys (prefix number * base + last token), and the column of each (-1: only a prefix of others)."""
        levels: list[tuple[np.ndarray, np.ndarray]] = []
        lengths = (self.columns >= 0).sum(axis=1)
        prefix = np.zeros(len(self.columns), np.int64)
        for n in range(1, self.columns.shape[1] + 1):
            rows = np.flatnonzero(lengths >= n)
            keys, numbers = np.unique(prefix[rows] * self.base + self.columns[rows, n - 1], return_inverse=True)
            prefix[rows] = numbers
            column = np.full(len(keys), -1, np.int64)
            whole = lengths[rows] == n
            column[numbers[whole]] = rows[whole]
            levels.append((keys, column))
        return levels

    def count(self, ids: np.ndarray, lengths: np.ndarray) -> sparse.csr_matrix:
        """(documents, columns) int32: how often each column's n-gram is in each document. ids: (total,), -1 for unknown tokens."""
        ends = np.repeat(np.cumsum(lengths), lengths)  # (total,) where the document of each place ends
        row = np.repeat(np.arange(len(lengths)), lengths)
        place, number = np.arange(len(ids)), np.zeros(len(ids), np.int64)
        rows, columns = [], []
        for n, (keys, column) in enumerate(self.levels, 1):
            place, number = _extend(ids, ends, n, place, number)
            key = number * self.base + ids[place + n - 1]
            number, found = _look_up(keys, key, ids[place + n - 1] >= 0)
            place, number = place[found], number[found]
            whole = column[number] >= 0
            rows.append(row[place[whole]])
            columns.append(column[number[whole]])
        return _cells(np.concatenate(rows), np.concatenate(columns), (len(lengths), len(self.columns)))


def index(ids: np.ndarray, lengths: np.ndarray, ngrams: list[int], min_count: int) -> tuple[np.ndarray, np.ndarray]:
    """All n-grams of the lengths `ngrams` (from, to) that are in at least `min_count` documents.

    Returns (columns, longest) token numbers filled up with -1, shorter before longer, and (columns,) documents that each is in.
    """
    shortest, longest = ngrams
    base = int(ids.max()) + 1
    ends = np.repeat(np.cumsum(lengths), lengths)
    row = np.repeat(np.arange(len(lengths)), lengths)
    place, number = np.arange(len(ids)), np.zeros(len(ids), np.int64)
    prefixes = np.zeros((1, 0), np.int32)
    tables, frequencies = [], []
    for n in range(1, longest + 1):
        place, number = _extend(ids, ends, n, place, number)
        keys, number = np.unique(number * base + ids[place + n - 1], return_inverse=True)
        inside = np.bincount(_cells(row[place], number, (len(lengths), len(keys))).indices, minlength=len(keys))
        # an n-gram in enough documents starts with one that is: the rest need not be followed
        kept = np.flatnonzero(inside >= min_count)
        renumber = np.full(len(keys), -1, np.int64)
        renumber[kept] = np.arange(len(kept))
        alive = renumber[number] >= 0
        place, number = place[alive], renumber[number[alive]]
        prefixes = np.hstack([prefixes[keys[kept] // base], (keys[kept] % base)[:, None].astype(np.int32)])
        if n >= shortest:
            tables.append(np.pad(prefixes, ((0, 0), (0, longest - n)), constant_values=-1))
            frequencies.append(inside[kept])
    return np.concatenate(tables), np.concatenate(frequencies)


def _look_up(keys: np.ndarray, wanted: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each is in the sorted keys, and whether it is there. real: which are keys at all.

    Keys that lie close together (tokens themselves) are looked up in a table, in a tenth of the time.
    """
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    if int(keys[-1]) < DENSE * len(keys):
        table = np.full(int(keys[-1]) + 2, -1, np.int64)  # the last is for all that is greater
        table[keys] = np.arange(len(keys))
        number = table[np.where(real, np.minimum(wanted, len(table) - 1), len(table) - 1)]
        return number, number >= 0
    number = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return number, (keys[number] == wanted) & real


def _extend(ids: np.ndarray, ends: np.ndarray, n: int, place: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places, with their prefix's number, from which n tokens are left in the document."""
    inside = place + n <= ends[place] if len(ids) else np.zeros(0, bool)
    return place[inside], number[inside]


def _cells(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    cells = sparse.coo_matrix((np.ones(len(rows), np.int32), (rows.astype(np.int32), columns.astype(np.int32))), shape=shape)
    matrix = cells.tocsr()  # adds up what is in one cell more than once
    matrix.sort_indices()
    return matrix
