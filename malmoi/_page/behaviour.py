"""Behavioural tests of the experiments of a board: failure rates side by side, and what each failed at."""

from dataclasses import dataclass
from typing import Any

from malmoi._page.charts import Row
from malmoi._page.tables import Table
from malmoi.scores import show

LONGEST = 200  # characters of a text


@dataclass(frozen=True)
class Failure:
    """The case of a test that the model was surest of and failed. rate: of the test; said: its answers, before and after."""

    test: str
    rate: str
    before: str
    after: str
    said: list[str]


@dataclass(frozen=True)
class Behaviour:
    """table: failure rates, a row for each experiment; about: (test, kind, what is done); failures by experiment."""

    table: Table
    about: list[tuple[str, str, str]]
    failures: list[tuple[str, list[Failure]]]


def section(rows: list[Row], measured: dict[str, dict[str, Any]]) -> Behaviour | None:
    """All of a board, in order of its rows; None where nothing was tested. measured: behaviour.json by experiment, {} for those without."""
    found = {row["experiment"]: measured[row["experiment"]] for row in rows if measured.get(row["experiment"], {}).get("tests")}
    if not found:
        return None
    about = {test: one for result in found.values() for test, one in result["tests"].items()}
    lines = [
        (name, [show("accuracy", result["rate"]), *(show("accuracy", result["tests"].get(test, {}).get("rate")) for test in about)])
        for name, result in found.items()
    ]
    table = Table("share of cases failed", ["mean", *map(_title, about)], lines)
    return Behaviour(
        table,
        [(_title(test), one["kind"], one["about"]) for test, one in about.items()],
        [(name, [_failure(test, one) for test, one in result["tests"].items() if one["examples"]]) for name, result in found.items()],
    )


def _failure(test: str, one: dict[str, Any]) -> Failure:
    example = one["examples"][0]
    said = [f"{answer['label']} {answer['probability']:.2f}" for answer in example["answers"]]
    return Failure(_title(test), show("accuracy", one["rate"]), _cut(example["before"]), _cut(example["after"] or ""), said)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _title(test: str) -> str:
    return test.replace("_", " ")
