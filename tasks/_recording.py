"""Filling MLflow from `out/`: every trained bundle becomes one complete run, whatever was there before.

A run that is missing is made; one that live tracking began, or that an interrupted `record` left half done, is completed: only epochs,
params and scores that are not there yet are added. The tag `malmoi.recorded` is written last and says what the run was made from, so that
a finished run costs nothing the next time.
"""

import hashlib
import json
import os
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _figures, _lineage, _results, _runs, _tracking

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.entities import Run as Tracked

BATCH = 900  # entries of one request; MLflow takes 1000, of which at most 100 params and 100 tags


def record(store: _tracking.Store, out: Path) -> Counter[str]:
    """Record all bundles under `out`. Returns how many runs were "new", "completed", "unchanged", and "ended" (left over by a crash)."""
    done: Counter[str] = Counter()
    with store.alone():
        known = _known(store)
        locks = _lineage.locks(out)
        for run in _runs.read(out):
            tracked = known.pop(run.identity, None)
            extra = _lineage.tags(run, locks)
            digest = _runs.digest(run, extra)
            if tracked is not None and tracked.data.tags.get("malmoi.recorded") == digest:
                done["unchanged"] += 1
                continue
            done["new" if tracked is None else "completed"] += 1
            _complete(store, run, tracked, _runs.tags(run) | extra | {"malmoi.recorded": digest})
        done["ended"] = _sweep(store, known.values())
    return done


def _known(store: _tracking.Store) -> dict[tuple[str, str, int], "Tracked"]:
    """All runs that this project has recorded, by identity."""
    places = [place.experiment_id for place in _paged(store.client.search_experiments)]
    found: dict[tuple[str, str, int], Tracked] = {}
    if places:
        for run in _paged(store.client.search_runs, places, "tags.`malmoi.key` LIKE '%'"):
            tags = run.data.tags
            found[tags["malmoi.key"], tags.get("malmoi.experiment", ""), int(tags.get("malmoi.seed", 0))] = run
    return found


