"""Reading what `evaluate` and `train` wrote, for the stages that look at all experiments together."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError
from tasks._files import describe, load, save, save_table, table

if TYPE_CHECKING:  # numpy and pyarrow are imported where they are used: `--help` must not wait for them
    import numpy as np
    import pyarrow as pa

    from malmoi.leaderboard import Entry, Outcomes

__all__ = ["boards", "costs", "describe", "load", "read", "save", "save_table", "table"]


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
    outcomes = _outcomes(folder / "predictions.parquet", metrics["problem"])
    return Entry(metrics, outcomes, describe(metrics["tokenizer"], "name"), describe(metrics["feature"], "kind"))


def costs(folder: Path | None, name: str) -> dict[str, Any]:
    """What the stages "train" and "evaluate" measured of an experiment, and "pretrain" of what it began with, by stage; without those that
    were not measured."""
    files = {stage: folder / stage / f"{name}.json" for stage in ("train", "evaluate")} if folder else {}
    found = {stage: load(file) for stage, file in files.items() if file.is_file()}
    features = found.get("train", {}).get("features")
    before = folder / "pretrain" / f"{features}.json" if folder and features else None
    return found | ({"pretrain": load(before)} if before and before.is_file() else {})


def _outcomes(path: Path, problem: str) -> "Outcomes":
    """Predictions of all seeds side by side, in order of id. Raises ConfigError where seeds answered different examples."""
    import numpy as np
    import pyarrow.parquet as pq

    from malmoi.leaderboard import Outcomes
    from malmoi.scores import METRICS

    ratios = [one for one in METRICS[problem] if one.values]
    wanted = ["seed", "id", "label", "guess", ratios[0].values, *(one.size for one in ratios)]
    columns = pq.read_table(path, columns=[name for name in pq.read_schema(path).names if name in wanted])
    seed, ids = columns["seed"].to_numpy(), columns["id"].to_numpy(zero_copy_only=False).astype(str)
    values = columns[ratios[0].values].to_numpy(zero_copy_only=False)
    rows = [order[np.argsort(ids[order], kind="stable")] for order in (np.flatnonzero(seed == one) for one in np.unique(seed))]
    if not rows or any(not np.array_equal(ids[rows[0]], ids[other]) for other in rows[1:]):
        raise ConfigError(f"{path}: its seeds answered different examples, or none; run `dvc repro`")
    first = rows[0]
    sizes = {one.name: columns[one.size].to_numpy()[first] if one.size else np.ones(len(first), np.int64) for one in ratios}
    together = np.stack([values[order] for order in rows], axis=1)
    return Outcomes(ids[first], together, sizes, *_guess(columns, first))


def _guess(columns: "pa.Table", rows: "np.ndarray") -> "tuple[np.ndarray | None, str]":
    """What guessing does on the same texts, and who guesses (`malmoi.guessing`): None where that was not written down."""
    from malmoi.guessing import UNIGRAM, always, most_frequent

    if "label" in columns.column_names:
        labels = columns["label"].to_numpy(zero_copy_only=False).astype(str)[rows]
        return labels == (most := most_frequent(labels)), always(most)
    return (columns["guess"].to_numpy()[rows], UNIGRAM) if "guess" in columns.column_names else (None, "")
