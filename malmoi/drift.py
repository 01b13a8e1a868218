"""How far a version of a corpus is from an earlier one: two profiles, and the limits of the contract (`malmoi.contract.Drift`).

Rows, labels and lengths are here, what texts are made of is in `malmoi.wording`. They are those of all three splits together, as a new
division deals the same rows in another way. What two small samples of one source differ by (`malmoi.divergence`, once in a thousand times)
breaks nothing: where that is more than the limit, it is the limit.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from malmoi import divergence, wording
from malmoi.contract import SHOWN, Drift, Measure, Profile, describe, moved, number
from malmoi.divergence import furthest
from malmoi.profile import EDGES, total
from malmoi.rows import SPLITS


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison. note: said in place of measures where there was nothing to compare with."""

    corpus: str
    measures: tuple[Measure, ...] = ()
    note: str = ""

    @property
    def broken(self) -> bool:
        """Whether any measure is over its limit."""
        return any(measure.broken for measure in self.measures)

    @property
    def lines(self) -> list[str]:
        """A table for people, then what is broken, with examples."""
        if self.note:
            return [f"{self.corpus}: {self.note}"]
        over = sum(measure.broken for measure in self.measures)
        said = f"{over} of {len(self.measures)} measures over their limits" if over else "within its limits"
        head = ("measure", "before", "after", "drift", "limit", "")
        rows = [(m.key, *m.versions, number(m.value), m.limit, "BROKEN" if m.broken else "ok") for m in self.measures]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        table = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)]
        return [f"{self.corpus}: {said}", *table, *describe(self.measures).splitlines()]

    def card(self) -> dict[str, Any]:
        """As a JSON mapping."""
        told = {"note": self.note} if self.note else {}
        return {"corpus": self.corpus, "broken": self.broken, **told, "measures": [measure.card() for measure in self.measures]}


def compare(before: Profile, after: Profile, limits: Drift) -> Verdict:
    """All that the limits ask for and the corpus has: one without labels has no balance of them."""
    pair = before, after
    measures = (*_rows(*pair, limits), *_labels(*pair, limits), *_length(*pair, limits))
    return Verdict(after["corpus"], (*measures, *wording.measures(*pair, limits)))


def _rows(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    counts = [profile["rows"]["kept"] for profile in (before, after)]
    sizes = [[profile["splits"][split]["examples"] for profile in (before, after)] for split in SPLITS]
    shown = tuple(f"{split} had {was:,} examples and has {now:,}" for split, (was, now) in zip(SPLITS, sizes, strict=True))
    if limits.rows != (None, None):
        ratio = counts[1] / max(1, counts[0])
        yield Measure("rows", "rows after for one before", ratio, *limits.rows, (f"{counts[0]:,}", f"{counts[1]:,}"), shown)


def _labels(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    was, now = (total(profile, "labels") for profile in (before, after))
    if not was and not now:
        return
    bins, n, m = len(was | now), was.total(), now.total()
    changed = tuple(moved(label, was, now) for label in furthest(was, now)[:SHOWN])
    rarest = _rarest(was), _rarest(now)
    if limits.new_labels is not None:
        strangers = sorted(was.keys() ^ now.keys())
        shown = tuple(f"{label!r}: {was[label]:,} before, {now[label]:,} after" for label in strangers)
        sizes = f"{len(was)} labels", f"{len(now)} labels"
        yield Measure("new_labels", "labels that one version lacks", len(strangers), None, limits.new_labels, sizes, shown)
    if limits.label_balance is not None:
        most = max(limits.label_balance, divergence.chance_of_variation(bins, n, m))
        said = "distance of the shares of labels (total variation)"
        yield Measure("label_balance", said, divergence.total_variation(was, now), None, most, rarest, changed)
    if limits.label_stability is not None:
        most = max(limits.label_stability, divergence.chance(bins, n, m))
        said = "population stability index of labels"
        yield Measure("label_stability", said, divergence.stability_index(was, now), None, most, rarest, changed)


def _length(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    counts = [total(profile, "histogram") for profile in (before, after)]
    was, now = ([found[str(edge)] for edge in EDGES] for found in counts)
    if limits.length is None:
        return
    places = after["places"]["lengths"]
    grown = [edge for edge in furthest(*counts) if counts[1][edge] / max(1, sum(now)) > counts[0][edge] / max(1, sum(was))]
    shown = tuple(f"{edge} characters and more, {places[edge]['where']}: {places[edge]['text']!r}" for edge in grown)
    most = max(limits.length, divergence.chance_of_gap(sum(was), sum(now)))
    said = "distance of lengths (Kolmogorov-Smirnov)"
    yield Measure("length", said, divergence.kolmogorov_smirnov(was, now), None, most, (_median(before), _median(after)), shown)


def _rarest(counts: Counter[str]) -> str:
    return f"rarest {number(min(counts.values(), default=0) / max(1, counts.total()))}"


def _median(profile: Profile) -> str:
    return f"median {number(profile['splits']['train']['lengths']['50%'])}"
