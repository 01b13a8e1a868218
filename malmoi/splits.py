"""How the rows of a corpus become train, valid and test: cleaning first, then the division. Both are deterministic.

The division is the corpus's own (by files), by position (a language model is tested on text that comes after what it learned from), or
random by a seed with the labels' shares kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal

import numpy as np

from malmoi import cleaning
from malmoi.cleaning import Clean, where
from malmoi.config import ConfigError, params
from malmoi.outline import Outline, among
from malmoi.rows import SPLITS, Example

TRAIN, VALID, TEST = range(3)


@params
class Division:
    """by: "files" (the corpus decides; `files` says which file is what), "position" or "random".

    valid, test: shares of the rows, or of the characters by position; by files, a share is taken from train where a split has no file
    (at random if there are labels, else from its end). cut: where a cut by position may fall: in the corpus as one text, only between
    documents, or in each document by itself. seed: of the random draw.
    """

    by: Literal["files", "position", "random"]
    files: dict[Literal["train", "valid", "test"], list[str]] = field(default_factory=dict)
    valid: float = 0.0
    test: float = 0.0
    cut: Literal["anywhere", "between_documents", "within_each_document"] = "anywhere"
    seed: int = 1

    def check(self, place: str) -> None:
        """Raise ConfigError for shares that cannot be right, a split that nothing would go to, and keys that do not go together."""
        if min(self.valid, self.test) < 0 or self.valid + self.test >= 1:
            raise ConfigError(f"{place}: valid {self.valid} and test {self.test} should be shares (0 to 1) that leave something for train")
        if (self.by == "files") != bool(self.files):
            raise ConfigError(f"{place}: `by: files` and `files: {{train: [...], test: [...]}}` need each other")
        if self.by == "files" and not self.files.get("train"):
            raise ConfigError(f"{place}: files names no train file")
        for split in ("valid", "test"):
            given, share = bool(self.files.get(split)), getattr(self, split)
            if given == bool(share):
                said = "both a file and a share" if given else "no file and no share"
                raise ConfigError(f"{place}: {split} has {said}; it needs one of them, for instance {split}: 0.1")


def divide(outline: Outline, clean: Clean, division: Division, dropped: Mapping[str, int]) -> np.ndarray:
    """(n,) what becomes of each row: its place in SPLITS, or why it goes (`cleaning.REASONS`). Rows whose split is set stay there.

    dropped: how many rows went before, by reason. Raises ConfigError where a split ends up empty, saying what was dropped.
    """
    fates = cleaning.fates(outline, clean)
    kept = np.flatnonzero(fates == 0)
    fates[kept] = _assign(outline, kept, division)
    if clean.shared == "drop":
        elsewhere = outline.texts[(fates == VALID) | (fates == TEST)]
        train = np.flatnonzero(fates == TRAIN)
        fates[train[among(outline.texts[train], elsewhere)]] = cleaning.SHARED
    for place, name in enumerate(SPLITS):
        if not (fates == place).any():
            gone = dict(dropped) | {reason: int((fates == fate).sum()) for fate, reason in cleaning.REASONS.items()}
            cure = "loosen `clean` or change `split`" if len(kept) or not dropped else "mend what they were dropped for"
            raise ConfigError(f"{name} is empty after cleaning: {_account(len(kept), gone)}; {cure}")
    return fates


def _account(kept: int, gone: Mapping[str, int]) -> str:
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(gone.items()) if count)
    return f"{kept} rows were kept" + (f", dropped: {said}" if said else "")


def _assign(outline: Outline, kept: np.ndarray, division: Division) -> np.ndarray:
    """Places in SPLITS of the `kept` rows."""
    if division.by == "random":
        return _at_random(outline, kept, division)
    if division.by == "position":
        return _by_position(outline, kept, division)
    given = outline.splits[kept]
    places = np.where(given < 0, TRAIN, given).astype(np.int8)
    train = np.flatnonzero(places == TRAIN)
    labelled = any(outline.names[code] is not None for code in np.unique(outline.labels[kept[train]]))
    places[train] = (_at_random if labelled else _by_position)(outline, kept[train], division)
    return places


def _at_random(outline: Outline, rows: np.ndarray, division: Division) -> np.ndarray:
    """Every label's rows in the same shares, drawn by the seed; at least one row of each label stays in train."""
    places = np.full(len(rows), TRAIN, np.int8)
    labels = outline.labels[rows]
    order = np.argsort(labels, kind="stable")
    codes, starts = np.unique(labels[order], return_index=True)
    groups = dict(zip(codes.tolist(), np.split(order, starts[1:]), strict=False))  # of no rows `split` makes one part
    random = np.random.default_rng(division.seed)
    for code in sorted(groups, key=lambda code: outline.names[code] or ""):
        drawn = random.permutation(groups[code])
        test = min(round(len(drawn) * division.test), len(drawn) - 1)
        valid = min(round(len(drawn) * division.valid), len(drawn) - 1 - test)
        places[drawn[:test]] = TEST
        places[drawn[test : test + valid]] = VALID
    return places


