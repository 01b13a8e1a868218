"""A registered model behind MLflow's own HTTP server, and a client that asks it what people ask, and what they should not."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

READY = "startup complete"  # what uvicorn says once it accepts requests
LONG = 300.0  # seconds that a server may take to start on a busy machine
KOREAN, ENGLISH = "국회는 예산을 심의한다", "The court rules on the law."


@contextlib.contextmanager
def served(python: Path, model: str, folder: Path, port: int) -> Iterator[str]:
    """`mlflow models serve` of the environment that `python` is in, from an empty folder; gives what it said until it was ready."""
    here = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MALMOI_"))}
    here["PATH"] = f"{python.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    command = [str(python.with_name("mlflow")), "models", "serve", "-m", model, "--env-manager", "local", "-p", str(port)]
    log = folder / "server.log"
    with open(log, "w") as output:
        server = subprocess.Popen(command, cwd=folder, env=here, stdout=output, stderr=output, start_new_session=True)
    try:
        until = time.monotonic() + LONG
        while READY not in log.read_text(encoding="utf-8"):
            assert time.monotonic() < until, f"not ready after {LONG} s:\n{log.read_text(encoding='utf-8')}"
            assert server.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        yield log.read_text(encoding="utf-8")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def ask(port: int, body: Any, kind: str = "application/json") -> tuple[int, Any]:
    """Status and JSON of one request."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", data, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=LONG) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def labels(port: int, body: Any, kind: str = "application/json") -> list[str]:
    """The labels that a good request is answered with."""
    status, reply = ask(port, body, kind)
    assert status == 200, reply
    return [one["label"] for one in reply["predictions"]]


def right_requests(port: int) -> list[str]:
    """Every form that texts may come in. Returns the labels of a Korean and an English text."""
    both = labels(port, {"inputs": [KOREAN, ENGLISH]})
    table = {"columns": ["id", "text"], "data": [["a", KOREAN], ["b", ENGLISH]]}
    assert labels(port, {"inputs": KOREAN}) == labels(port, {"inputs": [KOREAN]}) == both[:1]
    assert labels(port, {"inputs": ENGLISH}) == both[1:]
    assert labels(port, {"dataframe_split": table}) == both
    assert labels(port, {"dataframe_records": [{"text": KOREAN}, {"text": ENGLISH}]}) == both
    assert labels(port, f"id,text\n1,{KOREAN}\n2,{ENGLISH}\n".encode(), "text/csv") == both
    assert labels(port, {"inputs": []}) == labels(port, {"dataframe_split": {"columns": ["text"], "data": []}}) == []
    assert labels(port, {"inputs": [KOREAN] * 9_999 + [ENGLISH]}) == both[:1] * 9_999 + both[1:]
    status, reply = ask(port, {"dataframe_records": [{"text": KOREAN}], "params": {"return_probabilities": True}})
    assert (status, sum(reply["predictions"][0]["probabilities"].values()) > 0.999) == (200, True)
    return both


def wrong_requests(port: int) -> None:
    """Each is answered with a 4xx that says what would be right."""
    wrong = [
        ({"inputs": [1, 2]}, r"text 1 of 2 should be a string \(str\), found int: 1"),
        ({"inputs": ["a", None]}, "text 2 of 2 should be a string"),
        ({"inputs": [{"not": "a string"}]}, "found dict"),
        ({"inputs": {"a": "b"}}, "inputs should be a string, a list of strings, or a table"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [["x", "y"]]}}, "which column has the texts.*a, b"),
        ({"dataframe_split": {"columns": ["text"], "data": [[1.5]]}}, "found float: 1.5"),
        ({"inputs": ["a"], "params": {"return_probabilities": "perhaps"}}, "return_probabilities"),
        ({"texts": ["a"]}, "'inputs' key"),
        (["a"], "must be a JSON dictionary"),
        (b"{", "valid JSON"),
    ]
    for body, said in wrong:
        status, reply = ask(port, body)
        assert 400 <= status < 500, (body, status, reply)
        assert re.search(said, reply["message"]), (body, reply["message"])


def many_at_once(port: int, both: list[str]) -> None:
    """200 requests side by side, each with its own answer."""
    with ThreadPoolExecutor(200) as pool:
        found = list(pool.map(lambda place: labels(port, {"inputs": [(KOREAN, ENGLISH)[place % 2]]}), range(200)))
    assert found == [[both[place % 2]] for place in range(200)]
