"""What MLflow shall say of each run, read from `out/` and dvc.lock: nothing here knows MLflow. `_recording.py` brings a store to it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tasks import _artifacts, _lineage, _results, _runs, _seeds, _views

FORMAT = "3"  # what a recorded run looks like; raise it when that changes, so that `record` goes over all runs again
SPLITS = {"training": "train", "validation": "valid", "testing": "test"}  # MLflow's word for each


@dataclass(frozen=True)
class Record:
    """One run.

    group: problem and corpus; page: tags of the MLflow experiment that it stands in; tags: its own, those that find it again among them;
    epochs: (metric, epoch) -> value; scores: what is known at the end; digest: of all that, so that equal means nothing to do; card: the
    corpus's data card; seconds: how long it took; draw: writes artifacts into a folder; commit: tags of the git commit that it is of, where
    nothing says so yet; settled: once recorded it is left as it is.
    """

    group: tuple[str, str]
    page: Mapping[str, str]
    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    epochs: Mapping[tuple[str, int], float]
    scores: Mapping[str, float]
    digest: str
    card: Path | None = None
    seconds: float = 0.0
    draw: Callable[[Path], None] | None = field(default=None, compare=False)
    commit: Callable[[], Mapping[str, str]] = field(default=_lineage.commit, compare=False)
    settled: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """Key, experiment and seed."""
        return tuple(self.tags[name] for name in ("malmoi.key", "malmoi.experiment", "malmoi.seed"))


def read(out: Path) -> Iterator[tuple[Record, list[Record]]]:
    """The run above all seeds of each finished experiment under `out`, and those of its seeds. Raises ConfigError where a file is missing
    or no JSON."""
    locks = _lineage.locks(out)
    for seeds in _seeds.groups(list(_runs.read(out))):
        lineage, files = _lineage.tags(seeds[0], locks), _artifacts.Files(seeds)
        alone = len(seeds) == 1
        below = [replace(_below(run, lineage), draw=files if alone else _artifacts.Files([run])) for run in seeds]
        yield replace(_above(seeds, lineage), draw=files), below


def _above(seeds: Sequence[_runs.Run], lineage: dict[str, str]) -> Record:
    first, scores = seeds[0], _seeds.scores(seeds)
    return Record(
        **_common(first),
        name=first.name,
        tags=_seeds.tags(seeds) | lineage | {"mlflow.note.content": _seeds.describe(seeds)},
        params=_runs.parameters(first.entry, first.pipeline) | {"seeds": ", ".join(run.seed for run in seeds)},
        epochs=_seeds.epochs(seeds),
        scores=scores,
        digest=_digest(lineage, scores, *([run.bundle, run.history, run.cost] for run in seeds), first, _artifacts.sources(seeds)),
        seconds=sum(run.cost.get("seconds", 0.0) for run in seeds),
    )


def _below(run: _runs.Run, lineage: dict[str, str]) -> Record:
    return Record(
        **_common(run),
        name=_runs.title(run.name, run.seed),
        tags=_runs.tags(run) | lineage | {"mlflow.note.content": _runs.describe(run)},
        params=_runs.parameters(run.entry, run.pipeline) | {"seed": run.seed},
        epochs=_runs.epochs(run),
        scores=_runs.scores(run),
        digest=_digest(lineage, run.bundle, run.history, run.cost, run, _artifacts.sources([run])),
        seconds=run.cost.get("seconds", 0.0),
    )


def _common(run: _runs.Run) -> dict[str, Any]:
    group = str(run.bundle["problem"]), str(run.bundle["corpus"])
    card = run.out / "ingest" / group[1] / "card.json"
    return {"group": group, "page": _views.page(run), "card": card if card.is_file() else None}


def _digest(*said: Any) -> str:
    """SHA-256 of what a record is made from."""
    *parts, run, files = said
    total = hashlib.sha256(json.dumps([FORMAT, run.entry, run.pipeline, run.evaluation, run.behaviour, *parts], sort_keys=True).encode())
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()


def datasets(card: Path, corpus: str) -> Iterator[tuple[str, dict[str, str]]]:
    """How a split is used ("training"), and what MLflow's dataset panel says of it: name, digest of its rows, source, profile."""
    said = _results.load(card)
    splits = said["splits"] if isinstance(said.get("splits"), dict) else {}
    whole = hashlib.sha256(card.read_bytes()).hexdigest()
    source = json.dumps({"uri": f"out/ingest/{corpus}"})
    for context, split in SPLITS.items():
        about = splits.get(split, {})
        profile = json.dumps({"num_rows": about.get("examples"), **about}, ensure_ascii=False)
        digest = str(about.get("sha256", whole))[:12]
        yield context, {"name": f"{corpus}/{split}", "digest": digest, "source_type": "local", "source": source, "profile": profile}
