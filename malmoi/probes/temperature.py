"""What temperature does to what a language model writes: repetition, variety and likelihood, as `evaluate` measured them."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from malmoi.config import params
from malmoi.probing import LANGUAGES, Finding, Sources, columns

KEPT = {"temperature": "temperature", "repetition": "repetition", "mean_log_likelihood": "likelihood", "distinct_2": "distinct_2"}


@params
class Params:
    """No sizes: what is there is read."""


def measure(params: Params, sources: Sources) -> Finding:
    """Repetition (share of 4-grams that were there before) and mean log-likelihood (nats per token) by temperature."""
    rows, said, falls = [], [], []
    for language, source in sources.items():
        own = _read(source.reads / "generation.csv")
        rows += [{"language": LANGUAGES[language], **row} for row in own if np.isfinite(row["repetition"])]
        falls += [_falls(own, name) for name in ("repetition", "likelihood")]
        said += [f"{LANGUAGES[language]}, {_ends(own)}"] if own else []
    claim = (
        "The higher the temperature, the less a language model repeats itself, and the less likely is what it writes "
        "(Holtzman et al., 2020)."
    )
    held = falls[0] if len(set(falls)) == 1 else None
    measured = ("; ".join(said) or "Nothing was written") + "."
    return Finding(claim, measured, held, columns(rows), "temperature", "repetition", "language", told=bool(falls) and None not in falls)


def _ends(rows: list[dict[str, Any]]) -> str:
    low, high = rows[0], rows[-1]
    return (
        f"at {low['temperature']:g} and {high['temperature']:g}: repetition {low['repetition']:.2f} and {high['repetition']:.2f}, "
        f"likelihood {low['likelihood']:.2f} and {high['likelihood']:.2f} nats per token"
    )


def _read(path: Path) -> list[dict[str, Any]]:
    """Rows by rising temperature; what was not measured is no number."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [{name: float(row[key] or "nan") for key, name in KEPT.items()} for row in csv.DictReader(file)]
    return sorted(rows, key=lambda row: row["temperature"])


def _falls(rows: list[dict[str, Any]], name: str) -> bool | None:
    """Whether a number falls with temperature, on the whole; None where it was not measured at two temperatures, or is always the same."""
    known = [(row["temperature"], row[name]) for row in rows if np.isfinite(row[name])]
    heats, values = np.array(known, float).reshape(-1, 2).T
    if len(set(heats.tolist())) < 2 or len(set(values.tolist())) < 2:
        return None
    return bool(np.corrcoef(heats, values)[0, 1] < 0)
