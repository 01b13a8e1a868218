"""Filling MLflow from `out/`: every trained bundle becomes one complete run, whatever was there before, below the run of its experiment.

A run that is missing is made; one that live tracking began, or that an interrupted `record` left half done, is completed: only epochs,
params and scores that are not there yet are added. The tag `malmoi.recorded` is written last and says what the run was made from, so that
a finished run costs nothing the next time. What is added bears times that follow from the run's own, so that two processes that add the
same to one run add it once. A run whose epochs say something else than `out/` (the same training came out differently on another machine)
is replaced.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import _abandoned, _kept, _records, _requests, _tracking
from tasks._records import Record

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.entities import Run as Tracked

PATIENCE = 12.0  # seconds that a writer may need to end after its training has ended
DONE, PARENT = "malmoi.recorded", "mlflow.parentRunId"


def record(store: _tracking.Store, out: Path) -> Counter[str]:
    """Record all bundles under `out`, and champions of earlier trainings. Returns how many runs were "new", "completed", "unchanged", and
    "ended" (left over by a crash)."""
    return fill(store, chain(_records.read(out), _kept.records(out)))


def fill(store: _tracking.Store, records: Iterable[tuple[Record, Sequence[Record]]]) -> Counter[str]:
    """Bring the store to these runs, each with those below it; and end what crashes have left. Returns as `record`."""
    done: Counter[str] = Counter()
    with store.alone():
        known = _known(store)
        for above, below in records:
            parent = _settle(store, above, known.pop(above.identity, None), "", done)
            for one in below:
                _settle(store, one, known.pop(one.identity, None), parent, done)
        done["ended"] = _abandoned.end(store, known.values())
    return done


def _known(store: _tracking.Store) -> "dict[tuple[str, ...], Tracked]":
    """All runs that this project has recorded, by identity."""
    places = [place.experiment_id for place in _requests.paged(store.client.search_experiments)]
    found: dict[tuple[str, ...], Tracked] = {}
    runs = _requests.paged(store.client.search_runs, places, "tags.`malmoi.key` LIKE '%'") if places else []
    for run in sorted(runs, key=_tracking.age):
        kept = found.setdefault(tuple(run.data.tags.get(name, "") for name in _tracking.IDENTITY), run)
        if kept is not run and kept.info.experiment_id == run.info.experiment_id:  # two processes made it, and neither saw the other's
            store.client.delete_run(run.info.run_id)
    return found


def _settle(store: _tracking.Store, one: Record, tracked: "Tracked | None", parent: str, done: "Counter[str]") -> str:
    """Bring one run to what `out/` says, and count what that was. Returns its id."""
    if tracked is not None and _complete(tracked, one, parent):
        done["unchanged"] += 1
        return str(tracked.info.run_id)
    done["new" if tracked is None else "completed"] += 1
    place = _requests.again(lambda: _tracking.place(store, *one.group, one.page))
    run_id = tracked.info.run_id if tracked is not None else ""

    def once() -> str:
        found = store.client.get_run(run_id) if run_id else None
        if found is None or found.info.lifecycle_stage == "deleted":  # another process's double may have stayed in its place
            found = _tracking.begin(store, place, _first(one, parent), name=one.name)
        return _fill(store, found, one, parent)

    return _requests.again(once)


def _complete(tracked: "Tracked", one: Record, parent: str) -> bool:
    tags = tracked.data.tags
    same = DONE in tags if one.settled else tags.get(DONE) == one.digest
    return same and tags.get(PARENT, "") == parent and tracked.info.status == "FINISHED"


def _fill(store: _tracking.Store, tracked: "Tracked", one: Record, parent: str) -> str:
    """Params, epochs, scores, inputs and artifacts that are missing; the tag that says so comes last."""
    tracked = _quiet(store, tracked)
    there = _history(store, tracked, {name for name, _ in one.epochs})
    if any(one.epochs.get(place) != point.value for place, point in there.items()):
        store.client.delete_run(tracked.info.run_id)
        tracked, there = _tracking.begin(store, tracked.info.experiment_id, _first(one, parent), name=one.name), {}
    run_id = str(tracked.info.run_id)
    commit = {} if "mlflow.source.git.commit" in tracked.data.tags else dict(one.commit())  # that of the training, where it is known
    above = {PARENT: parent} if parent else {}
    params = {name: value for name, value in one.params.items() if name not in tracked.data.params}
    _requests.send(store, run_id, _missing(store, tracked, one, there), params, commit | dict(one.tags) | above)
    _inputs(store, tracked, one)
    _artifacts(store, run_id, one)
    if tracked.info.status != "FINISHED":
        end = None if _abandoned.WRITER in tracked.data.tags else tracked.info.start_time + int(one.seconds * 1000)
        store.client.set_terminated(run_id, "FINISHED", end)  # so that the run table says how long training took, not recording
    store.client.set_tag(run_id, DONE, one.digest)
    return run_id


def _quiet(store: _tracking.Store, tracked: "Tracked") -> "Tracked":
    """The run as it is once its writer has ended: after a training that has ended it needs seconds at most."""
    until = time.monotonic() + PATIENCE
    while tracked.info.status == "RUNNING" and _abandoned.alive(tracked) and time.monotonic() < until:
        time.sleep(0.2)
        tracked = store.client.get_run(tracked.info.run_id)
    return tracked


def _first(one: Record, parent: str) -> dict[str, str]:
    """Tags that a run is born with: all that finds it again."""
    return {name: value for name, value in one.tags.items() if name.startswith(("malmoi.", "mlflow."))} | (
        {PARENT: parent} if parent else {}
    )


def _history(store: _tracking.Store, tracked: "Tracked", names: set[str]) -> "dict[tuple[str, int], Metric]":
    """(metric, epoch) -> what the run has of it."""
    points = {name: store.client.get_metric_history(tracked.info.run_id, name) for name in names & tracked.data.metrics.keys()}
    return {(name, point.step): point for name, found in points.items() for point in found}


def _missing(store: _tracking.Store, tracked: "Tracked", one: Record, there: "Mapping[tuple[str, int], Metric]") -> "Iterator[Metric]":
    """Epochs and scores that are not there, or differ."""
    from mlflow.entities import Metric

    began, run_id = int(tracked.info.start_time), tracked.info.run_id
    known = {0: began} | {point.step: point.timestamp for point in there.values()}
    for (name, epoch), value in one.epochs.items():
        if (name, epoch) not in there:  # in order of time after the last one before it that is there
            before = max(step for step in known if step <= epoch)
            yield Metric(name, value, known[before] + epoch - before, epoch)
    for name, value in one.scores.items():
        if name not in tracked.data.metrics:
            yield Metric(name, value, began, 0)
        elif tracked.data.metrics[name] != value:  # the newest of a step is the one that counts
            yield Metric(name, value, 1 + max(point.timestamp for point in store.client.get_metric_history(run_id, name)), 0)


def _inputs(store: _tracking.Store, tracked: "Tracked", one: Record) -> None:
    """The corpus as dataset input, one entry per split."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    if one.card is not None and not tracked.inputs.dataset_inputs:
        described = _records.datasets(one.card, one.group[1])
        inputs = [DatasetInput(Dataset(**said), [InputTag("mlflow.data.context", context)]) for context, said in described]
        store.client.log_inputs(tracked.info.run_id, inputs)


def _artifacts(store: _tracking.Store, run_id: str, one: Record) -> None:
    """Plots, metrics.json and samples, in one go."""
    if one.draw is None:
        return
    with tempfile.TemporaryDirectory(prefix="malmoi-") as name:
        one.draw(Path(name))
        if any(Path(name).iterdir()):
            store.client.log_artifacts(run_id, name)
