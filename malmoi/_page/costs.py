"""What the experiments of a board cost: in short beside its scores, and a table of everything."""

from typing import Any

from malmoi._page.charts import Row
from malmoi._page.tables import Table
from malmoi.expense import UNKNOWN, say_count, say_operations, say_seconds, summary

COLUMNS = [
    "parameters",
    "weights",
    "multiply-adds",
    "trained in",
    "pretrained in",
    "epochs",
    "tokens read",
    "operations",
    "memory, training",
    "memory, answering",
    "texts/s",
    "words/s",
    "tokens/s",
]


def short(row: Row, measured: dict[str, Any]) -> list[tuple[str, str]]:
    """(number, what it counts) of what people look for first: size, training time, speed of answering; without what is not known.

    measured: {"train": ..., "evaluate": ..., "pretrain": ...}, the files in out/cost, as far as there are.
    """
    found = summary(row, measured)
    said = [(say_count(found["parameters"]), "parameters"), (say_seconds(found["seconds"]), "training")]
    return [one for one in [*said, (say_count(found["texts_per_second"]), "texts/s")] if one[0] != UNKNOWN]


def table(rows: list[Row], measured: dict[str, dict[str, Any]]) -> Table | None:
    """Everything, a row for each experiment; None where nothing was measured."""
    if not any(measured.get(row["experiment"]) for row in rows):
        return None
    return Table("costs", COLUMNS, [(row["experiment"], _line(summary(row, measured.get(row["experiment"], {})))) for row in rows])


def _line(found: dict[str, Any]) -> list[str]:
    return [
        UNKNOWN if found["parameters"] is None else f"{found['parameters']:,}",
        _bytes(found["weight_bytes"]),
        _multiply_adds(found),
        say_seconds(found["seconds"]),
        say_seconds(found["pretraining_seconds"]),
        UNKNOWN if found["epochs"] is None else f"{found['epochs']:g}",
        say_count(found["tokens"]),
        say_operations(found["operations"]),
        *(_bytes(found[name] and found[name] * 2**20) for name in ("peak_mb", "answering_peak_mb")),
        *(say_count(found[f"{unit}_per_second"]) for unit in ("texts", "words", "tokens")),
    ]


def _multiply_adds(found: dict[str, Any]) -> str:
    """Of a token; of a text, where a model does all its work, or some of it, once for each.

    >>> _multiply_adds({"multiply_adds_per_token": 500, "multiply_adds_per_text": 90})
    '500 a token, 90 a text'
    """
    units = {"token": found["multiply_adds_per_token"], "text": found["multiply_adds_per_text"]}
    return ", ".join(f"{say_count(value)} a {unit}" for unit, value in units.items() if value) or UNKNOWN


def _bytes(value: float | None) -> str:
    """Memory in powers of 1024.

    >>> _bytes(0), _bytes(700 * 2**20), _bytes(None)
    ('0 KiB', '700 MiB', '–')
    """
    if value is None:
        return UNKNOWN
    return f"{value / 1024:.3g} KiB" if value < 1000 * 1024 else f"{value / 2**20:.4g} MiB"
