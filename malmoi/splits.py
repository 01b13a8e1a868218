"""How the rows of a corpus become train, valid and test: cleaning first, then the division. Both are deterministic.

The division is the corpus's own (by files), by position (a language model is tested on text that comes after what it learned from), or
random by a seed with the labels' shares kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import Literal

import numpy as np

from malmoi.cleaning import Clean, cleaned, where, without
from malmoi.config import ConfigError, params
from malmoi.rows import SPLITS, Dropped, Example

Splits = dict[str, list[Example]]


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


def divide(examples: Iterable[Example], clean: Clean, division: Division) -> tuple[Splits, list[Dropped]]:
    """(what is left by split, what was dropped). Rows whose `split` is set stay there; the corpus's order is kept in each split.

    Raises ConfigError where a split ends up empty, saying what was dropped.
    """
    kept, dropped = cleaned(examples, clean)
    splits = _assign(kept, division)
    if clean.shared == "drop":
        elsewhere = {example.text for name in ("valid", "test") for example in splits[name]}
        splits["train"], leaks = without(splits["train"], elsewhere, "text is in valid or test too")
        dropped += leaks
    for name in SPLITS:
        if not splits[name]:
            raise ConfigError(f"{name} is empty after cleaning: {_account(len(kept), dropped)}; loosen `clean` or change `split`")
    return splits, dropped


def _account(kept: int, dropped: Sequence[Dropped]) -> str:
    reasons: dict[str, int] = defaultdict(int)
    for row in dropped:
        reasons[row.reason] += 1
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"{kept} rows were kept" + (f", dropped: {said}" if said else "")


def _assign(examples: list[Example], division: Division) -> Splits:
    if division.by == "files":
        names = _by_files(examples, division)
    elif division.by == "random":
        names = _at_random(examples, division)
    else:
        names = _by_position(examples, division)
    splits: Splits = {name: [] for name in SPLITS}
    for example, name in zip(examples, names, strict=True):
        splits[name].append(example if example.split == name else replace(example, split=name))
    return splits


def _by_files(examples: list[Example], division: Division) -> list[str]:
    names = [example.split or "train" for example in examples]
    train = [place for place, name in enumerate(names) if name == "train"]
    rows = [examples[place] for place in train]
    carved = _at_random(rows, division) if any(row.label is not None for row in rows) else _by_position(rows, division)
    for place, name in zip(train, carved, strict=True):
        names[place] = name
    return names


def _at_random(examples: list[Example], division: Division) -> list[str]:
    """Every label's rows in the same shares, drawn by the seed; at least one row of each label stays in train."""
    names = ["train"] * len(examples)
    rows: dict[str, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        rows[example.label or ""].append(place)
    random = np.random.default_rng(division.seed)
    for label in sorted(rows):
        order = random.permutation(rows[label]).tolist()
        test = min(round(len(order) * division.test), len(order) - 1)
        valid = min(round(len(order) * division.valid), len(order) - 1 - test)
        for place in order[:test]:
            names[place] = "test"
        for place in order[test : test + valid]:
            names[place] = "valid"
    return names


def _by_position(examples: list[Example], division: Division) -> list[str]:
    """Cut where the shares of the characters (a line end counts as one) are reached; the row or document across a cut goes before it."""
    starts, totals = _offsets(examples, division.cut)
    names = []
    for start, total in zip(starts, totals, strict=True):
        share = start / total
        after = 1 - division.test - 1e-12
        names.append("train" if share < after - division.valid else "valid" if share < after else "test")
    return names


def _offsets(examples: list[Example], cut: str) -> tuple[list[int], list[int]]:
    """(where each row starts in its text, how long that text is), in characters; the text is the corpus or the row's document."""
    lengths: dict[str, int] = defaultdict(int)
    documents: dict[str, int] = {}
    starts, keys = [], []
    for example in examples:
        key = example.document if cut == "within_each_document" else ""
        start = lengths[key]
        if cut == "between_documents":
            start = documents.setdefault(example.document, start)
        starts.append(start)
        keys.append(key)
        lengths[key] += len(example.text) + 1
    return starts, [lengths[key] for key in keys]


def check_labels(splits: Splits) -> None:
    """Raise ConfigError where a classifier could not be trained or scored: no label, one class only, a label that train lacks."""
    known = {example.label for example in splits["train"]}
    if None in known:
        first = next(example for example in splits["train"] if example.label is None)
        raise ConfigError(f"{where(first)} has no label; name the label column in the reader's options, or set problem: language_model")
    if len(known) < 2:
        raise ConfigError(f"train has one class only ({', '.join(map(str, known))}); a classifier needs two or more")
    for name in ("valid", "test"):
        strangers = [example for example in splits[name] if example.label not in known]
        if strangers:
            cure = "add such rows to train, or leave the label out of the reader's `labels`"
            raise ConfigError(f"{where(strangers[0])}: {name} has label {strangers[0].label!r}, which train lacks ({_some(known)}); {cure}")


def _some(labels: set[str | None]) -> str:
    named = sorted(map(str, labels))
    return ", ".join(named[:10]) + (", ..." if len(named) > 10 else "")
