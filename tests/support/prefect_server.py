"""A real Prefect server for tests, with a home of its own, asked by its API for what a person would look for in its pages."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from ports import free_port


class Server:
    """A Prefect server on a free port of this machine, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.log = home / "server.log"
        pages = {"PREFECT_UI_API_URL": self.api}  # else its pages ask port 4200
        quiet = {"DO_NOT_TRACK": "true", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_HOME": str(home)}
        self.environment = {**os.environ, **quiet, **pages, "PREFECT_API_URL": self.api}
        with open(self.log, "w") as log:
            command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + 120
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"{self.api}/health", timeout=2).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.3)
        pytest.fail(f"the server did not start:\n{self.log.read_text()[-3000:]}")

    def end(self) -> None:
        """End it with all that it started."""
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask(self, what: str, **body: Any) -> list[dict[str, Any]]:
        """Its answer to POST /WHAT/filter."""
        answer = requests.post(f"{self.api}/{what}/filter", json=body, timeout=20)
        answer.raise_for_status()
        return list(answer.json())

    def python(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `python ARGUMENTS` in a folder as a client of this server."""
        root = Path(__file__).resolve().parents[2]
        environment = {**self.environment, "PYTHONPATH": str(root), "SHELL": "/bin/sh"}
        return subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
        )

    def last(self) -> dict[str, Any]:
        """The newest run of our flow."""
        return self.ask("flow_runs", sort="START_TIME_DESC", limit=1, flows={"name": {"any_": ["pipeline"]}})[0]

    def tasks(self, run: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Task runs of a flow run, by name."""
        return {task["name"]: task for task in self.ask("task_runs", flow_runs={"id": {"any_": [run["id"]]}})}

    def logs(self, task: dict[str, Any]) -> list[str]:
        """What a task run said; logs arrive a moment after they are sent."""
        until = time.monotonic() + 60
        while (
            not (lines := self.ask("logs", logs={"task_run_id": {"any_": [task["id"]]}}, sort="TIMESTAMP_ASC")) and time.monotonic() < until
        ):
            time.sleep(0.3)
        return [line["message"] for line in lines]

    def artifacts(self, run: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Artifacts of a flow run, by key."""
        return {artifact["key"]: artifact for artifact in self.ask("artifacts", artifacts={"flow_run_id": {"any_": [run["id"]]}})}
