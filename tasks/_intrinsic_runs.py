"""What `intrinsic` and `grade` measured, as runs in the MLflow experiments intrinsic/<corpus> and tokenizers/<corpus>.

A run's key is the hash of the entry's folder, so that recording twice gives one run, and changed results a new one.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from malmoi import experiments
from tasks import _files, _recording, _records, _runs, _tracking

NOTES = {
    "intrinsic": "What features are worth without a model: one run is one entry of table `intrinsic`, as `python -m tasks intrinsic` "
    "measured it.",
    "tokenizers": "Ways to cut the same texts: one run is one entry of table `grades`, as `python -m tasks grade` measured it.",
}
SETTINGS = ("corpus", "tokenizer", "options", "lossless", "language_model_options", "train_texts", "test_texts")  # of a grade


def record(store: _tracking.Store, out: Path) -> Counter[str]:
    """Record all entries under `out`/intrinsic and `out`/grades. Returns as `_recording.record`."""
    found = [_intrinsic(path.parent) for path in sorted(out.glob("intrinsic/*/metrics.json"))]
    found += [_grade(path.parent) for path in sorted(out.glob("grades/*/grade.json"))]
    return _recording.fill(store, ((one, ()) for one in found)) if found else Counter()


def _intrinsic(folder: Path) -> _records.Record:
    about = _files.load(folder / "about.json")
    params = {name: about[name] for name in ("corpus", "features", "tokens", "tests", "tokenizer", "feature")}
    return _measured(("intrinsic", about["corpus"]), "intrinsic", folder, params, dict(numbers(_files.load(folder / "metrics.json"))))


def _grade(folder: Path) -> _records.Record:
    row = _files.load(folder / "grade.json") | _files.load(folder / "speed.json")
    scores = {key: float(value) for key, value in row.items() if key not in SETTINGS and value is not None}
    return _measured(("tokenizers", row["corpus"]), "grade", folder, {key: row[key] for key in SETTINGS}, scores)


def _measured(group: tuple[str, str], stage: str, folder: Path, params: Mapping[str, Any], scores: Mapping[str, float]) -> _records.Record:
    """The run of one entry. group: a key of NOTES, and a corpus; stage: the one that measured it; folder: where it left its files."""
    key = experiments.digest(folder)
    tags = {
        "malmoi.key": key,
        "malmoi.experiment": folder.name,
        "malmoi.seed": _runs.ALL,
        "malmoi.stage": stage,
        "malmoi.corpus": group[1],
        "mlflow.source.name": f"dvc repro {stage}@{folder.name}",
        "mlflow.source.type": "PROJECT",
    }
    return _records.Record(
        group=group,
        page={"mlflow.note.content": NOTES[group[0]]},
        name=folder.name,
        tags=tags,
        params=_runs.flatten(params),
        epochs={},
        scores=scores,
        digest=f"{_records.FORMAT} {key}",
        draw=partial(_copy, folder),
    )


def _copy(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, dirs_exist_ok=True)


def numbers(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """("simlex_spearman", 0.12) and so on; what could not be said is left out."""
    for test, found in metrics.items():
        yield from ((f"{test}_{name}", float(value)) for name, value in found.items() if value is not None)
