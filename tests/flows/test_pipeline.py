"""The graph as a Prefect flow, against a real server: what a person would look for in its UI is asked of its API."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from prefect_server import Server

pytestmark = [pytest.mark.server, pytest.mark.long]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

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


def test_killed_it_takes_along_the_server_that_prefect_has_started_for_it(project: Path, tmp_path: Path) -> None:
    (project / "hold.a").touch()
    here = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_URL", "PREFECT_HOME")}
    own = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "SHELL": "/bin/sh", "PREFECT_HOME": str(tmp_path / "home")}
    running = subprocess.Popen([sys.executable, "-m", "flows.pipeline", "train@a"], cwd=project, env=here | own, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not (project / "pids").exists() and time.monotonic() < until:
        time.sleep(0.1)
    below = psutil.Process(running.pid).children(recursive=True)
    assert [one for one in below if "prefect.server" in " ".join(one.cmdline())]
    running.kill()
    running.wait()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not alive


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")
def test_its_page_shows_stages_and_what_they_said(server: Server, project: Path, tmp_path: Path) -> None:
    done = server.python(project, "-m", "flows.pipeline", "train@a")
    assert done.returncode == 0, done.stderr
    address = f"{server.api.removesuffix('/api')}/runs/flow-run/{server.last()['id']}"
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1500,1300"]
    command += [f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", "--virtual-time-budget=30000"]
    wanted, shown = ("train@a", "Completed", "epoch 1/1 of a"), ""
    for _ in range(4):  # its pages load themselves in parts, which on a busy machine takes longer than the browser waits
        done = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
        if all(words in (shown := done.stdout) for words in wanted):
            break
    assert [words for words in wanted if words not in shown] == []


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
