"""Leaderboards per problem and corpus, with paired tests between neighbours, and the tables that `dvc metrics` and `dvc plots` show."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.scores import DVC, METRICS, beside
from tasks import _graph, _results

if TYPE_CHECKING:
    from malmoi.leaderboard import Entry

COLUMNS = ["problem", "corpus", "group", "rank", "experiment", "family", "tokenizer", "feature", "parameters", "metric"]
SCORES = ["test", "low", "high", "spread", "seeds", "valid", "against", "difference", "paired_test", "p", "p_adjusted", "verdict"]
SCORES += ["guessing_p"]
BESIDE = [one.name for metrics in METRICS.values() for one in metrics]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to read and the folder to write."""
    parser.add_argument("--evaluate", type=Path, required=True, help="folder of all evaluated experiments")
    parser.add_argument("--train", type=Path, required=True, help="folder of all trained experiments, for their learning curves")
    parser.add_argument("--graph", type=Path, required=True, help="dvc.yaml: experiments that it does not switch on are left out")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")


def run(evaluate: Path, train: Path, graph: Path, out: Path) -> None:
    """Rank every board and write leaderboard.json, leaderboard.csv, metrics/, curves/ and confusion/.

    Ranked are the experiments that `graph` (dvc.yaml) switches on, whatever else is in `evaluate`. Raises ConfigError where one of them
    was not evaluated.
    """
    from malmoi.leaderboard import model_name, rank

    names = _graph.experiments(graph)
    ranked = {board: _judged(rank(entries), entries) for board, entries in _results.boards(evaluate, names).items()}
    shutil.rmtree(out, ignore_errors=True)
    _results.save(out / "leaderboard.json", ranked)
    _results.save_table(out / "leaderboard.csv", COLUMNS + SCORES + BESIDE, [_flat(row) for rows in ranked.values() for row in rows])
    for board, rows in ranked.items():
        _write_curves(out / "curves" / f"{board.replace('/', '-')}.csv", train, rows)
        for row in rows:
            _results.save(out / "metrics" / model_name(board) / f"{row['experiment']}.json", _compact(row))
            _copy_confusion(evaluate / row["experiment"] / "confusion.csv", out / "confusion" / f"{row['experiment']}.csv")
    for rows in ranked.values():
        print("\n".join(_line(row) for row in rows))
    if others := sorted(folder.name for folder in evaluate.iterdir() if folder.is_dir() and folder.name not in names):
        print(f"left out, not in {graph.name}: {', '.join(others)}")


def _judged(rows: list[dict[str, Any]], entries: "list[Entry]") -> list[dict[str, Any]]:
    """With what each experiment shows against guessing."""
    from malmoi.champion import best_seed
    from malmoi.guessing import judge

    found = judge([(entry, best_seed(entry)) for entry in entries])
    by_name = {entry.name: one for entry, one in zip(entries, found, strict=True)}
    return [row | {"guessing": by_name[row["experiment"]]} for row in rows]


def _compact(row: dict[str, Any]) -> dict[str, float]:
    """One file per experiment: `dvc metrics show` then has a row for each, and a column for each score."""
    names = [one.name for one in beside(row["problem"], DVC)]
    return {name: float(f"{row['test'][name]:.6g}") for name in names if row["test"].get(name) is not None}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    metric = row["metric"]
    low, high = row["interval"].get(metric) or (None, None)
    scores = {"test": row["test"][metric], "low": low, "high": high, "spread": row["spread"].get(metric), "seeds": len(row["seeds"])}
    paired = row["paired"] or {}
    others = {name: row["test"].get(name) for name in BESIDE}
    return (
        row
        | paired
        | others
        | scores
        | {"metric": metric, "paired_test": paired.get("test"), "guessing_p": row["guessing"].get("p_adjusted")}
    )


def _write_curves(path: Path, train: Path, rows: list[dict[str, Any]]) -> None:
    """Learning curves of a board in one long table: mean over seeds, for every epoch that all seeds reached or some still ran."""
    curves = []
    for name in sorted(row["experiment"] for row in rows):
        history = _results.table(train / name / "history.csv")
        epochs = sorted({int(line["epoch"]) for line in history})
        curves += [{"experiment": name, "epoch": epoch, **_mean_losses(history, epoch)} for epoch in epochs]
    _results.save_table(path, ["experiment", "epoch", "train_loss", "valid_loss"], curves)


def _mean_losses(history: list[dict[str, str]], epoch: int) -> dict[str, str]:
    means = {}
    for column in ("train_loss", "valid_loss"):
        found = [float(line[column]) for line in history if int(line["epoch"]) == epoch and line.get(column)]
        means[column] = f"{sum(found) / len(found):.6g}" if found else ""
    return means


def _copy_confusion(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _line(row: dict[str, Any]) -> str:
    from malmoi.leaderboard import say
    from malmoi.promotion_words import guessing

    pair = f"; {say(row['paired'])}" if row["paired"] else ""
    guess = f"; {said}" if (said := guessing(row["guessing"])) else ""
    return f"{row['problem']}/{row['corpus']} {row['rank']}. {row['experiment']}{pair}{guess}"
