"""A small `out/` as the stages would leave it: real bundles (linear, n-gram) that answer, and made-up histories and scores."""

import csv
import json
import math
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TEXTS = [
    "국회는 법률을 의결한다",
    "대통령은 국가를 대표한다",
    "법원은 재판을 한다",
    "국회는 예산을 심의한다",
    "대통령은 조약을 체결한다",
    "법원은 법관으로 구성된다",
]
LABELS = ["국회", "대통령", "법원", "국회", "대통령", "법원"]


def bundle(folder: Path, problem: str, about: dict[str, Any]) -> None:
    """Fit the smallest model of a problem on six sentences and save it as `train` does."""
    import numpy as np

    from malmoi import registry
    from malmoi.batches import Spec, Split

    classify = problem == "classify"
    documents = [list(text) for text in TEXTS]
    labels = sorted(set(LABELS)) if classify else []
    room = registry.find("features", "counts" if classify else "sequence")
    feature = room.fit(documents, room.Params())
    family = registry.find("models", "linear" if classify else "ngram")
    model = family.build(family.Params(), family.Training(), Spec(problem, feature.width, len(labels), 1))
    targets = np.array([labels.index(label) if classify else -1 for label in LABELS], np.int32)
    sizes = np.array([len(text) for text in TEXTS])
    split = Split(feature.transform(documents), targets, sizes, sizes)
    model.fit(split, split, lambda epoch: None)
    feature.save(folder / "state")
    model.save(folder / "model")
    pipeline = {"corpus": about["corpus"], "language": "ko", "labels": labels, "width": feature.width}
    pipeline["tokenizer"] = {"name": "characters", "options": {}, "lossless": True}
    pipeline["feature"] = {"kind": "counts" if classify else "sequence", "options": {}}
    write(folder / "pipeline.json", pipeline)
    write(folder / "bundle.json", about | {"parameters": model.parameters})


def write(file: Path, data: Any) -> None:
    """JSON, with the folders above."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


def train(out: Path, name: str, problem: str, seeds: list[int], epochs: int, model: dict[str, Any]) -> None:
    """out/train/NAME, with a history of `epochs` falling losses."""
    corpus, folder = name.split("-")[0], out / "train" / name
    for seed in seeds:
        about = {"experiment": name, "problem": problem, "corpus": corpus, "language": "ko", "family": model["family"], "seed": seed}
        keys = {"recipe": name.encode().hex().ljust(64, "0"), "key": f"{name}-{seed}".encode().hex().ljust(64, "0")}
        bundle(folder / f"seed-{seed}", problem, about | keys)
    entry = {
        "problem": problem,
        "corpus": corpus,
        "features": f"{corpus}-ids",
        "model": model,
        "training": {"epochs": epochs},
        "seeds": seeds,
    }
    write(folder / "experiment.json", {"name": name, **entry, "parameters": 123})
    with open(folder / "history.csv", "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["seed", "epoch", "train_loss", "valid_loss"])
        rows.writerows([seed, epoch, 2 / (epoch + seed), 1 + 1 / epoch] for seed in seeds for epoch in range(1, epochs + 1))


def evaluate(out: Path, name: str, problem: str, seeds: list[int], primary: dict[str, float]) -> None:
    """out/evaluate/NAME, with scores around `primary`."""
    metric = next(iter(primary))
    shared = {"experiment": name, "problem": problem, "primary": metric, "better": "higher" if problem == "classify" else "lower"}
    by_seed = {str(seed): {**primary, "tokens": 99, "missing": None, "unsteady": math.pi * seed} for seed in seeds}
    split = {"mean": primary, "spread": {metric: None}, "interval": {metric: [0.25, 0.75]}, "seeds": by_seed}
    write(out / "evaluate" / name / "metrics.json", {**shared, "test": split, "valid": split})
    if problem == "classify":
        lines = "".join(f"{label},{LABELS[place // 2]}\n" for place, label in enumerate(LABELS))
        (out / "evaluate" / name / "confusion.csv").write_text("actual,predicted\n" + lines, encoding="utf-8")
        return
    (out / "evaluate" / name / "position.csv").write_text("position,perplexity,tokens\n1,90.5,10\n2-3,40,20\n4-7,21,30\n", encoding="utf-8")
    write(out / "evaluate" / name / "samples.json", [{"prompt": "모든 ", "temperature": 0.8, "text": "국민은", "seed": 1}])


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Put an empty MLflow store into a folder and return its URI: making one anew takes seconds, copying one does not."""
    from tasks import _tracking

    database = tmp_path_factory.mktemp("empty") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
        _tracking.store()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return lambda folder: f"sqlite:///{shutil.copy(database, folder / 'mlflow.db')}"


@pytest.fixture(scope="session")
def make_out() -> Callable[[Path], Path]:
    """Write an `out/` into a folder: two classifiers (one with two seeds), one language model, champions of both."""
    return make


def make(folder: Path) -> Path:
    """The same, to be called by hand."""
    out = folder / "out"
    train(out, "bills-linear", "classify", [1], 1, {"family": "linear", "C": 1.0})
    train(out, "bills-again", "classify", [1, 2], 5, {"family": "linear", "C": 0.5})
    train(out, "law-ngram", "language_model", [1], 0, {"family": "ngram"})
    evaluate(out, "bills-linear", "classify", [1], {"accuracy": 0.5, "macro_f1": 0.375})
    evaluate(out, "bills-again", "classify", [1, 2], {"accuracy": 0.625, "macro_f1": 0.5})
    evaluate(out, "law-ngram", "language_model", [1], {"bits_per_character": 4.25, "perplexity": 19.03})
    for corpus in ("bills", "law"):
        write(out / "ingest" / corpus / "card.json", {"corpus": corpus, "splits": {"train": {"examples": 6}}})
    chosen = {"classify-bills": "bills-again", "language_model-law": "law-ngram"}
    decisions = {
        name: {"champion": champion, "seed": 1, "model": name.replace("_", "-"), "why": f"{champion} is best."}
        for name, champion in chosen.items()
    }
    write(out / "promote" / "decisions.json", decisions)
    return out
