"""Runs in MLflow: where its store is, how a run is found or begun, and the live run of a training. MLflow is a view that `record` can
rebuild from `out/`.

`MLFLOW_TRACKING_URI` says where; without it the store is `mlflow.db` in the project, with `mlartifacts/` beside it. Only `_store.py` and
those that take a `Store` from here import mlflow.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tasks import _runs, _store
from tasks._store import Store

if TYPE_CHECKING:
    from mlflow.entities import Experiment
    from mlflow.entities import Run as Tracked

    from tasks._live import Live

__all__ = ["ROOT", "Identity", "Store", "address", "age", "alike", "begin", "live", "place", "store"]

ROOT = Path(__file__).resolve().parents[1]
IDENTITY = ("malmoi.key", "malmoi.experiment", "malmoi.seed")  # tags that make two runs one


class Identity(TypedDict):
    """What makes a training one run. recipe: the key of all seeds together."""

    key: str
    recipe: str
    experiment: str
    seed: int
    problem: str
    corpus: str


def live(*, params: Mapping[str, Any], **identity: Unpack[Identity]) -> "Live":
    """The live run of one training: `with live(key=..., ...) as run: run.epoch(1, {"train_loss": 0.7}, 2.5)`; params: the experiment's
    entry. It never raises, waits or fails training; `MALMOI_TRACKING=off` switches it off.
    """
    from tasks._live import Live

    return Live({**identity, "params": dict(params), "began": int(time.time() * 1000)})


def address() -> str:
    """The tracking URI: `MLFLOW_TRACKING_URI`, else mlflow.db in the project root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{ROOT / 'mlflow.db'}"


def store() -> Store:
    """The store at `address`, made if it is not there. Raises UnreachableError, saying why."""
    return _store.open_at(address())


def place(store: Store, problem: str, corpus: str, tags: Mapping[str, str] = {}) -> str:
    """Id of the MLflow experiment for a problem and a corpus; made, with artifacts beside a local store, where it is not there. tags: what
    its page says (`mlflow.note.content`) and so on; "{experiment_id}" in them is replaced."""
    found = store.client.get_experiment_by_name(_runs.group(problem, corpus)) or _new_place(store, problem, corpus)
    if found.lifecycle_stage != "active":
        store.client.restore_experiment(found.experiment_id)
    for tag, value in tags.items():
        said = value.replace("{experiment_id}", str(found.experiment_id))
        if found.tags.get(tag) != said:
            store.client.set_experiment_tag(found.experiment_id, tag, said)
    return str(found.experiment_id)


def _new_place(store: Store, problem: str, corpus: str) -> "Experiment":
    from mlflow.exceptions import MlflowException

    name = _runs.group(problem, corpus)
    artifacts = (store.folder / "mlartifacts" / problem / corpus).as_uri() if store.folder else None
    try:
        store.client.create_experiment(name, artifacts, {"mlflow.experimentKind": "custom_model_development"})
    except MlflowException:
        if store.client.get_experiment_by_name(name) is None:
            raise
    return store.client.get_experiment_by_name(name)  # another process may have been faster


def begin(store: Store, experiment_id: str, tags: Mapping[str, str], start: int | None = None, name: str = "") -> "Tracked":
    """The run with the identity that `tags` say; a new one where there is none (start: when it began, ms since 1970; None: now).

    Two processes may make it at the same time on a server, so after making it we look again: the older one stays, younger ones go. Whoever
    was at work on one that went finds it deleted, and asks for this again.
    """
    with store.alone("beginning", quiet=True):
        found = alike(store, experiment_id, tags)
        if not found:
            name = name or _runs.title(tags["malmoi.experiment"], tags["malmoi.seed"])
            made = store.client.create_run(experiment_id, start, tags=dict(tags), run_name=name)
            found = [made] if store.folder else alike(store, experiment_id, tags)
    for double in found[1:]:
        store.client.delete_run(double.info.run_id)
    return found[0]


def alike(store: Store, experiment_id: str, tags: Mapping[str, str]) -> list["Tracked"]:
    """Runs with this identity, the oldest first: one, unless two processes made it at the same moment. Raises KeyError where `tags` lacks
    a part of it."""
    named = [f"tags.`{name}` = '{tags[name]}'" for name in IDENTITY]
    found = store.client.search_runs([experiment_id], " and ".join(named))
    return sorted(found, key=age)


def age(run: "Tracked") -> tuple[int, str]:
    """Sorts runs, the oldest first, for everybody alike."""
    return int(run.info.start_time), str(run.info.run_id)
