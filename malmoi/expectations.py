"""What one version of a corpus is measured for, against the limits of its contract (`malmoi.contract.Version`). Reads a profile only."""

from collections.abc import Iterator, Mapping
from typing import Any

from malmoi import scripts
from malmoi.contract import SHOWN, Measure, Profile, Range, Version, number
from malmoi.profile import total
from malmoi.rows import SPLITS

HELD_OUT = ("valid", "test")
OF_EVEN = 0.1  # of the share that each label would have if all were as frequent: enough for the rarest one, of however many


def measures(profile: Profile, limits: Version) -> list[Measure]:
    """One measure for each limit that is asked and has something to be measured: corpora without labels have no rarest one."""
    found = [
        *_examples(profile, limits.examples),
        *_rarest_label(profile["splits"]["train"]["labels"], limits.rarest_label),
        *_held_out_labels(profile, limits.held_out_labels),
        *_dropped(profile, limits.dropped),
        *_overlap(profile, limits.overlap),
        *_oov(profile, limits.oov),
        *_scripts(profile, limits),
    ]
    return found + [_length(profile, quantile, given) for quantile, given in limits.lengths.items()]


def _examples(profile: Profile, least: int | None) -> Iterator[Measure]:
    counts = {split: profile["splits"][split]["examples"] for split in SPLITS}
    if least is not None:
        shown = tuple(f"{split} has {count:,}" for split, count in counts.items())
        yield Measure("examples", "examples of the smallest split", min(counts.values()), low=least, examples=shown)


def _rarest_label(labels: Mapping[str, int], least: float | None) -> Iterator[Measure]:
    """Of so many labels that an even share comes near the limit, a tenth of that is enough."""
    if least is not None and labels:
        size, even = sum(labels.values()), 1 / len(labels)
        said = "share of the rarest label in train"
        if least > even * OF_EVEN:
            least, said = even * OF_EVEN, f"{said} (of {len(labels):,}, of which each would have {number(even)} if all were as frequent)"
        rare = sorted(labels.items(), key=lambda item: (item[1], item[0]))
        shown = tuple(f"{label!r} {count:,} of {size:,}" for label, count in rare[:SHOWN])
        yield Measure("rarest_label", said, rare[0][1] / size, low=least, examples=shown)


def _held_out_labels(profile: Profile, least: int | None) -> Iterator[Measure]:
    """Where one label alone is asked for, no score says whether labels can be told apart. Not asked of corpora with one label or none."""
    labels = {split: profile["splits"][split]["labels"] for split in HELD_OUT}
    if least is not None and len(profile["splits"]["train"]["labels"]) > 1:
        fewest = min(HELD_OUT, key=lambda split: len(labels[split]))
        shown = tuple(f"{split} has {', '.join(map(repr, sorted(found)[:SHOWN])) or 'none'}" for split, found in labels.items())
        said = f"different labels in {fewest}"
        yield Measure("held_out_labels", said, len(labels[fewest]), low=least, examples=shown)


def _dropped(profile: Profile, most: float | None) -> Iterator[Measure]:
    rows = profile["rows"]
    if most is not None:
        shown = tuple(_drop(reason, found) for reason, found in profile["dropped"].items())
        yield Measure("dropped", "share of rows left out", rows["dropped"] / max(1, rows["read"]), high=most, examples=shown)


def _drop(reason: str, found: Mapping[str, Any]) -> str:
    return f"{found['count']:,} {reason}" + "".join(f", {row['where']}: {row['text']!r}" for row in found["first"][:1])


def _overlap(profile: Profile, most: float | None) -> Iterator[Measure]:
    shares = {split: _repeated(profile, split) for split in HELD_OUT}
    worst = max(HELD_OUT, key=lambda split: (shares[split], split))
    if most is not None:
        shown = tuple(repr(text) for text in profile["repeated"][f"{worst} in train"]["first"])
        yield Measure("overlap", f"share of the texts of {worst} that occur in train", shares[worst], high=most, examples=shown)


def _repeated(profile: Profile, split: str) -> float:
    part = profile["splits"][split]
    return profile["repeated"][f"{split} in train"]["count"] / max(1, part["examples"] - part["blank"])


def _oov(profile: Profile, most: float | None) -> Iterator[Measure]:
    words = {split: profile["splits"][split]["eojeols"] for split in HELD_OUT}
    shares = {split: found["unknown_total"] / max(1, found["total"]) for split, found in words.items()}
    worst = max(HELD_OUT, key=lambda split: (shares[split], split))
    if most is not None:
        shown = tuple(f"{word!r} {count:,} times" for word, count in words[worst]["unknown"].items())
        yield Measure("oov", f"share of the eojeols of {worst} that train lacks", shares[worst], high=most, examples=shown)


def _scripts(profile: Profile, limits: Version) -> Iterator[Measure]:
    """The share of the language's main script, and of those that do not belong in it."""
    expected = limits.scripts.get(profile["language"])
    if not expected:
        return
    counts = total(profile, "scripts")
    size = max(1, counts.total())
    if limits.main_script is not None:
        shown = tuple(_quoted(profile, name, count / size) for name, count in counts.most_common())
        share = counts[expected[0]] / size
        yield Measure("main_script", f"share of characters that are {expected[0]}", share, low=limits.main_script, examples=shown)
    if limits.unexpected is not None:
        others = [(name, count) for name, count in counts.most_common() if name not in scripts.NEUTRAL and name not in expected]
        shown = tuple(_quoted(profile, name, count / size) for name, count in others)
        said = f"share of characters of scripts other than {', '.join(expected)}"
        yield Measure("unexpected", said, sum(count for _, count in others) / size, high=limits.unexpected, examples=shown)


def _quoted(profile: Profile, name: str, share: float) -> str:
    place = profile["places"]["scripts"][name]
    return f"{name} {number(share)}, {place['where']}: {place['text']!r}"


def _length(profile: Profile, quantile: str, given: Range) -> Measure:
    """The quantile of the split where it is furthest out, or of train where it is nowhere."""
    low, high = given
    values = {split: float(profile["splits"][split]["lengths"][quantile]) for split in SPLITS}

    def outside(split: str) -> float:
        return max(0.0, (low or 0.0) - values[split], values[split] - high if high is not None else 0.0)

    worst = max(SPLITS, key=outside)  # train, the first, of equal ones
    edges = sorted(profile["places"]["lengths"], key=int, reverse=high is not None and values[worst] > high)
    shown = tuple(f"{place['where']}: {place['text']!r}" for place in (profile["places"]["lengths"][edge] for edge in edges[:SHOWN]))
    return Measure(f"lengths.{quantile}", f"{quantile} quantile of lengths in {worst}", values[worst], low, high, examples=shown)
