"""What a tracked run says, read from `out/` alone: nothing here knows MLflow.

One run is one trained bundle (`out/train/NAME/seed-S/`), with its history and, once evaluated, its scores. Because everything comes from
files that DVC makes, a tracking server can be filled again from a clone at any time.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import _results

FORMAT = "1"  # what a recorded run looks like; raise it when that changes, so that `record` goes over all runs again
COUNTS = {"tokens", "characters", "bytes"}  # sizes of the test set, not scores: they stay in metrics.json
LANGUAGES = {"ko": "Korean", "en": "English"}


@dataclass(frozen=True)
class Run:
    """One trained bundle. out: the folder of all outputs; bundle, entry, pipeline, evaluation: bundle.json, experiment.json,
    pipeline.json and metrics.json (empty where not evaluated yet); history: rows of history.csv for this seed."""

    out: Path
    bundle: dict[str, Any]
    entry: dict[str, Any]
    pipeline: dict[str, Any]
    history: list[dict[str, str]]
    evaluation: dict[str, Any]

    @property
    def identity(self) -> tuple[str, str, int]:
        """Key, experiment and seed: two runs with the same identity are one run."""
        return (str(self.bundle["key"]), self.name, int(self.bundle["seed"]))

    @property
    def name(self) -> str:
        """The experiment's name, as in params/."""
        return str(self.bundle["experiment"])

    @property
    def evaluated(self) -> Path:
        """Folder of the experiment's evaluation."""
        return self.out / "evaluate" / self.name


def read(out: Path) -> Iterator[Run]:
    """All bundles of finished trainings under `out`, by experiment and seed. Raises ConfigError where a file is missing or no JSON."""
    late = unfinished(out)
    for file in sorted(out.glob("train/*/seed-*/bundle.json")):
        if file.parents[1].name in late:
            continue
        bundle = _results.load(file)
        experiment = file.parents[1]
        scores = out / "evaluate" / str(bundle["experiment"]) / "metrics.json"
        yield Run(
            out=out,
            bundle=bundle,
            entry=_results.load(experiment / "experiment.json"),
            pipeline=_results.load(file.with_name("pipeline.json")),
            history=[row for row in _results.table(experiment / "history.csv") if int(row["seed"]) == int(bundle["seed"])],
            evaluation=_results.load(scores) if scores.is_file() else {},
        )


def unfinished(out: Path) -> set[str]:
    """Experiments that are being trained, or whose training broke off: `train` writes experiment.json last."""
    return {folder.name for folder in out.glob("train/*") if not (folder / "experiment.json").is_file()}


def group(problem: str, corpus: str) -> str:
    """Name of the MLflow experiment: runs that may be compared stand together."""
    return f"{problem}/{corpus}"


def title(experiment: str, seed: int) -> str:
    """Name of the MLflow run."""
    return f"{experiment} · seed {seed}"


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
    """Final metrics of this seed: test_accuracy, valid_bits_per_character, ..., and the number of the model's parameters."""
    final: dict[str, float] = {}
    for split in ("test", "valid"):
        of_seed = run.evaluation.get(split, {}).get("seeds", {}).get(str(run.bundle["seed"]), {})
        kept = {name: value for name, value in of_seed.items() if name not in COUNTS and isinstance(value, int | float)}
        final |= {f"{split}_{name}": float(value) for name, value in kept.items() if math.isfinite(value)}
    return final | {"model_parameters": float(run.bundle.get("parameters") or 0)}


def tags(run: Run) -> dict[str, str]:
    """Tags that say what a run is; the first ones are columns worth choosing in the run table."""
    bundle = run.bundle
    return {
        "malmoi.key": str(bundle["key"]),
        "malmoi.experiment": run.name,
        "malmoi.seed": str(bundle["seed"]),
        "malmoi.problem": str(bundle["problem"]),
        "malmoi.corpus": str(bundle["corpus"]),
        "malmoi.language": str(bundle.get("language", "")),
        "malmoi.family": str(bundle.get("family", "")),
    }


def sources(run: Run) -> list[Path]:
    """Files that plots and samples are drawn from, those that are there."""
    places = [run.evaluated / name for name in ("metrics.json", "confusion.csv", "position.csv", "samples.json")]
    return [place for place in places if place.is_file()]


def digest(run: Run, other: Mapping[str, str]) -> str:
    """SHA-256 of all that would be recorded (`other`: tags from outside `out/`): equal means that there is nothing to do."""
    said = [FORMAT, run.bundle, run.entry, run.pipeline, run.history, run.evaluation, dict(other)]
    total = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for file in sources(run):
        total.update(file.read_bytes())
    return total.hexdigest()


def describe(run: Run) -> str:
    """A run in plain words, for its page."""
    bundle, tokenizer, feature = run.bundle, run.pipeline.get("tokenizer", {}), run.pipeline.get("feature", {})
    language = LANGUAGES.get(str(bundle.get("language")), str(bundle.get("language")))
    size = f"{bundle['parameters']:,} parameters" if bundle.get("parameters") else "size unknown"
    lines = [
        (
            f"**{run.name}**, seed {bundle['seed']}: a {bundle.get('family')} model ({size}) on the {language} corpus "
            f"*{bundle['corpus']}*, text cut by *{tokenizer.get('name')}*, given to the model as *{feature.get('kind')}*."
        ),
        _result(run.evaluation),
        f"Make it again: `dvc repro train@{run.name}`. Everything here comes from `out/`: `python -m tasks record`.",
    ]
    return "\n\n".join(line for line in lines if line)


def _result(evaluation: Mapping[str, Any]) -> str:
    primary = evaluation.get("primary")
    test = evaluation.get("test", {})
    if primary is None or test.get("mean", {}).get(primary) is None:
        return "Not evaluated yet."
    low, high = (test.get("interval", {}).get(primary) or [None, None])[:2]
    interval = f", 95 % interval {low:.4f} to {high:.4f}" if isinstance(low, float) and isinstance(high, float) else ""
    seeds = len(test.get("seeds", {}))
    return (
        f"Test {primary} {test['mean'][primary]:.4f} (mean of {seeds} seed{'s' if seeds > 1 else ''}{interval}); "
        f"{evaluation.get('better')} is better."
    )
