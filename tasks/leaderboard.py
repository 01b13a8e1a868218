"""Print the leaderboards and the champions, and what to do next. Reads what `compare` and `promote` wrote, and what `train` and `evaluate`
measured."""

import argparse
import json
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import Any

from malmoi.expense import say_count, say_seconds, summary
from malmoi.promotion_words import guessing
from malmoi.scores import METRICS, TERMINAL, absent, beside, score, show, show_interval, show_p
from tasks import _results

ONLY_PRINTS = True  # it stops where nobody reads on
PORT = 5001
NO_BREAK = "\u00a0"
EXAMPLES = {"ko": "국회는 법률안을 심의하고 의결한다.", "en": "A warm and funny film."}
ASIDE = {one.name: one.short or one.title for problem in METRICS for one in beside(problem, TERMINAL)}
RIGHT = {"test", "valid", "±", "parameters", "trained in", "texts/s", *ASIDE.values()}  # numbers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders to read."""
    parser.add_argument("--compare", type=Path, default=Path("out/compare"), help="folder that `compare` wrote (%(default)s)")
    parser.add_argument("--promote", type=Path, default=Path("out/promote"), help="folder that `promote` wrote (%(default)s)")
    parser.add_argument("--cost", type=Path, default=Path("out/cost"), help="folder of what `train` and `evaluate` measured (%(default)s)")


def run(compare: Path, promote: Path, cost: Path | None = None) -> None:
    """Print one table per problem and corpus, then three commands."""
    boards = _results.load(compare / "leaderboard.json")
    decisions = _results.load(promote / "decisions.json")
    champions = {decision["champion"] for decision in decisions.values() if decision.get("current", True)}
    for board, rows in boards.items():
        for group in dict.fromkeys(row["group"] for row in rows):
            together = [row for row in rows if row["group"] == group]
            spent = {row["experiment"]: _spent(row, _results.costs(cost, row["experiment"])) for row in together}
            print("\n" + "\n".join(_board(f"{board}{': ' + group if group else ''}", together, champions, spent)))
    print("\n* champion; what the paired tests and intervals say: out/report/index.html")
    challenged = {name: decision for name, decision in decisions.items() if decision.get("standing")}
    print("".join(f"{name}: {decision['outcome']}. {decision['why']}\n" for name, decision in challenged.items()))
    print("\n".join(_next(decisions)))


def width(text: str) -> int:
    """Columns that a text takes in a terminal: Hangul and other wide letters take two, combining ones none.

    >>> width("말모이 A")
    8
    """
    return sum(0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def lines(table: list[dict[str, str]], right: Collection[str] = RIGHT) -> list[str]:
    """A table as aligned lines, the header first; the columns `right`, of numbers, end at their right edge."""
    columns = {name: max(width(name), *(width(row[name]) for row in table)) for name in table[0]}
    written = [{name: name for name in columns}, *table]
    return ["  ".join(_padded(row[name], size, name in right) for name, size in columns.items()).rstrip() for row in written]


def _padded(text: str, size: int, right: bool) -> str:
    space = " " * (size - width(text))
    return space + text if right else text + space


def _spent(row: dict[str, Any], measured: dict[str, Any]) -> dict[str, str]:
    found = summary(row, measured)
    return {
        "parameters": say_count(found["parameters"]),
        "trained in": say_seconds(found["seconds"]),
        "texts/s": say_count(found["texts_per_second"]),
    }


def _pair(paired: dict[str, Any] | None) -> str:
    """What the paired test against the row below says, by which test."""
    if paired is None:
        return ""
    return f"{paired['verdict']}, {show_p(paired['p_adjusted'])} ({paired['test']})".replace(NO_BREAK, " ")


def _board(title: str, rows: list[dict[str, Any]], champions: set[str], spent: dict[str, dict[str, str]]) -> list[str]:
    metric = rows[0]["metric"]
    aside = {ASIDE[one.name]: one.name for one in beside(rows[0]["problem"], TERMINAL, metric)}
    table = [
        {
            " ": "*" if row["experiment"] in champions else " ",
            "experiment": row["experiment"],
            "test": show(metric, row["test"][metric]),
            "95% interval": show_interval(metric, row["interval"].get(metric)),
            "±": show(metric, row["spread"].get(metric)) if len(row["seeds"]) > 1 else "",
            "valid": show(metric, row["valid"]),
            **{title: show(name, row["test"].get(name)) for title, name in aside.items()},
            **spent[row["experiment"]],
            "against the next": _pair(row["paired"]),
        }
        for row in rows
    ]
    known = score(metric)
    guesses = [f"  {row['experiment']}: {said.replace(NO_BREAK, ' ')}" for row in rows if (said := guessing(row.get("guessing")))]
    lacks = [f"  {said}" for said in dict.fromkeys(absent(row.get("absent_labels")) for row in rows) if said]
    return [f"{title} ({known.title}, {known.better} is better)", *lines(table), *guesses, *lacks]


def _next(decisions: dict[str, dict[str, Any]]) -> list[str]:
    """The three commands that a person would want next."""
    found = sorted((decision["problem"] != "classify", name) for name, decision in decisions.items() if decision["champion"])
    look = ["Next:", "  see every run side by side   make ui"]
    if not any(decision.get("standing") for decision in decisions.values()):
        look.append("  hold challengers to evidence .venv/bin/python -m tasks accept")
    change = [
        "  change an experiment         edit params/experiments/, then: make",
        "                               or: .venv/bin/dvc exp run -S 'params/experiments/bills.yaml:experiments.bills-gru.model.units=128'",
    ]
    if not found:
        return look + change
    chosen = decisions[found[0][1]]
    text = json.dumps({"inputs": [EXAMPLES.get(chosen["language"], EXAMPLES["en"])]}, ensure_ascii=False)
    return [
        *look,
        f"  serve a champion             make serve MODEL={chosen['model']}",
        f"                               curl localhost:{PORT}/invocations -H 'Content-Type: application/json' -d '{text}'",
        *change,
    ]
