"""Opening MLflow's store, and making it where it is not there. `_tracking.py` says where it is; everybody else asks there for it.

A local store is a SQLite file with `mlartifacts/` beside it. What two processes must not do to it at once is kept apart by lock files; a
server (`http://...`, or a database that is one) does that by itself.
"""

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tasks import _failures
from tasks.runtime.locks import lock, silent

if TYPE_CHECKING:
    from mlflow import MlflowClient

SETTINGS = {  # a person's own settings win
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",  # files come through the server: who asks it need not reach its S3
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Store:
    """An open tracking store. folder: where a local store lies; None for a server, which decides by itself where artifacts go."""

    client: "MlflowClient"
    uri: str
    folder: Path | None

    @contextmanager
    def alone(self, what: str = "recording", quiet: bool = False) -> Iterator[None]:
        """One at a time on a local store, for each `what`: "recording" fills it, "beginning" looks for a run and makes it where there is
        none. A server is shared, and doubles are mended there (see `_tracking.begin`). quiet: a person is not told who is waited for.

        Raises BusyError where another process is at it for longer than `locks.DEFAULT`.
        """
        if self.folder is None:
            yield
        else:
            with lock(self.folder / f"mlflow.db.{what}", what, say=silent if quiet else None):
                yield


def open_at(uri: str) -> Store:
    """Open the store at a tracking URI, making it if it is not there. Raises UnreachableError, saying why.

    Several processes that open a new SQLite file at once break it for good (mlflow 3.17.2), hence the lock. So does one that is killed
    while it makes the tables, hence the other name until they are there. In WAL mode readers (the UI) and writers do not wait for each
    other.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    database = _database(uri)
    if database is None:
        return Store(_client(uri), uri, None)
    with lock(database.with_name(database.name + ".lock"), "opens the store", say=silent):
        if not database.exists():
            _make(database)
        client = _client(uri)
        _write_ahead(database)
    return Store(cast("MlflowClient", Patient(client)), uri, database.parent)


def _write_ahead(database: Path) -> None:
    connection = sqlite3.connect(database)
    with suppress(sqlite3.OperationalError):  # somebody reads at this moment: it works without, only slower
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


class Patient:
    """An MLflow client that asks again when many others are writing to the same SQLite file: MLflow itself gives up after 20 seconds.

    A refused request has changed nothing, so that asking again is safe.
    """

    def __init__(self, client: Any, tries: int = 6, pause: float = 0.5) -> None:
        self._client, self._tries, self._pause = client, tries, pause

    def __getattr__(self, name: str) -> Any:
        """The client's method, which asks again."""
        method = getattr(self._client, name)
        return partial(self._ask, method) if callable(method) else method

    def _ask(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        from mlflow.exceptions import MlflowException

        for attempt in range(1, self._tries + 1):
            try:
                return method(*arguments, **named)
            except MlflowException as error:
                if "database is locked" not in str(error) or attempt == self._tries:
                    raise
                time.sleep(self._pause * attempt * random.uniform(0.5, 1.5))
        raise AssertionError  # the last try has either returned or raised


def _make(database: Path) -> None:
    """A new database with all its tables, or none."""
    half = database.with_name(database.name + ".half-made")
    half.unlink(missing_ok=True)  # of somebody who was killed
    _client(f"sqlite:///{half}")
    half.replace(database)


def _client(uri: str) -> "MlflowClient":
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # what it logs with a traceback it raises, too: see `Patient`
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