def _by_position(outline: Outline, rows: np.ndarray, division: Division) -> np.ndarray:
    """Cut where the shares of the characters (a line end counts as one) are reached; the row or document across a cut goes before it."""
    starts, totals = _offsets(outline.lengths[rows].astype(np.int64) + 1, outline.documents[rows], division.cut)
    share = starts / totals
    after = 1 - division.test - 1e-12
    return np.select([share < after - division.valid, share < after], [TRAIN, VALID], TEST).astype(np.int8)


def _offsets(lengths: np.ndarray, documents: np.ndarray, cut: str) -> tuple[np.ndarray, np.ndarray | np.int64]:
    """(where each row starts in its text, how long that text is), in characters; the text is the corpus or the row's document."""
    starts = np.cumsum(lengths) - lengths
    if cut == "anywhere":
        return starts, lengths.sum()
    _, first, document = np.unique(documents, return_index=True, return_inverse=True)
    if cut == "between_documents":
        return starts[first][document], lengths.sum()
    order = np.argsort(document, kind="stable")  # documents one after the other, each in its order
    ends = np.cumsum(lengths[order])
    sizes = np.bincount(document, lengths).astype(np.int64)
    within = ends - lengths[order] - np.repeat(np.cumsum(sizes) - sizes, np.bincount(document))
    starts[order] = within
    return starts, sizes[document]


def check_labels(outline: Outline, fates: np.ndarray, row: Callable[[int], Example]) -> None:
    """Raise ConfigError where a classifier could not be trained or scored: no label, one class only, a label that train lacks.

    row: gives the example at a place in the outline, for the message.
    """
    names, train = outline.names, np.flatnonzero(fates == TRAIN)
    known = np.unique(outline.labels[train])
    labels = {names[code] for code in known}
    if None in labels:
        first = row(int(train[outline.labels[train] == names.index(None)][0]))
        raise ConfigError(f"{where(first)} has no label; name the label column in the reader's options, or set problem: language_model")
    if len(labels) < 2:
        raise ConfigError(f"train has one class only ({', '.join(map(str, labels))}); a classifier needs two or more")
    for place in (VALID, TEST):
        rows = np.flatnonzero(fates == place)
        strangers = rows[~np.isin(outline.labels[rows], known)]
        if len(strangers):
            first, cure = row(int(strangers[0])), "add such rows to train, or leave the label out of the reader's `labels`"
            said = f"{SPLITS[place]} has label {first.label!r}, which train lacks ({_some(labels)})"
            raise ConfigError(f"{where(first)}: {said}; {cure}")


def _some(labels: set[str | None]) -> str:
    named = sorted(map(str, labels))
    return ", ".join(named[:10]) + (", ..." if len(named) > 10 else "")
