"""Makes MLflow's accounts `writer` and `reader`, or gives them the passwords of now. Run by compose each time that the server has started.

The writer gets what is there already (a store from before there were accounts); what it makes from then on is its own. Addresses and passwords come from
the environment: MLFLOW_TRACKING_URI, MLFLOW_AUTH_ADMIN_PASSWORD, MLFLOW_WRITER_PASSWORD, MLFLOW_READER_PASSWORD.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

ACCOUNTS = ("writer", "reader")
EXISTS = "RESOURCE_ALREADY_EXISTS"


def ask(path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
    """What the server says to its administrator. Raises HTTPError."""
    login = base64.b64encode(f"admin:{os.environ['MLFLOW_AUTH_ADMIN_PASSWORD']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    data = None if method == "GET" else json.dumps(body or {}).encode()
    query = f"?{urlencode(body)}" if method == "GET" and body else ""
    address = f"{os.environ['MLFLOW_TRACKING_URI'].rstrip('/')}/api/2.0/mlflow/{path}{query}"
    request = urllib.request.Request(address, data=data, headers=headers, method=method)  # noqa: S310 - the team's own server
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read() or b"{}")


def unless_there(path: str, body: dict[str, Any]) -> bool:
    """Make something. Returns whether it is new. Raises HTTPError for any other refusal than that it is there."""
    try:
        ask(path, body)
    except urllib.error.HTTPError as error:
        if json.loads(error.read() or b"{}").get("error_code") != EXISTS:
            raise
        return False
    return True


def account(name: str, password: str) -> None:
    """Have an account with this password."""
    if not unless_there("users/create", {"username": name, "password": password}):
        ask("users/update-password", {"username": name, "password": password}, "PATCH")


def pages(path: str, key: str, method: str) -> Iterator[dict[str, Any]]:
    """All that a search finds."""
    token = ""
    while True:
        found = ask(path, {"max_results": 100} | ({"page_token": token} if token else {}), method)
        yield from found.get(key, [])
        if not (token := found.get("next_page_token", "")):
            return


def grant(name: str) -> None:
    """Give an account all experiments and registered models that there are."""
    for one in pages("experiments/search", "experiments", "POST"):
        unless_there("experiments/permissions/create", {"experiment_id": one["experiment_id"], "username": name, "permission": "MANAGE"})
    for one in pages("registered-models/search", "registered_models", "GET"):
        unless_there("registered-models/permissions/create", {"name": one["name"], "username": name, "permission": "MANAGE"})


def main() -> int:
    """Returns 1 where the server refuses."""
    try:
        for name in ACCOUNTS:
            account(name, os.environ[f"MLFLOW_{name.upper()}_PASSWORD"])
        grant("writer")
    except urllib.error.HTTPError as error:
        print(f"error: MLflow says {error.code} to {error.url}: {error.read().decode(errors='replace')[:500]}", file=sys.stderr)
        return 1
    print(f"accounts: {', '.join(ACCOUNTS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
