"""One self-contained HTML page of all results: leaderboards, costs, learning curves, where each model does well, mistakes, generated text,
data cards, champions and why."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _results

if TYPE_CHECKING:
    from malmoi._page.probes import Probe
    from malmoi._page.vectors import Vectors

TABLES = ("calibration", "classes", "frequency", "generation", "layers", "length", "unknown")  # of each experiment, as far as there are


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders to read and the folder to write."""
    for name in ("compare", "evaluate", "train", "ingest", "promote"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"folder that `{name}` wrote")
    parser.add_argument("--intrinsic", type=Path, default=None, help="folder that `intrinsic` and `rates` wrote; default: none")
    parser.add_argument("--grades", type=Path, default=None, help="folder of what `grade` wrote; default: none")
    parser.add_argument("--profile", type=Path, default=None, help="folder of the profiles that `ingest` wrote; default: none")
    parser.add_argument("--cost", type=Path, default=None, help="folder of what `train` and `evaluate` measured; default: none")
    parser.add_argument("--probes", type=Path, default=None, help="folder that `probe` and `rates` wrote; default: none")
    parser.add_argument("--out", type=Path, required=True, help="folder to write index.html in")


def run(
    *,
    compare: Path,
    evaluate: Path,
    train: Path,
    ingest: Path,
    promote: Path,
    out: Path,
    intrinsic: Path | None = None,
    grades: Path | None = None,
    profile: Path | None = None,
    cost: Path | None = None,
    probes: Path | None = None,
) -> None:
    """Write index.html."""
    from malmoi.page import Content, Result, render

    boards = _results.load(compare / "leaderboard.json")
    results, cards = {}, {}
    for row in (row for rows in boards.values() for row in rows):
        name = row["experiment"]
        samples, behaviour = (evaluate / name / f"{table}.json" for table in ("samples", "behaviour"))
        results[name] = Result(
            history=_results.table(train / name / "history.csv"),
            confusion=[(line["actual"], line["predicted"]) for line in _results.table(evaluate / name / "confusion.csv")],
            positions=_results.table(evaluate / name / "position.csv"),
            samples=_results.load(samples) if samples.exists() else [],
            tables={table: _results.table(evaluate / name / f"{table}.csv") for table in TABLES},
            cost=_results.costs(cost, name),
            behaviour=_results.load(behaviour) if behaviour.exists() else {},
        )
        cards[row["corpus"]] = _results.load(ingest / row["corpus"] / "card.json")
    contracts = {name: _results.load(profile / name / "contract.json")["measures"] for name in cards} if profile else {}
    decisions = _results.load(promote / "decisions.json")
    page = render(Content(boards, decisions, results, cards, _vectors(intrinsic, grades), contracts, _probes(probes)))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "index.html").write_text(page, encoding="utf-8")
    print(f"{out / 'index.html'}: {len(results)} experiments on {len(cards)} corpora")


def _vectors(folder: Path | None, grades: Path | None) -> "Vectors":
    """What was measured without an experiment's model: the entries that are switched on, as `rates` wrote them down."""
    from malmoi._page.vectors import Measured, Vectors

    graded = [_graded(grades / name) for name in _results.load(grades / "switched-on" / "grades.json")] if grades else []
    if folder is None or not (folder / "rates" / "rates.json").is_file():
        return Vectors(grades=graded)
    rates = _results.load(folder / "rates" / "rates.json")
    entries = [
        Measured(
            _results.load(folder / name / "about.json"),
            _results.load(folder / name / "metrics.json"),
            *(_results.table(folder / name / f"{table}.csv") for table in ("neighbours", "analogies", "map")),
        )
        for name in rates["intrinsic"]
    ]
    return Vectors(entries, rates["tokens"], graded)


def _probes(folder: Path | None) -> "list[Probe]":
    """Claims that were measured: those that are switched on, as `rates` wrote them down."""
    from malmoi._page.probes import Probe

    names = _results.load(folder / "switched-on" / "probes.json") if folder else []
    return [Probe(_results.load(folder / name / "finding.json"), _results.table(folder / name / "table.csv")) for name in names if folder]


def _graded(folder: Path) -> dict[str, Any]:
    row = _results.load(folder / "grade.json") | _results.load(folder / "speed.json")
    return {**row, "name": folder.name, "tokenizer": _results.describe(row, "tokenizer")}
