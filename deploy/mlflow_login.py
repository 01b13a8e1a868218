"""Who may do what at MLflow's server: its own login, and accounts that only read.

MLflow lets everybody who is logged in make experiments and registered models; a reader could take the name of a model before its writer
does, and whoever serves that model would run the reader's code. An account named in MALMOI_READERS gets nothing but what reads.
"""

import os

from flask import Response, make_response, request
from mlflow.server.auth import authenticate_request_basic_auth
from werkzeug.datastructures import Authorization

READERS = frozenset(os.environ.get("MALMOI_READERS", "").replace(",", " ").split())
READS = ("/search", "/search-datasets", "/get-history-bulk-interval", "/graphql")  # questions that are asked by POST


def authenticate() -> Authorization | Response:
    """`authorization_function` of MLflow's settings: the account that asks, or why not."""
    answer = authenticate_request_basic_auth()
    if isinstance(answer, Authorization) and answer.username in READERS and not _reads(request.method, request.path):
        return make_response(f"the account {answer.username} only reads", 403)
    return answer


def _reads(method: str, path: str) -> bool:
    return method in ("GET", "HEAD", "OPTIONS") or (method == "POST" and path.endswith(READS))
