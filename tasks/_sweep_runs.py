"""A sweep in MLflow: one run for the sweep, with its plots and its best values, and in it one run for each trial.

Runs are found again by the sweep's key and the trial's number, so recording twice changes nothing, and a sweep that goes on adds to the
same run.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _lineage, _tracking
from tasks._sweeps import Sweep, page

if TYPE_CHECKING:
    from mlflow.entities import Run as Tracked

STATUS = {"finished": "FINISHED", "pruned": "KILLED", "failed": "FAILED", "interrupted": "KILLED", "running": "RUNNING"}
WHOLE = {"running": "RUNNING", "finished": "FINISHED", "stopped": "KILLED"}
SWEEP, TRIAL, STATE = "malmoi.sweep.key", "malmoi.sweep.trial", "malmoi.sweep.state"
NOTE = "Trials of sweeps: `python -m flows.sweep`. A run is a sweep, with its trials below it."


def record(store: _tracking.Store, sweep: Sweep, files: Sequence[Path]) -> str:
    """Bring MLflow to what the sweep's folder says; files: what goes with the sweep's run. Returns what was done, in words."""
    with store.alone():
        place = _tracking.place(store, "sweeps", sweep.name, {"mlflow.note.content": NOTE})
        known = _known(store, place, sweep.key)
        parent = known.get("") or _begin(store, place, sweep, None, "")
        new = 0
        for trial in sweep.trials:
            there = known.get(str(trial["number"]))
            new += there is None
            if there is None or there.data.tags.get(STATE) != trial["state"] or trial["state"] == "running":
                _trial(store, there or _begin(store, place, sweep, trial, parent.info.run_id), sweep, trial)
        _parent(store, parent, sweep, files)
    return f"{new} new run{'' if new == 1 else 's'}, {len(sweep.trials) - new} known"


def _known(store: _tracking.Store, place: str, key: str) -> dict[str, "Tracked"]:
    """Runs of the sweep that are there, by the trial's number; the sweep's own under ""."""
    found: dict[str, Tracked] = {}
    token = None
    while True:
        runs = store.client.search_runs([place], f"tags.`{SWEEP}` = '{key}'", max_results=1000, page_token=token)
        found |= {run.data.tags.get(TRIAL, ""): run for run in runs}
        token = runs.token
        if not token:
            return found


def _begin(store: _tracking.Store, place: str, sweep: Sweep, trial: Mapping[str, Any] | None, parent: str) -> "Tracked":
    """A new run: the sweep's, or a trial's."""
    tags = {SWEEP: sweep.key, "malmoi.sweep": sweep.name, **_lineage.commit(), "mlflow.source.git.commit": sweep.about["baseline"]}
    if trial is None:
        began = min((one["began"] for one in sweep.trials if one["began"]), default=None)
        return store.client.create_run(place, began, tags=tags, run_name=f"sweep {sweep.name}")
    tags |= {TRIAL: str(trial["number"]), "mlflow.parentRunId": parent}
    return store.client.create_run(place, trial["began"], tags=tags, run_name=f"trial {trial['number']}")


def _trial(store: _tracking.Store, run: "Tracked", sweep: Sweep, trial: Mapping[str, Any]) -> None:
    """Values, scores on the way and score of one trial; the tag that says it is complete comes last."""
    from mlflow.entities import Metric, Param, RunTag

    client, run_id, now = store.client, run.info.run_id, int(time.time() * 1000)
    values = {sweep.shorts[key]: str(value) for key, value in trial["values"].items()}
    params = [Param(name, value) for name, value in values.items() if name not in run.data.params]
    name = str(sweep.about["intermediate"])
    steps = {point.step for point in client.get_metric_history(run_id, name)} if name in run.data.metrics else set()
    metrics = [Metric(name, value, now, step) for step, value in trial["intermediate"] if step not in steps]
    if trial["score"] is not None and sweep.metric not in run.data.metrics:
        metrics.append(Metric(sweep.metric, trial["score"], now, 0))
    stages = trial["stages"] or {}
    said = {"malmoi.sweep.experiment": trial["experiment"], "malmoi.sweep.reason": trial["reason"], "malmoi.sweep.again": trial["again"]}
    said |= {f"malmoi.sweep.{word}": ", ".join(stages[word]) for word in ("ran", "restored") if stages.get(word)}
    tags = [RunTag(key, str(value)[:4000]) for key, value in said.items() if value is not None]
    for start in range(0, max(1, len(metrics)), 900):
        client.log_batch(run_id, metrics[start : start + 900], params[:100], tags)
        params, tags = [], []
    if trial["state"] != "running":
        client.set_terminated(run_id, STATUS[trial["state"]], trial["ended"])
    client.set_tag(run_id, STATE, trial["state"])


def _parent(store: _tracking.Store, run: "Tracked", sweep: Sweep, files: Sequence[Path]) -> None:
    """The sweep's own run: its space, its best values, how the best came about, table and plots."""
    from mlflow.entities import Metric, Param, RunTag

    client, run_id, now = store.client, run.info.run_id, int(time.time() * 1000)
    about, best = sweep.about, next(iter(sweep.ranked), None)
    named = {f"space.{one['short']}": one["said"] for one in about["space"]}
    named |= {"sampler": about["sampler"]["kind"], "seed": about["sampler"]["seed"], "pruner": about["pruner"]["kind"]}
    named |= {"direction": sweep.direction, "targets": ", ".join(about["targets"])}
    params = [Param(name, str(value)) for name, value in named.items() if name not in run.data.params]
    known = {point.step for point in client.get_metric_history(run_id, _best(sweep))} if _best(sweep) in run.data.metrics else set()
    metrics = [Metric(_best(sweep), value, now, step) for step, value in sweep.history if step not in known]
    tags = [RunTag("mlflow.note.content", page(sweep)[:8000])]
    if best is not None:
        winner = {f"best.{sweep.shorts[key]}": value for key, value in best["values"].items()}
        winner |= {"best.trial": best["number"], "best.experiment": best["experiment"], "best.score": best["score"]}
        tags += [RunTag(name, str(value)) for name, value in winner.items()]
    client.log_batch(run_id, metrics[:900], params[:100], tags[:100])
    client.log_dict(run_id, _columns(sweep), "trials.json")
    for file in files:
        client.log_artifact(run_id, os.fspath(file))
    status = WHOLE[about["state"]]
    if status != "RUNNING":
        client.set_terminated(run_id, status, max((one["ended"] for one in sweep.trials if one["ended"]), default=None))
    elif run.info.status != "RUNNING":
        client.update_run(run_id, "RUNNING")


def _best(sweep: Sweep) -> str:
    return f"best_{sweep.metric}"


def _columns(sweep: Sweep) -> dict[str, list[Any]]:
    """Trials as a table that MLflow shows: columns and rows."""
    columns = ["trial", "state", sweep.metric, *sweep.shorts.values()]
    rows = [[one["number"], one["state"], one["score"], *(one["values"].get(key) for key in sweep.shorts)] for one in sweep.trials]
    return {"columns": columns, "data": json.loads(json.dumps(rows))}
