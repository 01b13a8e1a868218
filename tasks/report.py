"""One self-contained HTML page of all results: leaderboards, learning curves, mistakes, generated text, data cards, champions and why."""

import argparse
import shutil
from pathlib import Path

from tasks import _results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders to read and the folder to write."""
    for name in ("compare", "evaluate", "train", "ingest", "promote"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"folder that `{name}` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder to write index.html in")


def run(*, compare: Path, evaluate: Path, train: Path, ingest: Path, promote: Path, out: Path) -> None:
    """Write index.html."""
    from malmoi.page import Content, Result, render

    boards = _results.load(compare / "leaderboard.json")
    results, cards = {}, {}
    for row in (row for rows in boards.values() for row in rows):
        name = row["experiment"]
        samples = evaluate / name / "samples.json"
        results[name] = Result(
            history=_results.table(train / name / "history.csv"),
            confusion=[(line["actual"], line["predicted"]) for line in _results.table(evaluate / name / "confusion.csv")],
            positions=_results.table(evaluate / name / "position.csv"),
            samples=_results.load(samples) if samples.exists() else [],
        )
        cards[row["corpus"]] = _results.load(ingest / row["corpus"] / "card.json")
    page = render(Content(boards, _results.load(promote / "decisions.json"), results, cards))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "index.html").write_text(page, encoding="utf-8")
    print(f"{out / 'index.html'}: {len(results)} experiments on {len(cards)} corpora")
