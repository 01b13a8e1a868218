"""MLflow's store: where it is, how it is opened, and how a run is found or begun. MLflow is a view that `record` can rebuild from `out/`.

`MLFLOW_TRACKING_URI` says where; without it the store is `mlflow.db` in the project, with `mlartifacts/` beside it. This file and those
that take a `Store` from it (`_writer`, `_recording`, `_intrinsic_runs`, `_registry`; and `_served`, which is shipped) alone import mlflow.
"""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tasks import _failures, _runs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as Tracked

    from tasks._live import Live

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {  # a person's own settings win
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


class Identity(TypedDict):
    """What makes a training one run."""

    key: str
    experiment: str
    seed: int
    problem: str
    corpus: str


@dataclass(frozen=True)
class Store:
    """An open tracking store. folder: where a local store lies; None for a server, which decides by itself where artifacts go."""

    client: "MlflowClient"
    uri: str
    folder: Path | None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One recorder at a time on a local store; a server is shared, and duplicates are mended there (see `begin`)."""
        if self.folder is None:
            yield
        else:
            with locked(self.folder / "mlflow.db.recording"):
                yield


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
    """Open the store, making it if it is not there. Raises UnreachableError, saying why.

    Several processes that open a new SQLite file at once break it for good (mlflow 3.17.2), hence the lock. So does one that is killed
    while it makes the tables, hence the other name until they are there. In WAL mode readers (the UI) and writers do not wait for each
    other.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    uri = address()
    database = _database(uri)
    if database is None:
        return Store(_open(uri), uri, None)
    with locked(database.with_name(database.name + ".lock")):
        if not database.exists():
            _make(database)
        client = _open(uri)
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    return Store(client, uri, database.parent)


def _make(database: Path) -> None:
    """A new database with all its tables, or none."""
    half = database.with_name(database.name + ".half-made")
    half.unlink(missing_ok=True)  # of somebody who was killed
    _open(f"sqlite:///{half}")
    half.replace(database)


def _open(uri: str) -> "MlflowClient":
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError) as error:
        raise _failures.UnreachableError(uri, _failures.reason(error)) from None
    return client


def _database(uri: str) -> Path | None:
    return Path(uri.removeprefix("sqlite:///")).resolve() if uri.startswith("sqlite:///") else None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file: processes that want the same one wait; a process that dies lets go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def place(store: Store, problem: str, corpus: str, note: str = "") -> str:
    """Id of the MLflow experiment for a problem and a corpus; made, with artifacts beside a local store, where it is not there."""
    from mlflow.exceptions import MlflowException

    name = _runs.group(problem, corpus)
    found = store.client.get_experiment_by_name(name)
    if found is None:
        artifacts = (store.folder / "mlartifacts" / problem / corpus).as_uri() if store.folder else None
        tags = {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": note}
        try:
            return str(store.client.create_experiment(name, artifacts, tags))
        except MlflowException:  # another process was faster
            found = store.client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        store.client.restore_experiment(found.experiment_id)
    if note and found.tags.get("mlflow.note.content") != note:
        store.client.set_experiment_tag(found.experiment_id, "mlflow.note.content", note)
    return str(found.experiment_id)


def begin(store: Store, experiment_id: str, tags: Mapping[str, str], start: int | None = None) -> "Tracked":
    """The run with this key, experiment and seed; a new one where there is none (start: when it began, ms since 1970; None: now).

    Two processes may make it at the same time on a server, so after making it we look again: the older one stays, younger ones go.
    """
    found = alike(store, experiment_id, tags)
    if not found:
        name = _runs.title(tags["malmoi.experiment"], int(tags["malmoi.seed"]))
        store.client.create_run(experiment_id, start, tags=dict(tags), run_name=name)
        found = alike(store, experiment_id, tags)
    for double in found[1:]:
        store.client.delete_run(double.info.run_id)
    return found[0]


def alike(store: Store, experiment_id: str, tags: Mapping[str, str]) -> list["Tracked"]:
    """Runs with this key, experiment and seed, the oldest first: one, unless two processes made it at the same moment."""
    named = [f"tags.`{name}` = '{tags[name]}'" for name in ("malmoi.key", "malmoi.experiment", "malmoi.seed")]
    found = store.client.search_runs([experiment_id], " and ".join(named))
    return sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))
