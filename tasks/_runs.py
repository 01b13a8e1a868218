"""What a tracked run says, read from `out/` alone: nothing here knows MLflow.

One run is one trained bundle (`out/train/NAME/seed-S/`), with its history and, once evaluated, its scores; the run above all seeds of an
experiment is `_seeds.py`'s. Because everything comes from files that DVC makes, a tracking server can be filled again from a clone at any
time.
"""

import json
import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from malmoi.scores import score as metric
from tasks import _results

ALL = "all"  # the tag `malmoi.seed` of the run above an experiment's seeds
COUNTS = {"tokens", "characters", "bytes"}  # sizes of the test set, not scores: they stay in metrics.json
LANGUAGES = {"ko": "Korean", "en": "English"}


@dataclass(frozen=True)
class Run:
    """One trained bundle. out: the folder of all outputs; bundle, entry, pipeline, evaluation: bundle.json, experiment.json, pipeline.json
    and metrics.json (empty where not evaluated yet); history: rows of history.csv for this seed; cost: what its training cost (empty where
    that is not known); behaviour: behaviour.json (empty where it was not asked)."""

    out: Path
    bundle: dict[str, Any]
    entry: dict[str, Any]
    pipeline: dict[str, Any]
    history: list[dict[str, str]]
    evaluation: dict[str, Any]
    cost: dict[str, Any]
    behaviour: dict[str, Any]

    @property
    def recipe(self) -> str:
        """Key of all seeds of the experiment together."""
        return str(self.bundle["recipe"])

    @property
    def seed(self) -> str:
        """Its seed, as a tag says it."""
        return str(self.bundle["seed"])

    @property
    def name(self) -> str:
        """The experiment's name, as in params/."""
        return str(self.bundle["experiment"])

    @property
    def evaluated(self) -> Path:
        """Folder of the experiment's evaluation."""
        return self.out / "evaluate" / self.name


def read(out: Path) -> Iterator[Run]:
    """All bundles of finished trainings under `out`, by experiment and seed. Raises ConfigError where a file is missing or no JSON, or of
    an older version of this project."""
    late = unfinished(out)
    for file in sorted(out.glob("train/*/seed-*/bundle.json")):
        if file.parents[1].name in late:
            continue
        bundle = _results.load(file)
        if "recipe" not in bundle:
            raise ConfigError(f"{file}: made by an older version of this project (it has no 'recipe'); make it again: dvc repro")
        experiment = file.parents[1]
        evaluated = out / "evaluate" / str(bundle["experiment"])
        yield Run(
            out=out,
            bundle=bundle,
            entry=_results.load(experiment / "experiment.json"),
            pipeline=_results.load(file.with_name("pipeline.json")),
            history=[row for row in _results.table(experiment / "history.csv") if int(row["seed"]) == int(bundle["seed"])],
            evaluation=_given(evaluated / "metrics.json"),
            cost=_cost(out / "cost" / "train" / f"{bundle['experiment']}.json", str(bundle["seed"])),
            behaviour=_given(evaluated / "behaviour.json"),
        )


def _given(file: Path) -> dict[str, Any]:
    return dict(_results.load(file)) if file.is_file() else {}


def _cost(file: Path, seed: str) -> dict[str, Any]:
    return dict(_given(file).get("seeds", {}).get(seed, {}))


def unfinished(out: Path) -> set[str]:
    """Experiments that are being trained, or whose training broke off: `train` writes experiment.json last."""
    return {folder.name for folder in out.glob("train/*") if not (folder / "experiment.json").is_file()}


def group(problem: str, corpus: str) -> str:
    """Name of the MLflow experiment: runs that may be compared stand together."""
    return f"{problem}/{corpus}"


