"""Requests to MLflow: all pages of a search, few large ones instead of many small, and again where another process was in the way."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tasks import _failures, _tracking

if TYPE_CHECKING:
    from mlflow.entities import Metric

BATCH = 900  # entries of one request; MLflow takes 1000, of which at most 100 params and 100 tags
TRIES = 5  # times that something is asked for before a refusal is not another process's doing
Made = TypeVar("Made")


def again(call: Callable[[], Made]) -> Made:
    """What `call` returns. Another process may be making the same at the same moment, so that MLflow refuses one of both; then it is asked
    again, which is safe where only what is not there yet is made."""
    from mlflow.exceptions import MlflowException

    for attempt in range(1, TRIES + 1):
        try:
            return call()
        except MlflowException as error:
            if attempt == TRIES or _failures.silent(error):
                raise
            time.sleep(0.2 * attempt * random.uniform(0.5, 1.5))
    raise AssertionError  # the last attempt has returned or raised


def paged(search: Callable[..., Any], *arguments: Any) -> list[Any]:
    """All that an MLflow search finds, over all its pages."""
    found, token = [], None
    while True:
        page = search(*arguments, max_results=1000, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def send(
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
