"""Makes MLflow's accounts `writer` and `reader`, or gives them the passwords of now. Compose runs it when the server has started.

The writer gets all experiments and models, also those from before there were accounts. Address and passwords come from the environment:
MLFLOW_TRACKING_URI, MLFLOW_AUTH_ADMIN_PASSWORD, MLFLOW_WRITER_PASSWORD, MLFLOW_READER_PASSWORD.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request

ACCOUNTS = ("writer", "reader")
EXISTS = b"RESOURCE_ALREADY_EXISTS"


def ask(path: str, body: dict[str, str], method: str = "POST", version: str = "2.0") -> None:
    """Tell the server something, as its administrator. Raises HTTPError."""
    login = base64.b64encode(f"admin:{os.environ['MLFLOW_AUTH_ADMIN_PASSWORD']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    address = f"{os.environ['MLFLOW_TRACKING_URI'].rstrip('/')}/api/{version}/mlflow/{path}"
    request = urllib.request.Request(address, data=json.dumps(body).encode(), headers=headers, method=method)  # noqa: S310 - the team's own
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        return


def unless_there(path: str, body: dict[str, str], version: str = "2.0") -> bool:
    """Make something. Returns whether it is new. Raises RuntimeError for any other refusal than that it is there."""
    try:
        ask(path, body, version=version)
    except urllib.error.HTTPError as error:
        said = error.read()
        if EXISTS not in said:
            raise RuntimeError(f"MLflow says {error.code} to {path}: {said.decode(errors='replace')[:500]}") from None
        return False
    return True


def account(name: str, password: str) -> None:
    """Have an account with this password."""
    if not unless_there("users/create", {"username": name, "password": password}):
        ask("users/update-password", {"username": name, "password": password}, "PATCH")


def grant(name: str) -> None:
    """Give an account all experiments and registered models, whoever made them."""
    for kind in ("experiment", "registered_model"):
        given = {"username": name, "resource_type": kind, "resource_id": "*", "permission": "MANAGE"}
        unless_there("users/permissions/grant", given, version="3.0")


def main() -> int:
    """Returns 1 where the server refuses."""
    try:
        for name in ACCOUNTS:
            account(name, os.environ[f"MLFLOW_{name.upper()}_PASSWORD"])
        grant("writer")
    except (RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"accounts: {', '.join(ACCOUNTS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
