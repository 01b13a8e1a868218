"""Reading what `evaluate` and `train` wrote, for the stages that look at all experiments together."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError

if TYPE_CHECKING:  # numpy and pyarrow are imported where they are used: `--help` must not wait for them
    from malmoi.leaderboard import Entry, Outcomes

SIZES = {"bits_per_character": "characters", "bits_per_byte": "bytes", "bits_per_token": "tokens"}


def boards(evaluate: Path, names: Iterable[str]) -> "dict[str, list[Entry]]":
    """The experiments `names`, under their boards ("classify/bills"), boards and experiments sorted by name.

    Raises ConfigError where one of them was not evaluated.
    """
    wanted = sorted(names)
    missing = [name for name in wanted if not (evaluate / name / "metrics.json").is_file()]
    if missing:
        raise ConfigError(f"{evaluate}: not evaluated (no metrics.json): {', '.join(missing)}; run `dvc repro`")
    found: dict[str, list[Entry]] = defaultdict(list)
    for name in wanted:
        entry = read(evaluate / name)
        found[entry.board].append(entry)
    return dict(sorted(found.items()))


def read(folder: Path) -> "Entry":
    """One evaluated experiment."""
    from malmoi.leaderboard import Entry

    metrics = load(folder / "metrics.json")
    classify = metrics["problem"] == "classify"
    outcomes = _outcomes(folder / "predictions.parquet", "correct" if classify else "bits", {} if classify else SIZES)
    return Entry(metrics, outcomes, describe(metrics["tokenizer"], "name"), describe(metrics["feature"], "kind"))


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


def _outcomes(path: Path, value: str, sizes: dict[str, str]) -> "Outcomes":
    """Predictions of all seeds side by side, in order of id. Raises ConfigError where seeds answered different examples."""
    import numpy as np
    import pyarrow.parquet as pq

    from malmoi.leaderboard import Outcomes

    columns = pq.read_table(path, columns=["seed", "id", value, *sizes.values()])
    seed, ids = columns["seed"].to_numpy(), columns["id"].to_numpy(zero_copy_only=False).astype(str)
    values = columns[value].to_numpy(zero_copy_only=False)
    rows = [order[np.argsort(ids[order], kind="stable")] for order in (np.flatnonzero(seed == one) for one in np.unique(seed))]
    if not rows or any(not np.array_equal(ids[rows[0]], ids[other]) for other in rows[1:]):
        raise ConfigError(f"{path}: its seeds answered different examples, or none; run `dvc repro`")
    counted = {metric: columns[column].to_numpy()[rows[0]] for metric, column in sizes.items()}
    counted = counted or {"accuracy": np.ones(len(rows[0]), np.int64)}
    return Outcomes(ids[rows[0]], np.stack([values[order] for order in rows], axis=1), counted)
