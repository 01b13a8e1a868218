"""Filling MLflow with what `intrinsic` and `grade` measured: one run per entry and content, in the MLflow experiments intrinsic/<corpus>
and tokenizers/<corpus>.

A run's tag `malmoi.intrinsic` is the hash of the entry's folder, so recording twice gives one run, and changed results a new one. The tag
`malmoi.recorded` is written last: a run without it was left half done, and is made anew.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi import experiments
from tasks import _files, _runs, _tracking

if TYPE_CHECKING:
    from mlflow.entities import Run as Tracked

NOTES = {
    "intrinsic": "What features are worth without a model: one run is one entry of table `intrinsic`, as `python -m tasks intrinsic` "
    "measured it.",
    "tokenizers": "Ways to cut the same texts: one run is one entry of table `grades`, as `python -m tasks grade` measured it.",
}
SETTINGS = ("corpus", "tokenizer", "options", "lossless", "language_model_options", "train_texts", "test_texts")  # of a grade


@dataclass(frozen=True)
class Measured:
    """What a run of one entry says. problem: a key of NOTES; stage: the one that measured it; folder: where it left its files."""

    problem: str
    stage: str
    folder: Path
    corpus: str
    params: dict[str, Any]
    metrics: dict[str, float]

    @property
    def tags(self) -> dict[str, str]:
        """By these a run is found again."""
        return {
            "malmoi.intrinsic": experiments.digest(self.folder),
            "malmoi.experiment": self.folder.name,
            "malmoi.corpus": self.corpus,
        }


def record(store: _tracking.Store, out: Path) -> int:
    """Record all entries under `out`/intrinsic and `out`/grades. Returns how many runs are new."""
    found = [_intrinsic(path.parent) for path in sorted(out.glob("intrinsic/*/metrics.json"))]
    found += [_grade(path.parent) for path in sorted(out.glob("grades/*/grade.json"))]
    if not found:
        return 0
    with store.alone():
        return sum(_one(store, measured) for measured in found)


def _intrinsic(folder: Path) -> Measured:
    about = _files.load(folder / "about.json")
    params = {name: about[name] for name in ("corpus", "features", "tokens", "tests", "tokenizer", "feature")}
    return Measured("intrinsic", "intrinsic", folder, about["corpus"], params, dict(numbers(_files.load(folder / "metrics.json"))))


def _grade(folder: Path) -> Measured:
    row = _files.load(folder / "grade.json") | _files.load(folder / "speed.json")
    metrics = {key: float(value) for key, value in row.items() if key not in SETTINGS and value is not None}
    return Measured("tokenizers", "grade", folder, row["corpus"], {key: row[key] for key in SETTINGS}, metrics)


def _one(store: _tracking.Store, measured: Measured) -> bool:
    place = _tracking.place(store, measured.problem, measured.corpus, NOTES[measured.problem])
    there = _alike(store, place, measured.tags)
    if any("malmoi.recorded" in run.data.tags for run in there):
        return False
    for run in there:
        store.client.delete_run(run.info.run_id)
    _make(store, place, measured)
    return True


def _alike(store: _tracking.Store, place: str, tags: Mapping[str, str]) -> "list[Tracked]":
    named = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    return list(store.client.search_runs([place], named))


def _make(store: _tracking.Store, place: str, measured: Measured) -> None:
    from mlflow.entities import Metric, Param

    now, name = int(time.time() * 1000), measured.folder.name
    source = {"mlflow.source.name": f"dvc repro {measured.stage}@{name}", "mlflow.source.type": "PROJECT"}
    run_id = store.client.create_run(place, tags=measured.tags | source, run_name=name).info.run_id
    metrics = [Metric(key, value, now, 0) for key, value in measured.metrics.items()]
    params = _runs.flatten(measured.params)
    store.client.log_batch(run_id, metrics, [Param(key, value[:6000]) for key, value in params.items()])
    store.client.log_artifacts(run_id, str(measured.folder))
    store.client.set_tag(run_id, "malmoi.recorded", measured.tags["malmoi.intrinsic"])
    store.client.set_terminated(run_id, "FINISHED")


def numbers(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """("simlex_spearman", 0.12) and so on; what could not be said is left out."""
    for test, found in metrics.items():
        yield from ((f"{test}_{name}", float(value)) for name, value in found.items() if value is not None)
