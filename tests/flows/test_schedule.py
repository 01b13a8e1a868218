"""Stages side by side: when they start, what they share, what becomes of failures; and always the very files of `dvc repro`."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from flows.graph import Pipeline
from flows.needs import Machine, NeedsError
from flows.schedule import run
from flows.stages import Node, Result

Run = Callable[..., subprocess.CompletedProcess[str]]
BIG = 2**40


class Heard:
    """A watcher that keeps what it is told, and how many ran at once."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []
        self.most = 0

    def start(self, node: Node, left: float) -> None:
        self.started.append(node.name)
        self.most = max(self.most, len(self.started) - len(self.ended))

    def end(self, result: Result) -> None:
        self.ended.append(f"{result.name} {result.outcome}")


def go(jobs: int = 2, cores: int = 2, **how: bool) -> tuple[list[Result], Heard]:
    heard = Heard()
    with Pipeline(machine=Machine(jobs, cores, BIG)) as pipeline:
        results = run(pipeline, lambda node, cores: pipeline.run(node.name, lambda _: None, cores=cores), heard, **how)
    return results, heard


def dvc_yaml(folder: Path, stages: dict[str, str], **more: object) -> None:
    """A dvc.yaml of stages: each one's command, which makes the file of its name. more: what else all of them have."""
    table = {name: {"cmd": command, "outs": [name], **more} for name, command in stages.items()}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": table}))


def meeting(folder: Path, names: str, tenths: int = 100, **more: object) -> None:
    """Stages that each wait, up to so many tenths of a second, until all have started."""
    wait = "for i in $(seq {tenths}); do ls {all} >/dev/null 2>&1 && break; sleep 0.1; done; ls {all} | wc -l > {name}"
    stages = {}
    for name in names:
        command = wait.format(all=" ".join(f"here.{other}" for other in names), name=name, tenths=tenths)
        stages[name] = f"touch here.{name}; {command}"
    dvc_yaml(folder, stages, **more)


@pytest.fixture(autouse=True)
def _there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("SHELL", "/bin/sh")


def test_stages_that_need_nothing_of_each_other_run_at_once(project: Path) -> None:
    meeting(project, "xyz")
    results, heard = go(jobs=3, cores=3)
    assert [(project / name).read_text().strip() for name in "xyz"] == ["3"] * 3
    assert heard.most == 3
    assert [str(result.outcome) for result in results] == ["ran"] * 3


def test_one_job_is_one_at_a_time_in_the_order_of_the_plan(project: Path) -> None:
    _, heard = go(jobs=1)
    assert heard.started == ["prep", "train@a", "train@b", "join"]
    assert heard.most == 1


def test_a_stage_waits_for_all_that_it_needs(project: Path) -> None:
    results, heard = go(jobs=4)
    assert heard.started[0] == "prep"
    assert heard.started[-1] == "join"
    assert set(heard.ended[1:3]) == {"train@a ran", "train@b ran"}
    assert [result.name for result in results] == ["prep", "train@a", "train@b", "join"]
    assert (project / "all.txt").read_text() == "1 text\n2 text\n"


@pytest.mark.parametrize("meta", [{"cores": 2}, {"memory": "600 GB"}], ids=str)
def test_cores_and_memory_are_not_given_twice(project: Path, meta: dict[str, object]) -> None:
    meeting(project, "xy", tenths=5, meta=meta)
    assert go(jobs=2, cores=2)[1].most == 1


def test_commands_are_told_their_share(project: Path) -> None:
    dvc_yaml(project, {"x": "echo $OMP_NUM_THREADS $TF_NUM_INTRAOP_THREADS > x"}, meta={"cores": 3})
    go(jobs=2, cores=4)
    assert (project / "x").read_text() == "3 3\n"


