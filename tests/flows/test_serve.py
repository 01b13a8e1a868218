"""`flows.serve`, with a real server: schedules outlive what dies, failures are told to a webhook, and the end leaves nobody behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from ports import free_port
from prefect_server import Server

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
SCHEDULE = 'timezone: Asia/Seoul\nnotify: told\nflows:\n  freshness: {cron: "0 0 1 1 *", late: 7200}\n'


class Listener:
    """Somebody's webhook."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Served:
    """`flows.serve` in a project, with a server of its own."""

    def __init__(self, project: Path, home: Path) -> None:
        self.port = free_port()
        self.project, self.log, self.api = project, home / "serve.log", f"http://127.0.0.1:{self.port}/api"
        here = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        self.environment = here | {"PREFECT_HOME": str(home), "PYTHONPATH": str(ROOT), "SHELL": "/bin/sh"}
        self.start()

    def start(self) -> None:
        with open(self.log, "a") as log:
            command = [sys.executable, "-m", "flows.serve", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=self.project, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def python(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        environment = {**self.environment, "PREFECT_API_URL": self.api}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.project, env=environment, input=given, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def post(self, what: str, **body: Any) -> Any:
        """The answer. A server whose SQLite file is busy says 503 and has done nothing; Prefect's own client asks again, too."""
        for _ in range(60):
            answer = requests.post(f"{self.api}/{what}", json=body, timeout=20)
            if answer.status_code != requests.codes.unavailable:
                break
            time.sleep(0.5)
        answer.raise_for_status()
        return answer.json()

    def deployment(self) -> dict[str, Any]:
        """Ours, once it is there."""
        return until(lambda: self.post("deployments/filter")[0])

    def state(self, run: dict[str, Any]) -> str:
        found = requests.get(f"{self.api}/flow_runs/{run['id']}", timeout=20).json()
        return str(found["state_name"])

    def parts(self, words: str) -> list[psutil.Process]:
        """Processes of this one whose command has these words."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in below if words in " ".join(process.cmdline())]


def until(found: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What it gives, as soon as it gives something."""
    last, end = None, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if last := found():
                return last
        except (requests.RequestException, IndexError, FileNotFoundError):
            pass
        time.sleep(0.3)
    raise AssertionError("it did not come")


@pytest.fixture
def listener() -> Iterator[Listener]:
    running = Listener()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def served(project: Path, tmp_path: Path) -> Iterator[Served]:
    (project / "params").mkdir()
    (project / "params/schedule.yaml").write_text(SCHEDULE)
    running = Served(project, tmp_path / "home")
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(60)


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()


def test_what_dies_is_started_again_and_no_schedule_is_lost(served: Served, listener: Listener, project: Path) -> None:
    ours = served.deployment()
    assert [(one["schedule"]["cron"], one["schedule"]["timezone"], one["active"]) for one in ours["schedules"]] == [
        ("0 0 1 1 *", "Asia/Seoul", True)
    ]
    until(lambda: served.parts("flows._serving"))

    # a failure is told: this project has no stage `promote`
    made = served.python("-m", "flows.notify", given=listener.url)
    assert made.returncode == 0, made.stderr
    assert [message["text"] for message in listener.told] == ["Malmoi: failures of flows will be told here."]
    asked = served.post(f"deployments/{ours['id']}/create_flow_run")
    until(lambda: len(listener.told) > 1)
    assert listener.told[1]["flow"] == "freshness"
    assert "promote" in listener.told[1]["text"]
    assert listener.told[1]["run"] == asked["id"]

    # the part that runs flows dies, with one at work, and two that are late and were never begun
    serving = served.parts("flows._serving")[0]
    serving.suspend()
    at_work = served.post(f"deployments/{ours['id']}/create_flow_run", state={"type": "RUNNING"})
    early, late = (
        served.post(
            f"deployments/{ours['id']}/create_flow_run",
            state={"type": "SCHEDULED", "state_details": {"scheduled_time": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()}},
        )
        for minutes in (90, 60)
    )
    serving.kill()
    until(lambda: served.state(late) == "Failed" or None)  # it was run
    assert (served.state(at_work), served.state(early)) == ("Crashed", "Missed")
    assert len(served.deployment()["schedules"]) == 1

    # a second one for the same folder is refused
    second = served.python("-m", "flows.serve")
    assert second.returncode == 1
    assert f"serve: locked by process {served.process.pid} on" in second.stderr

    # all of it dies: nothing is left; started again, everything is there
    below = psutil.Process(served.process.pid).children(recursive=True)
    served.process.kill()
    served.process.wait()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not alive
    served.start()
    again = served.deployment()
    assert (again["id"], len(again["schedules"])) == (ours["id"], 1)
    asked = served.post(f"deployments/{ours['id']}/create_flow_run")
    until(lambda: served.state(asked) == "Failed" or None)

    # and it ends when it is told to
    below = psutil.Process(served.process.pid).children(recursive=True)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(60) == 128 + signal.SIGTERM
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not alive


def test_a_second_folder_is_refused_while_the_first_serves_and_takes_over_when_it_is_dead(served: Served, project: Path) -> None:
    until(lambda: served.deployment()["status"] == "READY" or None)  # runs are asked for
    ours = served.deployment()
    at_work = served.post(f"deployments/{ours['id']}/create_flow_run", state={"type": "RUNNING"})
    other = project.with_name("other")
    shutil.copytree(project, other)
    environment = {**served.environment, "PREFECT_API_URL": served.api}
    command = [sys.executable, "-m", "flows.serve"]
    refused = subprocess.run(command, cwd=other, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert f"freshness/scheduled is served by process {served.process.pid} in " in refused.stderr
    assert served.state(at_work) == "Running"
    assert served.deployment()["tags"] == ours["tags"]

    # the first is gone, its server is not
    server = served.parts("server start")
    for process in [served.process, *served.parts("flows._serving"), *served.parts("watchdog")]:
        if process.pid not in {one.pid for one in server}:
            process.kill()
    served.process.wait()
    second = subprocess.Popen(command, cwd=other, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: served.deployment()["tags"] != ours["tags"])
        until(lambda: served.state(at_work) == "Crashed" or None)
    finally:
        second.terminate()
        second.communicate(timeout=60)
        for process in server:
            process.kill()
    assert second.returncode == 128 + signal.SIGTERM


def test_of_two_that_begin_at_once_one_serves(server: Server, make_project: Callable[[str], Path]) -> None:
    folders = [make_project(name) for name in ("one", "two")]
    for folder in folders:
        (folder / "params").mkdir()
        (folder / "params/schedule.yaml").write_text(SCHEDULE)
    environment = server.environment | {"PYTHONPATH": str(ROOT), "SHELL": "/bin/sh"}
    pipe, command = subprocess.PIPE, [sys.executable, "-m", "flows.serve"]
    both = [subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True) for folder in folders]
    try:
        [refused] = until(lambda: [one for one in both if one.poll() is not None])
        [served] = [one for one in both if one is not refused]
        assert refused.returncode == 1
        assert f"freshness/scheduled is served by process {served.pid} in " in refused.communicate()[1]
        [deployment] = server.ask("deployments", deployments={"name": {"any_": ["scheduled"]}})
        assert any(tag.endswith(f":{folders[both.index(served)]}") for tag in deployment["tags"])
        assert server.ask("variables") == []
    finally:
        for one in both:
            one.terminate()
        for one in both:
            one.communicate(timeout=60)


def test_deployments_of_prefect_yaml(served: Served, project: Path) -> None:
    served.deployment()
    assert served.python("-m", "prefect", "work-pool", "create", "--type", "process", "malmoi").returncode == 0
    environment = {**served.environment, "PREFECT_API_URL": served.api}
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    pooled = [one for one in served.post("deployments/filter") if one["name"] == "pool"]
    assert sorted(len(one["schedules"]) for one in pooled) == [0, 1, 1, 1]
    assert {one["work_pool_name"] for one in pooled} == {"malmoi"}
