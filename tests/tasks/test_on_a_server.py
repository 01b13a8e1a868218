"""The same on an `mlflow server` with PostgreSQL and an artifact store of its own, over HTTP: also when it goes away in the middle."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_server import Server
from ports import free_port
from postgres import running
from tracked import content

from tasks import _live, _runs, _tracking, record

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """MLflow on PostgreSQL."""
    with running("mlflow") as database:
        server = Server(tmp_path, database, free_port())
        server.start()
        yield server
        server.stop()


def train(run: _runs.Run, server: Server) -> float:
    """Live tracking of a training that has done three epochs when the server dies. Returns the longest that an epoch had to wait."""
    bundle, slowest = run.bundle, 0.0
    about = {name: bundle[name] for name in ("key", "recipe", "experiment", "seed", "problem", "corpus")}
    with _tracking.live(**about, params=run.entry) as live:
        for place, row in enumerate(run.history):
            if place == 3:
                wait_for_start(live)
                server.stop()
            began = time.monotonic()
            live.epoch(int(row["epoch"]), {name: float(row[name]) for name in ("train_loss", "valid_loss")}, 1.0)
            slowest = max(slowest, time.monotonic() - began)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 5 + _live.WAIT["FINISHED"]
    return slowest


def wait_for_start(live: _live.Live) -> None:
    """Until the run exists; on a busy machine that takes long, at the lowest priority."""
    until = time.monotonic() + 300
    while live._writer is None or not _live._began(live._writer):
        assert time.monotonic() < until, "no run was begun"
        time.sleep(0.1)


def record_at(uri: str, out: Path) -> "subprocess.Popen[str]":
    """`python -m tasks record` as a process."""
    command = [sys.executable, "-m", "tasks", "record", "--out", str(out), "--strict"]
    pipe, environment = subprocess.PIPE, os.environ | {"MLFLOW_TRACKING_URI": uri}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def test_what_a_server_missed_is_filled_in_by_whoever_comes_first(
    server: Server, empty_store: Callable[[Path], str], make_out: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MALMOI_TRACKING", raising=False)
    monkeypatch.setenv("MALMOI_TRACKING_DELAY", "0")
    out = make_out(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    assert train(next(run for run in _runs.read(out) if run.name == "bills-again"), server) < 0.5
    server.start()
    both = [record_at(server.address, out) for _ in range(2)]
    said = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(err for _, err in said)
    there: Any = content(_tracking.store().client)
    alone = tmp_path / "alone"
    alone.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(alone))
    record.run(out)
    assert there == content(_tracking.store().client)
    assert {name for name in there if name.startswith("model ")} == {"model classify-bills", "model language-model-law"}
    assert (tmp_path / "artifacts").is_dir()
    assert not (tmp_path / "mlartifacts").exists()
