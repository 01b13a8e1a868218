"""The same where MLflow's server keeps artifacts on S3: recorded, registered, loaded, served; and what was missed while S3 was gone."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serving
from mlflow_server import Server
from ports import free_port
from tracked import content

from tasks import _tracking, predict, record

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "models"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}


class Storage:
    """S3 at a port of this machine. What is in it stays when it is stopped and started again."""

    def __init__(self) -> None:
        import boto3

        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        given = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        self._client = boto3.client("s3", endpoint_url=self.address, **given)
        self.start()
        self._client.create_bucket(Bucket=BUCKET)

    def start(self) -> None:
        """Answer."""
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        """Refuse connections."""
        self._server.stop()

    def names(self) -> list[str]:
        """All that is in it."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [str(one["Key"]) for page in pages for one in page.get("Contents", [])]


@pytest.fixture
def storage() -> Iterator[Storage]:
    """S3 with an empty bucket."""
    storage = Storage()
    yield storage
    storage.stop()


@pytest.fixture
def server(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """MLflow on SQLite and S3. Only the server has S3's address and credentials; who talks to it needs none."""
    server = Server(tmp_path, f"sqlite:///{tmp_path / 'server.db'}", free_port(), f"s3://{BUCKET}/mlflow")
    with monkeypatch.context() as patch:
        for name, value in {**CREDENTIALS, "MLFLOW_S3_ENDPOINT_URL": storage.address}.items():
            patch.setenv(name, value)
        server.start()
    yield server
    server.stop()


def record_at(uri: str, out: Path) -> "subprocess.CompletedProcess[str]":
    """`python -m tasks record` as a process."""
    command = [sys.executable, "-m", "tasks", "record", "--out", str(out), "--strict"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"MLFLOW_TRACKING_URI": uri}, capture_output=True, text=True, check=False)


def test_runs_and_models_on_s3(
    server: Server,
    storage: Storage,
    empty_store: Callable[[Path], str],
    make_out: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = with_one_champion(make_out(tmp_path))
    storage.stop()
    missed = record_at(server.address, out)
    assert missed.returncode == 1
    assert "its log says why (its database, or the S3 that it keeps files on, may be gone)" in missed.stderr
    assert "Nothing is lost: run `python -m tasks record` again" in missed.stderr
    assert "Traceback" not in missed.stderr
    storage.start()
    again = record_at(server.address, out)
    assert again.returncode == 0, again.stderr
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    assert content(_tracking.store().client) == recorded_here(empty_store, tmp_path, out, monkeypatch)
    assert len([name for name in storage.names() if name.endswith("artifacts/seed-1/model/weights.npz")]) == 1
    assert not (tmp_path / "artifacts").exists()
    assert "presigned" not in (tmp_path / "server.log").read_text(encoding="utf-8"), "files come through the server, not from S3"
    answered(server, tmp_path, monkeypatch)


def with_one_champion(out: Path) -> Path:
    """The same with the classifier alone registered: every file of a model is a request."""
    file = out / "promote/decisions.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({"classify-bills": found["classify-bills"]}), encoding="utf-8")
    return out


def recorded_here(empty_store: Callable[[Path], str], folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a store on this machine says of the same."""
    (folder / "alone").mkdir()
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", empty_store(folder / "alone"))
        record.run(out, strict=True)
        return content(_tracking.store().client)


def answered(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The champion answers, brought from S3: from file to file, and behind MLflow's own HTTP server."""
    (folder / "texts.txt").write_text(f"{serving.KOREAN}\n", encoding="utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    named: dict[str, Any] = {"text": None, "probabilities": False, "encoding": "utf-8", "rows": 10, "settings": []}
    predict.run("models:/classify-bills@champion", folder / "texts.txt", folder / "labels.txt", **named)
    (folder / "serving").mkdir()
    port = free_port()
    with serving.served(Path(sys.executable), "models:/classify-bills@champion", folder / "serving", port):
        label = serving.labels(port, {"inputs": serving.KOREAN})
    assert (folder / "labels.txt").read_text(encoding="utf-8").split() == label == ["국회"]
