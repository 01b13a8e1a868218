"""Tables of the page: confusion matrices, data cards, generated samples."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from malmoi.rows import SPLITS

WIDEST = 30  # classes; above it a matrix cannot be read, and only its commonest mistakes are shown
NAMED = ("corpus", "title", "language", "problem")  # said elsewhere on the page


@dataclass(frozen=True)
class Confusion:
    """labels: of rows (actual) and columns (predicted); cells: (count, share of its row).

    mistakes: (actual, predicted, count), the commonest first."""

    experiment: str
    labels: list[str]
    cells: list[list[tuple[int, float]]]
    mistakes: list[tuple[str, str, int]]


@dataclass(frozen=True)
class Table:
    """One table of a data card; rows: (name, cells); shares: are the cells shown as parts of their column, too?"""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]
    shares: list[list[float]] = field(default_factory=list)


def confusion(experiment: str, pairs: list[tuple[str, str]]) -> Confusion:
    """Counts of (actual, predicted) pairs as a matrix."""
    counts = Counter(pairs)
    labels = sorted({label for pair in counts for label in pair})
    totals = Counter(actual for actual, _ in pairs)
    shown = labels if len(labels) <= WIDEST else []
    cells = [[(counts[row, column], counts[row, column] / max(1, totals[row])) for column in shown] for row in shown]
    wrong = [(*pair, count) for pair, count in counts.items() if pair[0] != pair[1]]
    return Confusion(experiment, shown, cells, sorted(wrong, key=lambda one: (-one[2], one[:2]))[:5])


def card_facts(card: dict[str, Any]) -> list[tuple[str, str]]:
    """The single values of a data card, named for people: how many rows, then what is said of the corpus."""
    rows = [(f"rows {name}", _cell(count)) for name, count in card.get("rows", {}).items()]
    return rows + [(_title(key), _cell(value)) for key, value in card.items() if isinstance(value, str | int | float) and key not in NAMED]


def card_tables(card: dict[str, Any]) -> list[Table]:
    """The splits side by side, and the texts that occur more than once."""
    tables = _by_split("splits", {split: card["splits"][split] for split in SPLITS if split in card.get("splits", {})})
    named = {"within": "again in {}", "across": "{}", "conflicting": "two labels in {}"}
    again = [
        (named.get(kind, kind + " {}").format(_title(name)), [_cell(count)])
        for kind, counts in card.get("duplicates", {}).items()
        for name, count in counts.items()
    ]
    tables += [Table("same text", [""], again)] if again else []
    return tables


def contract(measures: list[dict[str, Any]]) -> list[Table]:
    """What the data contract asks of the corpus and what was measured; `ingest` makes no corpus that breaks it, so all of it holds."""
    rows = [(measure["what"], [_cell(measure["value"]), measure["limit"]]) for measure in measures]
    return [Table("data contract: holds", ["measured", "limit"], rows)] if rows else []


def card_drops(card: dict[str, Any]) -> list[tuple[str, int, list[dict[str, str]]]]:
    """(reason, how many rows, the first few of them), the commonest reason first."""
    drops = [(reason, found["count"], found["first"]) for reason, found in card.get("drops", {}).items()]
    return sorted(drops, key=lambda drop: (-drop[1], drop[0]))


def links(value: str) -> bool:
    """May this text be a link? Only http and https are."""
    return value.startswith(("https://", "http://")) and not any(sign.isspace() for sign in value)


def continuation(sample: dict[str, Any]) -> str:
    """What a model wrote after the prompt, whether or not its text repeats the prompt."""
    return str(sample["text"]).removeprefix(str(sample["prompt"]))


def _by_split(title: str, splits: dict[str, dict[str, Any]]) -> list[Table]:
    """One table of the single values, and one of each nested mapping; splits are always the columns."""
    if not splits:
        return []
    names = list(dict.fromkeys(name for part in splits.values() for name in part))
    nested = [name for name in names if any(isinstance(part.get(name), dict) and part[name] for part in splits.values())]
    single = [name for name in names if not any(isinstance(part.get(name), dict) for part in splits.values())]
    columns = list(splits)
    tables = [Table(title, columns, [(_title(name), [_cell(part.get(name)) for part in splits.values()]) for name in single])]
    return tables + [_nested(name, columns, [part.get(name) or {} for part in splits.values()]) for name in nested]


def _nested(name: str, columns: list[str], parts: list[dict[str, Any]]) -> Table:
    keys = list(dict.fromkeys(key for part in parts for key in part))
    rows = [(key, [_cell(part.get(key)) for part in parts]) for key in keys]
    totals = [sum(part.values()) or 1 for part in parts]
    shares = [[part.get(key, 0) / total for part, total in zip(parts, totals, strict=True)] for key in keys]
    return Table(
        {"lengths": "length in characters"}.get(name, _title(name)), columns, rows, shares if name in ("labels", "scripts") else []
    )


def _title(key: object) -> str:
    return str(key).replace("_", " ")


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    text = ", ".join(map(_cell, value)) if isinstance(value, list) else str(value)
    return f"{text[:12]}…" if len(text) == 64 and " " not in text else text  # a digest: its beginning tells two apart
