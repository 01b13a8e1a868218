"""The card of one trained model, gathered from `out/`: what `malmoi.model_card` makes Markdown of. What is not there is left out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi import model_card
from malmoi.model_card import Facts
from tasks import _lineage, _results, _runs

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "model-card.md"
ROOM = 4_900  # characters of a version's description; MLflow's column on PostgreSQL has 5000
TABLES = ("classes", "calibration", "length", "unknown", "frequency")
WORST = 10  # mistakes
SHORTEST = 20  # characters of a text whose bits per character say something


def facts(run: _runs.Run, name: str = "", why: str = "", commit: str = "", examples: list[str] | None = None) -> Facts:
    """All that is known of a run. name: of the registered model; why: it was chosen; commit: of its training, where that is known."""
    corpus, evaluated = str(run.bundle["corpus"]), run.evaluated
    costs = _results.costs(run.out / "cost", run.name)
    tags = _lineage.tags(run, _lineage.locks(run.out))
    return Facts(
        name=name,
        bundle=run.bundle,
        entry=run.entry,
        pipeline=run.pipeline,
        evaluation=run.evaluation,
        data=_read(run.out / "ingest" / corpus / "card.json"),
        tables={table: _results.table(evaluated / f"{table}.csv") for table in TABLES},
        behaviour=_read(evaluated / "behaviour.json"),
        mistakes=mistakes(run),
        training=costs.get("train", {}),
        answering=costs.get("evaluate", {}),
        why=why,
        commit=commit or _lineage.commit().get("mlflow.source.git.commit", ""),
        hashes={tag.split(".", 2)[2]: value for tag, value in tags.items() if tag.startswith("dvc.")},
        examples=examples or [],
    )


def render(known: Facts) -> str:
    """The whole card."""
    return model_card.render(known)


def brief(known: Facts) -> str:
    """The card as a version's description."""
    return model_card.brief(known, ROOM)


def mistakes(run: _runs.Run) -> list[dict[str, Any]]:
    """The run's worst test examples with their texts, the worst first; [] where predictions or texts are not there."""
    predictions, texts = run.evaluated / "predictions.parquet", run.out / "ingest" / str(run.bundle["corpus"]) / "test.parquet"
    if not predictions.is_file() or not texts.is_file():
        return []
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    rows = pq.read_table(predictions)
    rows = rows.filter(pc.equal(rows["seed"], int(run.bundle["seed"])))
    worst = _wrong(rows) if run.bundle["problem"] == "classify" else _surprising(rows)
    whole = pq.read_table(texts, columns=["id", "text"])
    found = whole.filter(pc.is_in(whole["id"], pc.cast(worst["id"], whole["id"].type).combine_chunks()))
    known = dict(zip(found["id"].to_pylist(), found["text"].to_pylist(), strict=True))
    return [{**row, "text": known[row["id"]]} for row in worst.to_pylist() if row["id"] in known]


def _wrong(rows: "pa.Table") -> "pa.Table":
    """Wrong answers, the surest first."""
    import pyarrow.compute as pc

    wrong = rows.filter(pc.invert(rows["correct"])).sort_by([("probability", "descending"), ("id", "ascending")])
    return wrong.select(["id", "label", "predicted", "probability"]).slice(0, WORST)


def _surprising(rows: "pa.Table") -> "pa.Table":
    """Texts whose characters cost most bits, those of a few characters left out."""
    import pyarrow.compute as pc

    long = rows.filter(pc.greater_equal(rows["characters"], SHORTEST))
    rated = long.append_column("bits_per_character", pc.divide(long["bits"], pc.cast(long["characters"], "float64")))
    return rated.sort_by([("bits_per_character", "descending"), ("id", "ascending")]).select(["id", "bits_per_character"]).slice(0, WORST)


def find(out: Path, name: str, seed: int | None) -> tuple[_runs.Run, Mapping[str, Any]]:
    """The run that `name` means, an experiment or a registered model, and its decision ({} where it is no champion).

    seed: None for the champion's, else for the experiment's first. Raises ConfigError where there is no such model.
    """
    from malmoi.config import ConfigError
    from malmoi.registry import suggest

    file = out / "promote" / "decisions.json"
    decisions = {str(one.get("model", key)): one for key, one in (_results.load(file) if file.is_file() else {}).items()}
    named: Iterator[Mapping[str, Any]] = (one for one in decisions.values() if one.get("champion") == name)
    decision = decisions.get(name) or next(named, {})
    experiment = str(decision.get("champion") or name) if name in decisions else name
    runs = {int(run.bundle["seed"]): run for run in _runs.read(out) if run.name == experiment}
    if not runs:
        known = [*decisions, *sorted({run.name for run in _runs.read(out)})]
        raise ConfigError(f"{out}: no trained experiment and no registered model is called {name!r}{suggest(name, known)}")
    chosen = seed if seed is not None else int(decision.get("seed") or min(runs))
    if chosen not in runs:
        raise ConfigError(f"{out}: {experiment} has no seed {chosen}; there are: {', '.join(map(str, runs))}")
    return runs[chosen], decision if decision.get("seed") == chosen else {}


def _read(file: Path) -> dict[str, Any]:
    return dict(_results.load(file)) if file.is_file() else {}