def test_one_that_is_alone_is_told_nothing_and_has_all(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    dvc_yaml(project, {"x": "echo all$OMP_NUM_THREADS > x"})
    go(jobs=2, cores=4)
    assert (project / "x").read_text() == "all\n"


def test_a_wrong_meta_is_found_before_anything_runs(project: Path) -> None:
    dvc_yaml(project, {"x": "touch x"}, meta={"cores": "many"})
    with pytest.raises(NeedsError, match="x: its meta"):
        go()
    assert not (project / "x").exists()


def test_a_failure_stops_what_depends_on_it_and_lets_the_rest_finish(project: Path) -> None:
    (project / "fail.a").touch()
    results, heard = go(keep_going=True)
    assert {result.name: str(result.outcome) for result in results} == {
        "prep": "ran",
        "train@a": "failed",
        "train@b": "ran",
        "join": "skipped",
    }
    assert "join skipped" in heard.ended
    (project / "fail.a").unlink()
    results, _ = go()
    assert {result.name: str(result.outcome) for result in results} == {
        "prep": "cached",
        "train@a": "ran",
        "train@b": "cached",
        "join": "ran",
    }


def test_what_a_failure_leaves_is_what_dvc_leaves_that_keeps_going(make_project: Callable[[str], Path], run_python: Run) -> None:
    ours, theirs = make_project("ours"), make_project("theirs")
    for folder in (ours, theirs):
        (folder / "fail.a").touch()
    run_python(ours, "-m", "flows.local", "--keep-going", "--jobs", "2")
    run_python(theirs, "-m", "dvc", "repro", "--keep-going", "-q")
    assert (ours / "dvc.lock").read_bytes() == (theirs / "dvc.lock").read_bytes()
    assert "/prep.txt" in (ours / ".gitignore").read_text()  # DVC 3.67 takes that line back, and git would show the data


def test_a_silent_stage_is_ended_and_tried_again_as_often_as_it_may(project: Path) -> None:
    command = "echo try >> tries; if [ $(wc -l < tries) = 1 ]; then sleep 300; fi; touch x"
    dvc_yaml(project, {"x": command}, meta={"timeout": 0.5, "retries": 1})
    results, _ = go()
    assert str(results[0].outcome) == "ran"
    assert (project / "tries").read_text() == "try\ntry\n"


def test_a_hung_stage_fails_with_the_reason(project: Path) -> None:
    dvc_yaml(project, {"x": "echo hello; sleep 300"}, meta={"timeout": 0.5})
    results, _ = go()
    assert "said nothing for 0.5 s" in results[0].reason
    assert results[0].tail == ("hello",)


def test_a_killed_command_is_tried_again_and_an_error_is_not(project: Path) -> None:
    killed = "echo t >> tries; if [ $(wc -l < tries) = 1 ]; then kill -9 $$; fi; touch x"
    wrong = "echo t >> errors; echo 'ValueError: no'; exit 1"
    dvc_yaml(project, {"x": killed, "y": wrong}, meta={"retries": 2})
    results = {result.name: result for result in go(keep_going=True)[0]}
    assert str(results["x"].outcome) == "ran"
    assert str(results["y"].outcome) == "failed"
    assert (project / "tries").read_text() == "t\nt\n"
    assert (project / "errors").read_text() == "t\n"


def test_commands_may_use_dvc_themselves(project: Path) -> None:
    dvc_yaml(project, {name: f"dvc config --list > {name}; dvc status -q; true" for name in "xyz"})
    results, _ = go(jobs=3)
    assert [str(result.outcome) for result in results] == ["ran"] * 3


def test_a_stage_waits_while_another_process_works_with_its_files(project: Path) -> None:
    go()
    (project / "params.yaml").write_text("level: 2\n")
    sleeper = subprocess.Popen(["sleep", "300"])
    holder = {"pid": sleeper.pid, "cmd": "dvc repro prep"}
    (project / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(project / "prep.txt"): holder}, "read": {}}))
    said: list[str] = []

    def hear(line: str) -> None:
        said.append(line)
        sleeper.kill()
        sleeper.wait()

    with Pipeline(["prep"]) as pipeline:
        assert str(pipeline.run("prep", hear).outcome) == "ran"
    assert said[0].startswith("waiting: ")
    assert "prep.txt" in said[0]


def test_a_second_run_is_refused_by_name_while_commands_run(
    project: Path, run_python: Run, start_python: Callable[..., "subprocess.Popen[str]"]
) -> None:
    (project / "hold.a").touch()
    first = start_python(project, "-m", "flows.local", "--jobs", "2")
    until = time.monotonic() + 60
    while not (project / "pids").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    second = run_python(project, "-m", "flows.local")
    first.send_signal(signal.SIGTERM)
    first.communicate()
    assert second.returncode == 1
    assert f"another run works in this folder (process {first.pid} on " in second.stderr


def test_a_run_of_which_nothing_is_left_leaves_no_journal(project: Path) -> None:
    (project / "fail.a").touch()
    go()
    assert (project / ".dvc/tmp/malmoi-order.json").exists()
    subprocess.run(["rm", "fail.a"], cwd=project, check=True)
    go()
    assert not (project / ".dvc/tmp/malmoi-order.json").exists()


def test_a_half_written_list_of_readers_and_writers_is_no_obstacle(project: Path) -> None:
    (project / ".dvc/tmp").mkdir(exist_ok=True)
    (project / ".dvc/tmp/rwlock").write_text('{"write": {"/x')
    assert len(go()[0]) == 4


def test_a_killed_run_started_again_ends_with_the_bytes_of_an_undisturbed_one(
    make_project: Callable[[str], Path], run_python: Run, start_python: Callable[..., "subprocess.Popen[str]"]
) -> None:
    project, undisturbed = make_project("killed"), make_project("undisturbed")
    run_python(undisturbed, "-m", "dvc", "repro", "-q", check=True)
    (project / "hold.a").touch()
    running = start_python(project, "-m", "flows.local", "--jobs", "2")
    until = time.monotonic() + 60
    while "train@b" not in (project / "dvc.lock").read_text() if (project / "dvc.lock").exists() else True:
        assert time.monotonic() < until
        time.sleep(0.05)
    pids = [int(pid) for pid in (project / "pids").read_text().split()]
    running.send_signal(signal.SIGKILL)
    running.communicate()
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until, "an orphan"
        time.sleep(0.1)
    (project / "hold.a").unlink()
    (project / "pids").unlink()
    again = run_python(project, "-m", "flows.local", check=True).stdout
    assert "train@b  unchanged" in again
    for name in ("dvc.lock", ".gitignore", "models/.gitignore", "all.txt"):
        assert (project / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert not list((project / ".dvc/tmp").glob("malmoi-order*"))
    assert os.listdir(project / ".dvc/tmp")
