"""Print how each tokenizer did on each corpus, one table per corpus. Reads what `grade` wrote; `make tokenizers` makes and prints it."""

import argparse
import json
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from tasks import _files, leaderboard

ONLY_PRINTS = True  # it stops where nobody reads on
COLUMNS = {
    "sentences/s": ("sentences_per_second", "{:,.0f}"),
    "MiB": ("peak_mb", "{:,.0f}"),
    "vocabulary": ("vocabulary", "{:,}"),
    "unknown": ("unknown_rate", "{:.2%}"),
    "tokens/eojeol": ("fertility", "{:.2f}"),
    "accuracy": ("accuracy", "{:.4f}"),
    "bits/character": ("bits_per_character", "{:.3f}"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folder to read."""
    parser.add_argument("--grades", type=Path, default=Path("out/grades"), help="folder of what `grade` wrote (%(default)s)")
    parser.add_argument("--markdown", action="store_true", help="as Markdown tables")


def run(grades: Path, markdown: bool = False) -> None:
    """Print the tables. Raises ConfigError where nothing was graded."""
    boards = read(grades)
    if not boards:
        raise ConfigError(f"{grades}: nothing was graded yet; `make tokenizers` does it for table `grades` of every corpus switched on")
    for corpus, rows in boards.items():
        table = [written(name, row) for name, row in rows.items()]
        first = next(iter(rows.values()))
        print(f"\n{corpus}: {first['train_texts']:,} texts to learn from, {first['test_texts']:,} to test on")
        print("\n".join(marked(table) if markdown else leaderboard.lines(table, set(COLUMNS))))


def read(grades: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """By corpus and name of the entry: grade and speed as one row; best accuracy first, then fewest bits. Only what is switched on."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    known = grades / "switched-on" / "grades.json"
    for folder in (grades / name for name in (_files.load(known) if known.is_file() else [])):
        if not (folder / "grade.json").is_file():
            continue
        row = json.loads((folder / "grade.json").read_text(encoding="utf-8"))
        row |= json.loads((folder / "speed.json").read_text(encoding="utf-8"))
        found.setdefault(row["corpus"], {})[folder.name] = row
    return {corpus: dict(sorted(rows.items(), key=lambda item: _order(item[1]))) for corpus, rows in found.items()}


def written(name: str, row: dict[str, Any]) -> dict[str, str]:
    """One row as text; a dash where a number makes no sense."""
    options = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in row["options"].items())
    numbers = {title: "-" if row.get(key) is None else form.format(row[key]) for title, (key, form) in COLUMNS.items()}
    return {"entry": name, "tokenizer": row["tokenizer"] + (f" ({options})" if options else ""), **numbers}


def marked(table: list[dict[str, str]]) -> list[str]:
    """A table in Markdown."""
    head = list(table[0])
    body = [list(row.values()) for row in table]
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *body]]


def _order(row: dict[str, Any]) -> tuple[float, float]:
    bits = row["bits_per_character"]
    return -(row["accuracy"] or 0.0), float("inf") if bits is None else bits
