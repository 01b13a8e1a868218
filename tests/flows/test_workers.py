"""Stages on several machines, each a clone with a cache of its own and one shared remote: the same bytes as `dvc repro` in one place."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from random_graph import files

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
WIDE = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/sh"}


def call(folder: Path, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=180, check=check)


def commit(folder: Path) -> None:
    call(folder, "git", "add", "-A")
    call(folder, "git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "as it is")


class Team:
    """A scheduler, and workers in clones of a project."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder, self.project, self.processes = folder, project, dict[str, subprocess.Popen[str]]()
        address = folder / "scheduler.json"
        self.start("scheduler", folder, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard",
                   "--host", "127.0.0.1", "--scheduler-file", str(address))  # fmt: skip
        until = time.monotonic() + 60
        while not (address.exists() and address.read_text().strip()):
            assert time.monotonic() < until, (folder / "scheduler.log").read_text()
            time.sleep(0.1)
        time.sleep(0.2)
        self.url = str(yaml.safe_load(address.read_text())["address"])

    def start(self, name: str, folder: Path, *arguments: str) -> None:
        given = environment()
        if name == "scheduler":  # it needs nothing of this project
            given.pop("PYTHONPATH")
        with open(self.folder / f"{name}.log", "w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments], cwd=folder, env=given, stdout=log, stderr=log, text=True, start_new_session=True
            )

    def clone(self, name: str) -> Path:
        """A worker in a clone that it makes."""
        folder = self.folder / name
        self.start(name, self.project, "-m", "flows.worker", self.url, "--folder", str(folder))
        until = time.monotonic() + 60
        while "at work for" not in (said := (self.folder / f"{name}.log").read_text()):
            assert time.monotonic() < until, said
            time.sleep(0.1)
        return folder

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return call(self.project, sys.executable, "-m", "flows.local", "--workers", self.url, *options, check=False)

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def shared(project: Path, remote: str, *options: tuple[str, str]) -> None:
    """The project with five training stages, in git, with a remote."""
    text = (project / "dvc.yaml").read_text().replace("{a: 1, b: 2}", str(WIDE))
    (project / "dvc.yaml").write_text(text)
    call(project, sys.executable, "-m", "dvc", "remote", "add", "-d", "team", remote)
    for name, value in options:
        call(project, sys.executable, "-m", "dvc", "remote", "modify", "team", name, value)
    commit(project)


def serial(project: Path, folder: Path) -> dict[str, bytes]:
    """What `dvc repro` leaves of the same commit, in a clone."""
    call(folder, "git", "clone", "-q", str(project), "serial")
    call(folder / "serial", sys.executable, "-m", "dvc", "repro", "-q")
    return files(folder / "serial")


@pytest.fixture
def team(tmp_path: Path, project: Path) -> Iterator[Team]:
    shared(project, str(tmp_path / "remote"))
    running = Team(tmp_path, project)
    try:
        yield running
    finally:
        running.end()


