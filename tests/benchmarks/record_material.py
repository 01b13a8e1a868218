"""What `record.py` and `record_kills.py` work on: outputs as the stages leave them, and stores compared.

As a script it is one of their processes: `record_material.py FOLDER PLACE` writes a live run and then records everything.
"""

import csv
import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

LABELS = ("good", "bad")


def make(folder: Path, experiments: int, seeds: int, epochs: int) -> None:
    """An `out/` with so many classifiers, each with so many seeds."""
    out = folder / "out"
    save(out / "ingest/reviews/card.json", {"corpus": "reviews", "splits": {"train": {"examples": 800, "sha256": "ab" * 32}}})
    for place in range(experiments):
        name = f"reviews-{place:03d}"
        bundles = [_bundle(name, place, seed) for seed in range(1, seeds + 1)]
        for bundle in bundles:
            save(out / f"train/{name}/seed-{bundle['seed']}/bundle.json", bundle)
            pipeline = {"tokenizer": {"name": "characters", "options": {}}, "feature": {"kind": "sequence", "options": {"min_count": 2}}}
            save(out / f"train/{name}/seed-{bundle['seed']}/pipeline.json", pipeline)
        model = {"family": "recurrent", "cell": "gru", "units": 8 * (1 + place)}
        entry = {"problem": "classify", "corpus": "reviews", "features": "reviews-ids", "model": model, "training": {"epochs": epochs}}
        entry["seeds"] = [one["seed"] for one in bundles]
        save(out / f"train/{name}/experiment.json", {"name": name, **entry})
        rows = [
            (one["seed"], epoch, 2 / (epoch + place), 1 + 1 / (epoch + one["seed"])) for one in bundles for epoch in range(1, epochs + 1)
        ]
        table(out / f"train/{name}/history.csv", ("seed", "epoch", "train_loss", "valid_loss"), rows)
        evaluated(out / "evaluate" / name, place, bundles)


def _bundle(name: str, place: int, seed: int) -> dict[str, Any]:
    about = {"experiment": name, "problem": "classify", "corpus": "reviews", "language": "ko", "family": "recurrent", "seed": seed}
    return about | {"parameters": 1000 * (1 + place), "recipe": f"{place:04d}" * 16, "key": f"{place:04d}{seed:04d}" * 8}


def evaluated(folder: Path, place: int, bundles: list[dict[str, Any]], examples: int = 200) -> None:
    """Scores, predictions and a confusion matrix of a classifier."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    right = {one["seed"]: [math.sin(place + one["seed"] * row) > -0.6 for row in range(examples)] for one in bundles}
    by_seed = {
        str(seed): {"accuracy": sum(row) / examples, "macro_f1": 0.5, "log_loss": 0.7, "calibration_error": 0.1}
        for seed, row in right.items()
    }
    mean = {name: sum(one[name] for one in by_seed.values()) / len(by_seed) for name in by_seed[str(bundles[0]["seed"])]}
    split = {"mean": mean, "spread": {}, "interval": {"accuracy": [0.6, 0.9]}, "seeds": by_seed}
    about = {"experiment": folder.name, "problem": "classify", "corpus": bundles[0]["corpus"], "primary": "accuracy", "better": "higher"}
    about |= {"tokenizer": "characters", "feature": f"{bundles[0]['corpus']}-ids"}
    save(folder / "metrics.json", {**about, "test": split, "valid": split})
    rows = [
        {"seed": seed, "id": f"e{row:04d}", "label": LABELS[row % 2], "predicted": LABELS[(row + (not one)) % 2], "correct": one}
        for seed, answers in right.items()
        for row, one in enumerate(answers)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")
    table(folder / "confusion.csv", ("actual", "predicted"), [(one["label"], one["predicted"]) for one in rows[:examples]])


def live(folder: Path, place: int) -> None:
    """A live run of one bundle in twenty requests, then `record`."""
    from tasks import _runs, _writer

    run = sorted(_runs.read(folder / "out"), key=lambda one: (one.seed, one.name))[place]
    about = {name: run.bundle[name] for name in ("key", "recipe", "experiment", "seed", "problem", "corpus")}
    writer = _writer.Writer({**about, "params": run.entry, "began": int(time.time() * 1000)}, os.getpid())
    for row in run.history:
        metrics = {name: float(row[name]) for name in ("train_loss", "valid_loss")}
        writer.epochs.append({"epoch": int(row["epoch"]), "metrics": metrics, "time": int(time.time() * 1000)})
        writer.due = 0.0
        writer.write()
    writer.write("FINISHED")
    assert not writer.epochs, "what the writer could not send"
    record(folder)


def record(folder: Path) -> None:
    """`python -m tasks record`, here."""
    from tasks import record as stage

    stage.run(folder / "out", strict=True)


def in_process(folder: Path, what: str, *given: Any) -> None:
    """One of the functions above with the store of `folder`."""
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    globals()[what](folder, *given)


def empty_store(folder: Path) -> None:
    """MLflow's tables, which take seconds to make and are no part of what is measured."""
    from tasks import _store

    _store.open_at(f"sqlite:///{folder / 'mlflow.db'}")


def twin(folder: Path) -> Path:
    """Another folder with the same outputs and no store."""
    other = folder.with_name(folder.name + "-alone")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(folder / "out", other / "out")
    return other


def difference(one: Path, other: Path) -> list[str]:
    """Names of runs and registered models of which two stores say something else, and the first such thing of each."""
    try:
        said, wanted = _content(one), _content(other)
    except AssertionError as error:  # something is there twice
        return [str(error)]
    names = [name for name in said.keys() | wanted.keys() if said.get(name) != wanted.get(name)]
    return [f"{name}: {_first(said.get(name), wanted.get(name))}" for name in sorted(names)]


def _content(folder: Path) -> dict[str, Any]:
    from registered import registry
    from tracked import content

    from tasks import _store

    client = _store.open_at(f"sqlite:///{folder / 'mlflow.db'}").client
    return content(client) | registry(client)


def _first(one: Any, other: Any, where: str = "") -> str:
    """Where two things differ, as deep as they have names."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [name for name in {**other, **one} if one.get(name) != other.get(name)]
        return "; ".join(_first(one.get(name), other.get(name), f"{where}{name}: ") for name in names)[:600]
    if one is None or other is None:
        return f"{where}{'is not there' if one is None else 'should not be there'}"
    return f"{where}{one!r:.200} for {other!r:.200}"


def save(file: Path, data: Any) -> None:
    """JSON, with the folders above."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data), encoding="utf-8")


def table(file: Path, columns: tuple[str, ...], rows: Any) -> None:
    """CSV."""
    with open(file, "w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    live(Path(sys.argv[1]), int(sys.argv[2]))
