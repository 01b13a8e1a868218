"""The report as one self-contained HTML page: no script, no network, every text escaped, light and dark, readable on a phone.

What is seen on it is computed elsewhere (leaderboard, champion); here it is only arranged. The same content gives the same bytes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from malmoi._page import behaviour, charts, closer, costs, probes, tables, vectors
from malmoi.promotion_words import guessing
from malmoi.scores import PAGE, absent, beside, score, show, show_difference, show_interval, show_p

TEMPLATES = Path(__file__).parent / "_page"
PROBLEMS = {
    "classify": ("Classification", "Which class does a text belong to? One answer per text."),
    "language_model": ("Language model", "What comes next? The better the guess, the fewer bits a character of the text costs."),
}
SHOWN_SAMPLES = 3  # of each experiment before the rest is folded away


@dataclass(frozen=True)
class Result:
    """What one experiment left to look at.

    history, positions: rows of the CSV files; confusion: (actual, predicted) pairs; tables: rows of the other CSV files, by name;
    cost: what `train` and `evaluate` measured, by stage; behaviour: behaviour.json.
    """

    history: list[dict[str, str]] = field(default_factory=list)
    confusion: list[tuple[str, str]] = field(default_factory=list)
    positions: list[dict[str, str]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    behaviour: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """All that the page shows. boards: leaderboard.json; decisions: decisions.json; results by experiment; cards by corpus; intrinsic: what
    features and tokens are worth in themselves; contracts: measures of contract.json by corpus; claims: those that were measured."""

    boards: dict[str, list[dict[str, Any]]]
    decisions: dict[str, dict[str, Any]]
    results: dict[str, Result]
    cards: dict[str, dict[str, Any]]
    intrinsic: vectors.Vectors = field(default_factory=vectors.Vectors)
    contracts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    claims: list[probes.Probe] = field(default_factory=list)


def render(content: Content) -> str:
    """The page."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"show": lambda value, metric: show(metric, value), "continuation": tables.continuation}
    environment.tests["link"] = tables.links
    corpora = [_corpus(content, name) for name in sorted({rows[0]["corpus"] for rows in content.boards.values()})]
    sections = {"vectors": vectors.section(content.intrinsic), "probes": probes.section(content.claims)}
    return environment.get_template("page.html").render(corpora=corpora, shown=SHOWN_SAMPLES, **sections)


def _corpus(content: Content, name: str) -> dict[str, Any]:
    boards = {board: rows for board, rows in content.boards.items() if rows[0]["corpus"] == name}
    card = content.cards.get(name, {})
    return {
        "name": name,
        "title": card.get("title", ""),
        "language": next(iter(boards.values()))[0]["language"],
        "facts": tables.card_facts(card),
        "tables": tables.card_tables(card) + tables.contract(content.contracts.get(name, [])),
        "drops": tables.card_drops(card),
        "boards": [_board(content, board, rows) for board, rows in boards.items()],
    }


def _board(content: Content, board: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One leaderboard and everything under it; drawings of the champion come first."""
    anchor = charts.board_id(board)
    decision = content.decisions.get(anchor, {})
    champion = decision.get("champion") if decision.get("current", True) else None  # one of an earlier training has no row here
    shown = sorted(rows, key=lambda row: row["experiment"] != champion)
    title, question = PROBLEMS.get(rows[0]["problem"], (rows[0]["problem"].replace("_", " "), ""))
    results = {row["experiment"]: content.results.get(row["experiment"], Result()) for row in shown}
    measured = {name: result.cost for name, result in results.items() if result.cost}
    return {
        "id": anchor,
        "title": title,
        "question": question,
        "decision": decision,
        "champion": champion,
        "language": rows[0]["language"],
        "winner": next((row for row in rows if row["experiment"] == champion), None),
        "score": score(decision.get("metric", rows[0]["metric"])),
        "interval": show_interval(decision.get("metric", ""), decision.get("interval")),
        "groups": [
            _group([row for row in rows if row["group"] == group], measured) for group in dict.fromkeys(row["group"] for row in rows)
        ],
        "costs": costs.table(rows, measured),
        "curves": charts.learning_curves(shown, {name: result.history for name, result in results.items()}),
        "positions": charts.by_position(shown, {name: result.positions for name, result in results.items()}),
        "confusions": [tables.confusion(name, result.confusion) for name, result in results.items() if result.confusion],
        "behaviour": behaviour.section(shown, {name: result.behaviour for name, result in results.items()}),
        "closer": closer.looks(shown, {name: result.tables for name, result in results.items()}),
        "samples": [(name, result.samples) for name, result in results.items() if result.samples],
    }


def _group(rows: list[dict[str, Any]], measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Rows that are ranked together, each with its drawing and its words. measured: what each cost, as far as it is known."""
    metric = rows[0]["metric"]
    scale, drawings = charts.whiskers(rows)
    aside = [one for one in beside(rows[0]["problem"], PAGE, metric) if any(row["test"].get(one.name) is not None for row in rows)]
    return {
        "name": rows[0]["group"],
        "metric": metric,
        "score": score(metric),
        "axis": scale,
        "absent": next((said for row in rows if (said := absent(row.get("absent_labels")))), ""),
        "aside": [(one.name, one) for one in aside],
        "rows": [
            row
            | {"drawing": drawing, "between": show_interval(metric, row["interval"].get(metric)), "pair": _pair(row["paired"])}
            | {"guess": guessing(row.get("guessing"))}
            | {"costs": costs.short(row, measured.get(row["experiment"], {}))}
            for row, drawing in zip(rows, drawings, strict=True)
        ],
    }


def _pair(paired: dict[str, Any] | None) -> dict[str, str] | None:
    """The paired test in the words of a table cell."""
    if paired is None:
        return None
    low, high = (show_difference(paired["metric"], edge).split(" ")[0] for edge in paired["interval"])
    by = show_difference(paired["metric"], paired["difference"])
    said = {"verdict": paired["verdict"], "by": by, "interval": f"{low} to {high}"}
    return said | {"p": show_p(paired["p_adjusted"]), "test": paired["test"]}