def test_three_workers_one_killed_the_same_bytes(team: Team, tmp_path: Path) -> None:
    wanted = serial(team.project, tmp_path)
    clones = [team.clone(name) for name in ("one", "two", "three")]
    for folder in clones:  # stages last until the file is gone, so that one worker dies in the middle of one
        for key in WIDE:
            (folder / f"hold.{key}").touch()
    options = [sys.executable, "-m", "flows.local", "--workers", team.url]
    running = subprocess.Popen(options, cwd=team.project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = time.monotonic() + 60
    while not (held := [folder for folder in clones if (folder / "pids").exists()]) and time.monotonic() < until:
        time.sleep(0.1)
    assert held, "no worker began a training stage"
    team.processes[held[0].name].kill()
    shell = (held[0] / "pids").read_text().split()[0]
    for folder in clones:
        for key in WIDE:
            (folder / f"hold.{key}").unlink()
    until = time.monotonic() + 60
    while Path(f"/proc/{shell}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{shell}").exists(), "the dead worker's stage lives on"
    for folder in clones:
        if folder != held[0] and (folder / "pids").exists():
            os.kill(int((folder / "pids").read_text().split()[1]), signal.SIGKILL)  # what it waits for; then it goes on
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert files(team.project) == wanted
    assert not call(team.project, sys.executable, "-m", "dvc", "status", "-q", check=False).returncode


def gone(pid: int) -> bool:
    """Whether a process ends within a minute."""
    until = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_when_the_coordinator_dies_its_stages_end_and_the_next_run_goes_on(team: Team, tmp_path: Path) -> None:
    clone = team.clone("one")
    (clone / "hold.a").touch()
    team.start("coordinator", team.project, "-m", "flows.local", "--workers", team.url)
    until = time.monotonic() + 60
    while not (clone / "pids").exists():
        assert time.monotonic() < until, (tmp_path / "coordinator.log").read_text()
        time.sleep(0.1)
    team.processes["coordinator"].kill()
    team.processes["coordinator"].wait()
    assert all(gone(int(pid)) for pid in (clone / "pids").read_text().split())
    (clone / "hold.a").unlink()
    again = team.run()
    assert again.returncode == 0, again.stdout + again.stderr
    assert files(team.project) == serial(team.project, tmp_path)


def test_what_is_not_committed_is_no_result(team: Team) -> None:
    team.clone("one")
    script = team.project / "train.sh"
    script.write_text(script.read_text() + "echo changed\n")
    done = team.run("train@a")
    assert done.returncode == 1
    assert "not committed, so no worker sees it: train.sh" in done.stderr
    assert "this worker reads something else than the coordinator: train.sh; commit what has changed there" in done.stderr
    commit(team.project)
    again = team.run("train@a")
    assert again.returncode == 0, again.stderr
    assert (team.project / "models/a/model").read_text() == "1 text\n"


def test_data_fetched_since_the_commit_travels(team: Team) -> None:
    call(team.project, "git", "rm", "-q", "--cached", "source.txt")
    call(team.project, sys.executable, "-m", "dvc", "add", "-q", "source.txt")
    commit(team.project)
    team.clone("one")
    (team.project / "source.txt").write_text("today's text\n")
    call(team.project, sys.executable, "-m", "dvc", "add", "-q", "source.txt")
    done = team.run("train@a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not committed" not in done.stderr
    assert (team.project / "models/a/model").read_text() == "1 today's text\n"


def test_a_commit_that_nobody_has_pushed(team: Team, tmp_path: Path) -> None:
    clone = team.clone("one")
    call(tmp_path, "git", "clone", "-q", "--bare", str(team.project), "everybody's.git")
    call(clone, "git", "remote", "set-url", "origin", str(tmp_path / "everybody's.git"))
    (team.project / "params.yaml").write_text("level: 2\n")
    commit(team.project)
    done = team.run("train@a")
    assert done.returncode == 1
    assert "is not where this worker fetches from; push it (git push), and run again" in done.stderr
    call(team.project, "git", "push", "-q", str(tmp_path / "everybody's.git"), "HEAD")
    again = team.run("train@a")
    assert again.returncode == 0, again.stderr


def test_who_works(team: Team) -> None:
    def roster(*options: str) -> "subprocess.CompletedProcess[str]":
        return call(team.project, sys.executable, "-m", "flows.roster", team.url, *options, check=False)

    nobody = roster()
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert f"no worker is there; start one: python -m flows.worker {team.url}" in nobody.stderr
    team.clone("one")
    found = roster("--here")
    assert found.returncode == 0
    assert re.fullmatch(rf"{re.escape(socket.gethostname())}-\d+-[0-9a-f]{{8}}: waiting for a stage\n", found.stdout)


def test_a_stage_that_fails_there_fails_here_with_its_last_words(team: Team) -> None:
    clone = team.clone("one")
    (clone / "fail.b").touch()
    done = team.run("--keep-going")
    assert done.returncode == 1
    assert "no such thing as b" in done.stderr
    assert f"{clone}: failed to run: sh train.sh b 2" in done.stderr
    assert "5 ran, 1 FAILED, 1 not run" in done.stdout


def test_over_s3(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        boto3.client("s3", endpoint_url=address).create_bucket(Bucket="team")
        shared(project, "s3://team/store", ("endpointurl", address))
        team = Team(tmp_path, project)
        try:
            for name in ("one", "two", "three"):
                team.clone(name)
            done = team.run()
        finally:
            team.end()
        assert done.returncode == 0, done.stdout + done.stderr
        assert files(project) == serial(project, tmp_path)
        pulled = call(tmp_path, "git", "clone", "-q", str(project), "other")
        assert pulled.returncode == 0
        # another clone gets everything from the remote, and runs nothing
        other = call(tmp_path / "other", sys.executable, "-m", "flows.local", "--pull")
        assert "7 restored" in other.stdout
    finally:
        server.stop()


def test_a_remote_that_does_not_answer_is_a_clear_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    shared(project, "s3://team/store", ("endpointurl", "http://127.0.0.1:9"))
    done = call(project, sys.executable, "-m", "flows.local", "--pull", check=False)
    assert done.returncode == 1
    assert "the DVC remote does not answer: Could not connect to the endpoint URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_scheduler_is_a_clear_error(project: Path) -> None:
    commit(project)
    done = call(project, sys.executable, "-m", "flows.local", "--workers", "tcp://127.0.0.1:9", check=False)
    assert done.returncode == 1
    assert "error: no Dask scheduler answers at tcp://127.0.0.1:9 (start one: dask scheduler)" in done.stderr
