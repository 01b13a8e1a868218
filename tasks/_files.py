"""Files that stages leave for people and for each other: JSON and CSV, written the same for the same data; tokenizers said in words."""

import csv
import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError


def describe(part: str | dict[str, Any], key: str) -> str:
    """A tokenizer or feature in a few words: its name and the options that were given.

    >>> describe({"kind": "counts", "options": {"ngrams": [1, 4]}}, "kind")
    'counts (ngrams 1-4)'
    """
    if isinstance(part, str):
        return part
    options = ", ".join(_option(name, value) for name, value in sorted((part.get("options") or {}).items()))
    return f"{part[key]} ({options})" if options else str(part[key])


def load(path: Path) -> Any:
    """A JSON file. Raises ConfigError where it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `dvc repro` makes it") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); make it again: dvc repro") from None


def digest(folder: Path, but: Collection[str] = ()) -> str:
    """SHA-256 of a folder's files, paths included. but: names of files and folders, at any depth, that do not count."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = file.relative_to(folder)
        if not set(inside.parts) & set(but):
            whole.update(f"{inside.as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def save(path: Path, data: object) -> None:
    """Write JSON: UTF-8, the same bytes for the same data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file with a header; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def save_table(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    """Write a CSV file; what a row lacks stays empty, what is no column is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _option(name: str, value: object) -> str:
    if value is True:
        return name
    return f"{name} {'-'.join(map(str, value)) if isinstance(value, list) else value}".replace("_", " ")
