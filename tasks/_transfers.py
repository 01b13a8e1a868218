"""Files of a model on their way to a tracking server, or from it. Where the server keeps them elsewhere (S3), it answers only once it has
brought them there: a large network takes longer than a question may."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tasks import _store

TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
SECONDS = "300"  # for one file


@contextmanager
def unhurried() -> Iterator[None]:
    """Let a request of this process take five minutes, unless a person has said how long one may take. Also a decorator."""
    before = os.environ.get(TIMEOUT)
    if before not in (None, _store.SETTINGS[TIMEOUT]):
        yield
        return
    os.environ[TIMEOUT] = SECONDS
    try:
        yield
    finally:
        os.environ[TIMEOUT] = before or _store.SETTINGS[TIMEOUT]
