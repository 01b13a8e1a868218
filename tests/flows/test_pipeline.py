"""The graph as a Prefect flow, against a real server: what a person would look for in its UI is asked of its API."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

pytestmark = pytest.mark.server

SERVE = """
from prefect import flow

@flow
def nothing():
    pass

if __name__ == "__main__":
    from prefect.client.schemas.schedules import CronSchedule
    nothing.from_source(source=".", entrypoint="scheduled.py:nothing").deploy(
        "often", work_pool_name="pool", schedules=[CronSchedule(cron="* * * * *", timezone="Asia/Seoul")], build=False, push=False)
"""


class Server:
    """A Prefect server on a free port of this machine, with a home of its own."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.log = home / "server.log"
        quiet = {"DO_NOT_TRACK": "true", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_HOME": str(home)}
        self.environment = {**os.environ, **quiet, "PREFECT_API_URL": self.api}
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
        until = time.monotonic() + 10
        while (
            not (lines := self.ask("logs", logs={"task_run_id": {"any_": [task["id"]]}}, sort="TIMESTAMP_ASC")) and time.monotonic() < until
        ):
            time.sleep(0.3)
        return [line["message"] for line in lines]

    def artifacts(self, run: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Artifacts of a flow run, by key."""
        return {artifact["key"]: artifact for artifact in self.ask("artifacts", artifacts={"flow_run_id": {"any_": [run["id"]]}})}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("prefect"))
    try:
        running.wait()
        yield running
    finally:
        running.end()


def test_tasks_states_logs_and_artifacts(server: Server, project: Path, make_project: Callable[[str], Path]) -> None:
    first = server.python(project, "-m", "flows.pipeline")
    assert first.returncode == 0, first.stderr
    run = server.last()
    assert (run["name"], run["state_name"]) == ("all stages", "Completed")
    tasks = server.tasks(run)
    assert {name: task["state_name"] for name, task in tasks.items()} == dict.fromkeys(["prep", "train@a", "train@b", "join"], "Completed")
    assert "epoch 1/1 of a" in server.logs(tasks["train@a"])
    assert tasks["prep"]["id"] in str(tasks["train@a"]["task_inputs"])  # the edge that the UI draws
    made = server.artifacts(run)
    assert (made["stages"]["type"], made["summary"]["type"]) == ("table", "markdown")
    assert '"train@b", "result": "ran"' in str(made["stages"]["data"])
    assert "4 ran" in made["summary"]["data"]

    (project / "all.txt").unlink()
    again = server.python(project, "-m", "flows.pipeline")
    assert again.returncode == 0, again.stderr
    states = {name: task["state_name"] for name, task in server.tasks(server.last()).items()}
    assert states == {"prep": "Cached", "train@a": "Cached", "train@b": "Cached", "join": "Restored"}

    theirs = make_project("theirs")
    assert server.python(theirs, "-m", "dvc", "repro", "-q").returncode == 0
    assert (project / "dvc.lock").read_bytes() == (theirs / "dvc.lock").read_bytes()


def test_a_failing_stage_fails_the_flow_and_not_what_does_not_need_it(server: Server, project: Path) -> None:
    (project / "fail.a").touch()
    done = server.python(project, "-m", "flows.pipeline", "--keep-going", "join")
    assert done.returncode == 1, done.stderr
    assert "failed: train@a" in done.stdout
    run = server.last()
    assert (run["name"], run["state_type"]) == ("join", "FAILED")
    tasks = server.tasks(run)
    assert {name: task["state_type"] for name, task in tasks.items()} == {"prep": "COMPLETED", "train@a": "FAILED", "train@b": "COMPLETED"}
    assert "no such thing as a" in "\n".join(server.logs(tasks["train@a"]))
    assert "no such thing as a" in server.artifacts(run)["summary"]["data"]


def test_stopped_by_sigterm_it_is_crashed_and_leaves_no_process(server: Server, project: Path) -> None:
    (project / "hold.b").touch()
    root = Path(__file__).resolve().parents[2]
    environment = {**server.environment, "PYTHONPATH": str(root), "SHELL": "/bin/sh"}
    pipe = subprocess.PIPE
    running = subprocess.Popen([sys.executable, "-m", "flows.pipeline"], cwd=project, env=environment, stdout=pipe, stderr=pipe, text=True)
    until = time.monotonic() + 60
    while not (project / "pids").exists() and time.monotonic() < until:
        time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=60)
    assert running.returncode in (143, -signal.SIGTERM), errors
    assert server.last()["state_type"] == "CRASHED"
    shell, child = (project / "pids").read_text().split()
    assert not Path(f"/proc/{shell}").exists()
    assert not Path(f"/proc/{child}").exists() or "State:\tZ" in Path(f"/proc/{child}/status").read_text()
    (project / "hold.b").unlink()
    assert server.python(project, "-m", "dvc", "repro", "-q").returncode == 0


def test_a_cron_schedule_makes_runs(server: Server, tmp_path: Path) -> None:
    """With SQLAlchemy 2.1 it silently makes none: what the pin in pyproject.toml is for."""
    (tmp_path / "scheduled.py").write_text(SERVE)
    pool = server.python(tmp_path, "-m", "prefect", "work-pool", "create", "pool", "--type", "process")
    assert pool.returncode == 0, pool.stderr
    deployed = server.python(tmp_path, "scheduled.py")
    assert deployed.returncode == 0, deployed.stderr
    until = time.monotonic() + 60
    while not (runs := server.ask("flow_runs", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})) and time.monotonic() < until:
        time.sleep(0.5)
    assert len(runs) >= 3
    assert {run["auto_scheduled"] for run in runs} == {True}
    assert "Can't evaluate bulk DML" not in server.log.read_text()


def test_it_knows_what_dvc_refuses(server: Server, project: Path) -> None:
    done = server.python(project, "-m", "flows.pipeline", "nonsense")
    assert done.returncode == 1
    assert "Stage 'nonsense' not found inside 'dvc.yaml'" in done.stdout
    assert server.last()["state_type"] == "FAILED"
