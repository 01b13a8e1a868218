"""The card of one trained model, gathered from `out/`: what `malmoi.model_card` makes Markdown of. What is not there is left out."""

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
WORST, LEAST = 10, 3  # mistakes, and those of each language where texts are in both
LOOKED = 2_000  # mistakes that are looked at, the worst ones
SHORTEST = 20  # characters of a text whose bits per character say something


def facts(run: _runs.Run, name: str = "", why: str = "", commit: str | None = None, examples: list[str] | None = None) -> Facts:
    """All that is known of a run. name: of the registered model; why: it was chosen; commit: of its training, None for the one that is
    checked out, "" where it is not known."""
    corpus, evaluated = str(run.bundle["corpus"]), run.evaluated
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
        costs=_results.costs(run.out / "cost", run.name),
        why=why,
        commit=_lineage.commit().get("mlflow.source.git.commit", "") if commit is None else commit,
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
    """The run's worst test examples with their texts, the worst first; some in each language. [] where predictions or texts are missing."""
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
    return _of_each_language([{**row, "text": known[row["id"]]} for row in worst.to_pylist() if row["id"] in known])


def _of_each_language(worst: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first WORST, but at least the first LEAST in Korean and in English, where there are so many."""
    from malmoi.slices import LANGUAGES, language

    spoken = [language(row["text"]) for row in worst]
    of_each = [[place for place, one in enumerate(spoken) if one == name][:LEAST] for name in LANGUAGES.values()]
    kept = {place for places in of_each if len(places) == LEAST for place in places}
    others = [place for place in range(len(worst)) if place not in kept]
    return [worst[place] for place in sorted([*kept, *others[: WORST - len(kept)]])]


def _wrong(rows: "pa.Table") -> "pa.Table":
    """Wrong answers, the surest first."""
    import pyarrow.compute as pc

    wrong = rows.filter(pc.invert(rows["correct"])).sort_by([("probability", "descending"), ("id", "ascending")])
    return wrong.select(["id", "label", "predicted", "probability"]).slice(0, LOOKED)


def _surprising(rows: "pa.Table") -> "pa.Table":
    """Texts whose characters cost most bits, those of a few characters left out."""
    import pyarrow.compute as pc

    long = rows.filter(pc.greater_equal(rows["characters"], SHORTEST))
    rated = long.append_column("bits_per_character", pc.divide(long["bits"], pc.cast(long["characters"], "float64")))
    return rated.sort_by([("bits_per_character", "descending"), ("id", "ascending")]).select(["id", "bits_per_character"]).slice(0, LOOKED)


def _read(file: Path) -> dict[str, Any]:
    return dict(_results.load(file)) if file.is_file() else {}