def _paged(search: Any, *arguments: Any) -> list[Any]:
    found, token = [], None
    while True:
        page = search(*arguments, max_results=1000, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _complete(store: _tracking.Store, run: _runs.Run, tracked: "Tracked | None", tags: dict[str, str]) -> None:
    """Bring one run to what `out/` says."""
    bundle = run.bundle
    place = _tracking.place(store, bundle["problem"], bundle["corpus"], _about(run))
    tracked = tracked or _tracking.begin(store, place, _first(tags))
    run_id = tracked.info.run_id
    _values(store, run_id, tracked, run)
    _inputs(store, tracked, run)
    _artifacts(store, run_id, run)
    last = {"malmoi.recorded": tags.pop("malmoi.recorded")}
    commit = {} if "mlflow.source.git.commit" in tracked.data.tags else _lineage.commit()  # that of the training, where it is known
    _send(store, run_id, tags=commit | tags | {"mlflow.note.content": _runs.describe(run)})
    if tracked.info.status != "FINISHED":
        store.client.set_terminated(run_id, "FINISHED")
    _send(store, run_id, tags=last)


def _first(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags that a run is born with: all that finds it again, but not the one that says it is complete."""
    return {name: value for name, value in tags.items() if name.startswith(("malmoi.", "mlflow.")) and name != "malmoi.recorded"}


def _values(store: _tracking.Store, run_id: str, tracked: "Tracked", run: _runs.Run) -> None:
    """Params, epochs and scores that are missing or differ."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    data, epochs = tracked.data, _runs.epochs(run)
    there = {
        (name, point.step): point.value
        for name in {name for name, _ in epochs} & data.metrics.keys()
        for point in store.client.get_metric_history(run_id, name)
    }
    metrics = [Metric(name, value, now, 0) for name, value in _runs.scores(run).items() if data.metrics.get(name) != value]
    metrics += [Metric(name, value, now, step) for (name, step), value in epochs.items() if there.get((name, step)) != value]
    wanted = _runs.parameters(run.entry, run.pipeline) | {"seed": str(run.bundle["seed"])}
    _send(store, run_id, metrics, {name: value for name, value in wanted.items() if name not in data.params})


def _send(
    store: _tracking.Store, run_id: str, metrics: "Iterable[Metric]" = (), params: Mapping[str, str] = {}, tags: Mapping[str, str] = {}
) -> None:
    """Few large requests instead of many small ones."""
    from mlflow.entities import Param, RunTag

    waiting = list(metrics)
    named = [Param(name, value[:6000]) for name, value in params.items()]
    labels = [RunTag(name, value[:8000]) for name, value in tags.items()]
    while waiting or named or labels:
        store.client.log_batch(run_id, waiting[: BATCH - 200], named[:100], labels[:100])
        waiting, named, labels = waiting[BATCH - 200 :], named[100:], labels[100:]


def _inputs(store: _tracking.Store, tracked: "Tracked", run: _runs.Run) -> None:
    """The corpus as dataset input, one entry per split, with the digest of its data card."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    corpus = str(run.bundle["corpus"])
    card = run.out / "ingest" / corpus / "card.json"
    if not card.is_file() or tracked.inputs.dataset_inputs:
        return
    digest = hashlib.sha256(card.read_bytes()).hexdigest()[:12]
    source = json.dumps({"uri": f"out/ingest/{corpus}"})
    used = {"training": "train", "validation": "valid", "testing": "test"}
    datasets = [
        DatasetInput(
            Dataset(f"{corpus}/{split}", digest, "local", source, profile=_profile(card, split)),
            [InputTag("mlflow.data.context", context)],
        )
        for context, split in used.items()
    ]
    store.client.log_inputs(tracked.info.run_id, datasets)


def _profile(card: Path, split: str) -> str:
    """What the data card says of a split, as MLflow's dataset panel shows it."""
    said = _results.load(card)
    of_split = said.get("splits", {}).get(split) if isinstance(said.get("splits"), dict) else None
    return json.dumps(of_split if of_split is not None else {"card": card.name}, ensure_ascii=False)


def _artifacts(store: _tracking.Store, run_id: str, run: _runs.Run) -> None:
    """Plots, metrics.json and samples, in one go."""
    with tempfile.TemporaryDirectory(prefix="malmoi-") as name:
        folder = Path(name)
        _figures.draw(run, folder)
        for source in _runs.sources(run):
            if source.name == "samples.json":
                (folder / "samples.txt").write_text(_samples(source, int(run.bundle["seed"])), encoding="utf-8")
            elif source.name == "metrics.json":
                (folder / "metrics.json").write_bytes(source.read_bytes())
        if any(folder.iterdir()):
            store.client.log_artifacts(run_id, name)


def _samples(file: Path, seed: int) -> str:
    """Generated texts of one seed, to be read by people."""
    samples = [sample for sample in json.loads(file.read_text(encoding="utf-8")) if int(sample.get("seed", seed)) == seed]
    return "\n\n".join(f"[temperature {sample['temperature']}] {sample['prompt']}▸{sample['text']}" for sample in samples) + "\n"


def _about(run: _runs.Run) -> str:
    """What an MLflow experiment is, in plain words."""
    language = _runs.LANGUAGES.get(str(run.bundle.get("language")), "")
    task = "Which class does a text belong to?" if run.bundle["problem"] == "classify" else "What comes next in a text?"
    primary, better = run.evaluation.get("primary", "the primary metric"), run.evaluation.get("better", "")
    return (
        f"{task} {language} corpus **{run.bundle['corpus']}**. One run is one experiment of `params/` with one seed; compare them by "
        f"`test_{primary}` ({better} is better). The champion is chosen on `valid_{primary}`.\n\n"
        "This page can be rebuilt from `out/` at any time: `python -m tasks record`."
    )


def _sweep(store: _tracking.Store, others: "Iterable[Tracked]") -> int:
    """Runs that say RUNNING but whose writer, on this machine, is no more: mark them KILLED."""
    ended = 0
    for run in others:
        host, _, process = run.data.tags.get("malmoi.writer", "").rpartition(":")
        if run.info.status == "RUNNING" and host == socket.gethostname() and not _alive(int(process)):
            store.client.set_terminated(run.info.run_id, "KILLED")
            ended += 1
    return ended


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
