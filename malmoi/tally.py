"""Counting tokens of any number of kinds in bounded memory: what is too much goes to sorted files, which are merged in the end."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from malmoi import vocab

KINDS = 500_000  # different tokens in memory at a time; some 100 MB
Entry = tuple[str, int]


class Tally:
    """How often each token comes. folder: where files are put once there are more than `kinds` different ones; made when needed."""

    def __init__(self, folder: Path, kinds: int = KINDS) -> None:
        self._counts: Counter[str] = Counter()
        self._folder, self._kinds = folder, kinds
        self._runs: list[Path] = []
        self._sorted: list[Entry] | Path = []

    def add(self, tokens: Iterable[str]) -> None:
        """Count them. Not after the entries were asked for."""
        self._counts.update(tokens)
        if len(self._counts) > self._kinds:
            self._runs.append(_written(self._folder / f"{len(self._runs)}.tsv", sorted(self._counts.items())))
            self._counts.clear()

    def entries(self) -> Iterator[Entry]:
        """(token, count) in the tokens' order."""
        if self._counts or self._runs:
            self._sorted = self._merged() if self._runs else sorted(self._counts.items())
            self._counts.clear()
        return vocab.read(self._sorted) if isinstance(self._sorted, Path) else iter(self._sorted)

    def _merged(self) -> Path:
        runs = [*map(vocab.read, self._runs), iter(sorted(self._counts.items()))]
        whole = _written(self._folder / "whole.tsv", _summed(heapq.merge(*runs)))
        for run in self._runs:
            run.unlink()
        self._runs = []
        return whole

    def by_count(self) -> Iterator[Entry]:
        """(token, count) as `vocab.order` has them: by falling count, equal ones by token."""
        entries, runs = self.entries(), list[Iterator[Entry]]()
        if isinstance(self._sorted, list):
            return iter(sorted(self._sorted, key=_rank))
        while part := sorted(islice(entries, self._kinds), key=_rank):
            runs.append(vocab.read(_written(self._folder / f"order-{len(runs)}.tsv", part)))
        return heapq.merge(*runs, key=_rank)


def missing(entries: Iterable[Entry], known: Iterable[Entry]) -> int:
    """How many tokens (not kinds of them) of `entries` are not among the `known`; both in the tokens' order.

    >>> missing([("가", 2), ("나", 3)], [("가", 9), ("다", 9)])
    3
    """
    found, others = 0, iter(known)
    other = next(others, None)
    for token, count in entries:
        while other is not None and other[0] < token:
            other = next(others, None)
        found += count if other is None or other[0] != token else 0
    return found


def _rank(entry: Entry) -> tuple[int, str]:
    return -entry[1], entry[0]


def _summed(entries: Iterable[Entry]) -> Iterator[Entry]:
    before, total = "", 0
    for token, count in entries:
        if token != before and total:
            yield before, total
            total = 0
        before, total = token, total + count
    if total:
        yield before, total


def _written(path: Path, entries: Iterable[Entry]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    vocab.save(path, entries)
    return path