def title(experiment: str, seed: int | str) -> str:
    """Name of the MLflow run: "bills-gru · seed 1"; of the run above its seeds, the experiment's."""
    return experiment if seed == ALL else f"{experiment} · seed {seed}"


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as MLflow params: {"model": {"units": 64}} gives {"model.units": "64"}."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        elif value is not None:
            flat[prefix + name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return flat


def parameters(entry: Mapping[str, Any], pipeline: Mapping[str, Any]) -> dict[str, str]:
    """Params of a run: the experiment's entry and how text becomes numbers, in names that read well side by side."""
    tokenizer, feature = pipeline.get("tokenizer", {}), pipeline.get("feature", {})
    chosen = {name: entry[name] for name in ("corpus", "features", "model", "training") if name in entry}
    if pipeline:
        chosen["tokenizer"] = {"name": tokenizer.get("name"), **tokenizer.get("options", {})}
        chosen["feature"] = {"kind": feature.get("kind"), **feature.get("options", {})}
    return flatten(chosen)


def epochs(run: Run) -> dict[tuple[str, int], float]:
    """(metric, epoch) -> value, for what training wrote after every epoch."""
    values = {}
    for row in run.history:
        named = {name: text for name, text in row.items() if name not in ("seed", "epoch") and text}
        values.update({(name, int(row["epoch"])): float(text) for name, text in named.items()})
    return {place: value for place, value in values.items() if math.isfinite(value)}


def scores(run: Run) -> dict[str, float]:
    """Final metrics of this seed: test_accuracy, valid_bits_per_character, ..., shares of behavioural tests passed, the seconds that
    training took, and the number of the model's parameters."""
    final: dict[str, float] = {}
    for split in ("test", "valid"):
        of_seed = run.evaluation.get(split, {}).get("seeds", {}).get(str(run.bundle["seed"]), {})
        kept = {name: value for name, value in of_seed.items() if name not in COUNTS and isinstance(value, int | float)}
        final |= {f"{split}_{name}": float(value) for name, value in kept.items() if math.isfinite(value)}
    spent = {"train_seconds": float(run.cost["seconds"])} if "seconds" in run.cost else {}
    return final | passed(run) | spent | {"model_parameters": float(run.bundle.get("parameters") or 0)}


def passed(run: Run) -> dict[str, float]:
    """Share of cases of behavioural tests (0 to 1) in which this seed did what is asked: behaviour_passed, the mean over tests, and that of
    each kind (behaviour_passed_invariance, ...); {} where it was not asked."""
    found: dict[str, list[float]] = {}
    for test in run.behaviour.get("tests", {}).values():
        failures = test.get("seeds", {}).get(run.seed)
        for name in ("behaviour_passed", f"behaviour_passed_{test['kind']}") if failures is not None else ():
            found.setdefault(name, []).append(1 - failures / test["cases"])
    return {name: statistics.fmean(shares) for name, shares in sorted(found.items())}


def tags(run: Run) -> dict[str, str]:
    """Tags that say what a run is; the first ones find it again."""
    return {"malmoi.key": str(run.bundle["key"]), "malmoi.experiment": run.name, "malmoi.seed": run.seed} | shared(run)


def shared(run: Run) -> dict[str, str]:
    """Tags that all seeds of its experiment have in common."""
    bundle = run.bundle
    said = {name: str(bundle.get(name, "")) for name in ("problem", "corpus", "language", "family")}
    return {"malmoi.stage": "train", "malmoi.recipe": run.recipe, **{f"malmoi.{name}": value for name, value in said.items()}}


def describe(run: Run) -> str:
    """A run in plain words, for its page."""
    primary = run.evaluation.get("primary")
    score = scores(run).get(f"test_{primary}")
    lines = [
        f"Seed {run.seed} of {introduce(run)}",
        f"Test {primary} {score:.4f}; {metric(str(primary)).better} is better." if score is not None else "Not evaluated yet.",
        "Its parent run has the mean of all seeds, how far they lie apart, and their curves side by side.",
        again(run),
    ]
    return "\n\n".join(lines)


def introduce(run: Run) -> str:
    """What was trained on what."""
    bundle, tokenizer, feature = run.bundle, run.pipeline.get("tokenizer", {}), run.pipeline.get("feature", {})
    language = LANGUAGES.get(str(bundle.get("language")), str(bundle.get("language")))
    size = f"{bundle['parameters']:,} parameters" if bundle.get("parameters") else "size unknown"
    return (
        f"**{run.name}**: a {bundle.get('family')} model ({size}) on the {language} corpus *{bundle['corpus']}*, text cut by "
        f"*{tokenizer.get('name')}*, given to the model as *{feature.get('kind')}*."
    )


def again(run: Run) -> str:
    """How to make the run's files, and its page, again."""
    return f"Make it again: `dvc repro train@{run.name}`. Everything here comes from `out/`: `python -m tasks record`."
