"""The data contract: what one version of a corpus must be (here), and how far it may be from an earlier one (`malmoi.drift`).

Limits are in params/contract.yaml: `defaults` for all corpora, `corpora: {NAME: ...}` for what is different in one, and why. They are
checked on profiles (`malmoi.profile`), before anything is trained. Tests for data, declared, with automatic verdicts: Schelter et al.
(2018), Automating large-scale data quality verification; Breck et al. (2019), Data validation for machine learning. That texts shared by
train and test make scores too good: Elangovan et al. (2021), Memorization vs. generalization.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from malmoi import cards, config
from malmoi.config import ConfigError, params
from malmoi.registry import suggest

QUANTILES = [f"{share:.0%}" for share in cards.QUANTILES]
PATH = Path("params/contract.yaml")
SHOWN = 3  # examples of a finding
Range = tuple[float | None, float | None]
Profile = Mapping[str, Any]


@params
class Version:
    """Limits for one version; a limit that is null is not asked. Shares are 0 to 1.

    examples: fewest in any split. rarest_label: least share of the rarest label in train, or a tenth of an even share where that is less,
    as of 500 labels. held_out_labels: fewest different ones in valid or in test, where train has several. dropped: largest share of rows
    that are left out. overlap: largest share of the texts of valid or of test (blank ones aside) that occur in train. oov: largest share
    of the eojeols of valid or of test that train lacks. scripts: for a language (ISO 639-1), the scripts that belong in it, the main one
    first; other languages are not asked. main_script: least share of the main one, unexpected: largest share of all that do not belong,
    both of the characters that are no white space. lengths: quantile ("5%", "50%", "95%", "99%", ...) -> least and largest length in
    characters that it may be, in every split.
    """

    examples: int | None
    rarest_label: float | None
    dropped: float | None
    overlap: float | None
    oov: float | None
    scripts: dict[str, list[str]]
    main_script: float | None
    unexpected: float | None
    lengths: dict[str, Range]
    held_out_labels: int | None = None


@params
class Drift:
    """Limits for the way from one version to the next; null is not asked. See `malmoi.drift` for what each measures.

    rows: least and largest number of rows after, for one before. new_labels: labels that only one of the two has. label_balance: total
    variation distance; label_stability: population stability index; length: Kolmogorov-Smirnov statistic; oov: rise of the OOV rate;
    eojeols: Jensen-Shannon divergence in bits; scripts: total variation distance; new_scripts, new_characters: share of characters
    of a script, or characters, that were not there before.
    """

    rows: Range
    new_labels: int | None
    label_balance: float | None
    label_stability: float | None
    length: float | None
    oov: float | None
    eojeols: float | None
    scripts: float | None
    new_scripts: float | None
    new_characters: float | None


@params
class Limits:
    """All limits for one corpus."""

    version: Version
    drift: Drift


@params
class _File:
    defaults: Limits
    corpora: dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Measure:
    """One thing measured: its key in params/contract.yaml, in words, how much, and between what it should be (None: no end).

    versions: for drift, before and after, in words. examples: texts, characters or labels as they are in the data.
    """

    key: str
    what: str
    value: float
    low: float | None = None
    high: float | None = None
    versions: tuple[str, str] = ("", "")
    examples: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether it is outside its limits."""
        return (self.low is not None and self.value < self.low) or (self.high is not None and self.value > self.high)

    @property
    def limit(self) -> str:
        """The limits in words."""
        if self.low is None or self.high is None:
            return f"at least {number(self.low)}" if self.low is not None else f"at most {number(self.high)}"
        return f"{number(self.low)} to {number(self.high)}"

    def card(self) -> dict[str, Any]:
        """As a JSON mapping."""
        told = {"key": self.key, "what": self.what, "value": round(self.value, 6), "limit": self.limit, "broken": self.broken}
        compared = dict(zip(("before", "after"), self.versions, strict=True)) if any(self.versions) else {}
        return told | compared | {"examples": list(self.examples[:SHOWN])}


def number(value: float | None) -> str:
    """A number for people: four digits that count.

    >>> [number(value) for value in (10, 1234567, 0.03142, 0.000123)]
    ['10', '1,234,567', '0.03142', '0.000123']
    """
    if value is None:
        return "any"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def moved(name: str, before: Counter[str], after: Counter[str]) -> str:
    """A name, and its share in either of two counts."""
    shares = [number(counts[name] / max(1, counts.total())) for counts in (before, after)]
    return f"{name!r}: share {shares[0]} before, {shares[1]} after"


def limits(path: Path, name: str, known: list[str]) -> Limits:
    """The limits for a corpus. known: names of all corpora.

    Raises ConfigError, naming file, entry and key, for what is unknown, missing or of a wrong type, and for a corpus that is none.
    """
    file = config.read(_File, config.load(path), str(path))
    for other in [*file.corpora, name]:
        if other not in known:
            where = f"{path}: corpora.{other}: " if other in file.corpora else ""
            raise ConfigError(f"{where}no corpus is called {other!r}{suggest(other, known)}")
    own = file.corpora.get(name, {})
    groups = {"version": file.defaults.version, "drift": file.defaults.drift}
    for group in own:
        if group not in groups:
            raise ConfigError(f"{path}: corpora.{name}: unknown key {group!r}; known keys: {', '.join(groups)}")
    merged = {group: {**vars(given), **own.get(group, {})} for group, given in groups.items()}
    found = config.read(Limits, merged, f"{path}: corpora.{name}" if own else f"{path}: defaults")
    _check(found, f"{path}: corpora.{name}" if own else f"{path}: defaults")
    return found


def _check(found: Limits, where: str) -> None:
    for name in found.version.lengths:
        if name not in QUANTILES:
            raise ConfigError(f"{where}: version.lengths: {name!r} is no quantile of a data card; there are: {', '.join(QUANTILES)}")
    ranges = {f"version.lengths.{name}": given for name, given in found.version.lengths.items()} | {"drift.rows": found.drift.rows}
    for key, (low, high) in ranges.items():
        if low is not None and high is not None and low > high:
            raise ConfigError(f"{where}: {key}: [{number(low)}, {number(high)}] should be [least, largest]")


def describe(measures: Collection[Measure]) -> str:
    """Those that are broken, with their examples, a line each."""
    lines = []
    for measure in (measure for measure in measures if measure.broken):
        lines.append(f"  {measure.key}: {measure.what}: {number(measure.value)}, should be {measure.limit}")
        lines += [f"      {example}" for example in measure.examples[:SHOWN]]
    return "\n".join(lines)


def enforce(name: str, measures: Collection[Measure], path: Path) -> None:
    """Raises ConfigError with all that is broken, and examples, where anything is."""
    if broken := [measure for measure in measures if measure.broken]:
        said = f"corpus {name} breaks its data contract in {len(broken)} of {len(measures)} measures:\n{describe(measures)}"
        cure = (
            f"mend the data, its entry in params/corpora.yaml (`clean`, `split`), or, where it should be so, {path}: corpora.{name}.version"
        )
        raise ConfigError(f"{said}\n{cure}")
