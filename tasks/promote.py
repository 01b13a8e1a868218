"""Decide which experiment is champion of each problem and corpus, on the validation split, and say why in plain words."""

import argparse
from pathlib import Path

from tasks import _results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders to read and the folder to write."""
    parser.add_argument("--compare", type=Path, required=True, help="folder that `compare` wrote")
    parser.add_argument("--evaluate", type=Path, required=True, help="folder of all evaluated experiments")
    parser.add_argument("--train", type=Path, required=True, help="folder of all trained experiments: where the champion's bundle is")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")


def run(compare: Path, evaluate: Path, train: Path, out: Path) -> None:
    """Write decisions.json: {"classify-bills": {"champion", "seed", "bundle", "model" (its registered name), "why", "evidence", ...}}.

    Only experiments on the leaderboard that `compare` wrote can become champion.
    """
    from malmoi.champion import decide
    from malmoi.leaderboard import model_name

    ranked = _results.load(compare / "leaderboard.json")
    names = [row["experiment"] for rows in ranked.values() for row in rows]
    decisions = {}
    for board, entries in _results.boards(evaluate, names).items():
        decision, name = decide(entries), model_name(board)
        bundle = _bundle(train, decision["champion"], decision["seed"])
        decisions[name] = decision | {"model": name, "bundle": bundle}
        print(f"{name}: {decision['why']}")
    _results.save(out / "decisions.json", decisions)


def _bundle(train: Path, champion: str | None, seed: int | None) -> str | None:
    return None if champion is None else (train / champion / f"seed-{seed}").as_posix()
