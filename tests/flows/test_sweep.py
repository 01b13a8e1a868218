"""Sweeps of a small foreign project: every trial an experiment, upstream made once, side by side, pruned, killed and gone on with."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import swept

from flows import sweep, trials
from tasks.runtime.locks import BusyError

pytestmark = pytest.mark.long

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
GRID = {"sampler": {"kind": "grid"}, "trials": None}
POINTS = {"model.units": {"low": 3, "high": 5, "step": 2}, "model.cell": {"choices": ["gru", "lstm"]}}


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project after a sweep over four points, two side by side."""
    folder = swept.project(tmp_path_factory.mktemp("grid") / "project")
    path = swept.write(folder, **GRID, space=POINTS)
    own = swept.settings(folder)
    code = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "TOGETHER": "2"}
    command = [sys.executable, "-m", "flows.sweep", str(path), "--jobs", "2"]
    done = subprocess.run(command, cwd=folder, env=os.environ | own | code, capture_output=True, text=True, timeout=300, check=False)
    (folder.parent / "said").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, not yet swept."""
    folder = swept.project(tmp_path / "project")
    for name, value in swept.settings(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def dvc(folder: Path, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_grid_tries_every_point_once_and_the_best_is_said(grid: Path) -> None:
    trials = swept.told(grid)["trials"]
    tried = sorted((trial["values"]["model.units"], trial["values"]["model.cell"], trial["score"]) for trial in trials)
    assert tried == [(3, "gru", 1.0), (3, "lstm", 1.5), (5, "gru", 1.0), (5, "lstm", 1.5)]
    best = next(trial for trial in trials if trial["score"] == 1.0)
    assert f"take the winner: dvc exp apply {best['experiment']}" in (grid.parent / "said").read_text()
    assert (grid / ".malmoi/sweeps/tiny/sweep.md").read_text().count("| finished |") == 4
    assert (grid / ".malmoi/sweeps/tiny/parallel-coordinates.png").stat().st_size > 1000


def test_what_no_value_changes_is_made_once(grid: Path) -> None:
    assert swept.events(grid).count("prep") == 1
    ran = [trial["stages"]["ran"] for trial in swept.told(grid)["trials"]]
    assert ["prep" in stages for stages in ran].count(True) == 1
    assert all("train" in stages for stages in ran)


def test_trials_run_side_by_side(grid: Path) -> None:
    trained = [line.split()[0] for line in swept.events(grid) if not line.startswith("prep")]
    assert trained[:2] == ["begin", "begin"]
    assert trained.count("end") == 4


def test_the_project_is_left_as_it_was(grid: Path) -> None:
    status = subprocess.run(["git", "status", "--porcelain"], cwd=grid, capture_output=True, text=True, check=True).stdout
    assert status == ""
    assert [path.name for path in (grid / ".malmoi/sweeps/tiny").glob("trial-*") if path.is_dir()] == []
    assert (grid / "data/raw/source.txt").read_text(encoding="utf-8") == "말모이 text\n"


def test_dvc_shows_the_trials_and_brings_the_winner(grid: Path) -> None:
    names = {f"tiny-trial-{number}" for number in range(4)}
    assert {line.split("\t")[-1].strip() for line in dvc(grid, "exp", "list", "--name-only").splitlines()} == names
    [_, head] = json.loads(dvc(grid, "exp", "show", "--json"))
    found = {one["name"]: one["revs"][0]["data"] for one in head["experiments"]}
    winner = next(trial for trial in swept.told(grid)["trials"] if trial["values"] == {"model.units": 5, "model.cell": "gru"})
    data = found[winner["experiment"]]
    assert data["params"]["params.yaml"]["data"]["model"] == {"units": 5, "cell": "gru"}
    assert data["metrics"]["score.json"]["data"] == {"loss": 1.0}
    assert data["metrics"]["sweep/score.json"]["data"] == {"sweep": "tiny", "trial": winner["number"], "score.loss": 1.0}
    clone = grid.parent / "clone"  # so that the other tests see the project as it was
    subprocess.run(["cp", "-r", str(grid), str(clone)], check=True)
    dvc(clone, "exp", "apply", winner["experiment"])
    assert (clone / "params.yaml").read_text() == swept.PARAMS.replace("units: 2", "units: 5")
    assert json.loads((clone / "model.json").read_text()) == {"loss": 1.0}
    assert "up to date" in dvc(clone, "status")


def test_a_finished_sweep_does_nothing_more_and_a_changed_one_is_refused(
    grid: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(grid)
    before = len(swept.events(grid))
    assert sweep.main([str(swept.write(grid, **GRID, space=POINTS))]) == 0
    assert "4 trials, 4 of them done before" in capsys.readouterr().out
    assert sweep.main([str(swept.write(grid, **GRID, space=POINTS | {"model.units": {"choices": [1, 2]}}))]) == 1
    assert "was begun with other settings" in capsys.readouterr().err
    assert len(swept.events(grid)) == before


def test_a_hopeless_trial_is_ended_early(small: Path, run_python: Run) -> None:
    path = swept.write(
        small, **GRID, space={"model.units": {"choices": [4, 9]}}, pruner={"kind": "median", "startup": 1}, fixed={"model.cell": "lstm"}
    )
    done = run_python(small, "-m", "flows.sweep", str(path), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    [good, bad] = swept.told(small)["trials"]
    assert (good["state"], good["score"], [step for step, _ in good["intermediate"]]) == ("finished", 0.5, [1, 2, 3])
    assert (bad["state"], bad["score"], bad["experiment"], bad["intermediate"]) == ("pruned", None, None, [[1, 26.5]])
    assert swept.events(small)[1:] == ["begin 4 lstm", "end 4 lstm", "begin 9 lstm"]
    assert "trial 1  units 9  pruned" in done.stdout


def wait_for(path: Path) -> list[int]:
    until = time.monotonic() + 60
    while not path.exists() or not path.read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.05)
    return [int(word) for word in path.read_text().split()]


def wait_for_end(pids: list[int]) -> None:
    until = time.monotonic() + 60
    while any(map(swept.alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [pid for pid in pids if swept.alive(pid)] == []


def test_a_killed_sweep_goes_on_with_the_same_values(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run_python: Run, start_python: Start
) -> None:
    monkeypatch.chdir(small)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{small.parent / 'mlflow.db'}")
    monkeypatch.delenv("MALMOI_TRACKING")
    path, hold = swept.write(small), small.parent / "hold"
    hold.touch()
    with start_python(small, "-m", "flows.sweep", str(path), "--jobs", "1") as first:
        pids = wait_for(small.parent / "pids")
        assert sweep.main([str(path)]) == 1
        assert f"already at work (process {first.pid} on " in capsys.readouterr().err
        workspace = small / ".malmoi/sweeps/tiny/trial-0"
        with pytest.raises(BusyError, match=rf"trial-0: locked by process \d+ on .* .runs {workspace}."):
            trials.remove(workspace, timeout=0.2)
        assert (workspace / "train.py").is_file()
        first.send_signal(signal.SIGKILL)
    wait_for_end(pids)
    hold.unlink()
    done = run_python(small, "-m", "flows.sweep", str(path), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "trial 0 was interrupted; the same values are tried again" in done.stdout
    [dead, again, other] = swept.told(small)["trials"]
    assert (dead["state"], dead["again"], again["state"], again["again"], other["state"]) == (
        "interrupted",
        None,
        "finished",
        0,
        "finished",
    )
    assert dead["values"] == again["values"] != other["values"]
    assert swept.events(small).count("prep") == 1
    assert recorded(small.parent / "mlflow.db") == {
        "sweep tiny": "FINISHED",
        "trial 0": "KILLED",
        "trial 1": "FINISHED",
        "trial 2": "FINISHED",
    }


def recorded(database: Path) -> dict[str, str]:
    """Names and states of MLflow's runs; all but one are children of that one."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select run_uuid, name, status from runs").fetchall()
        parents = connection.execute("select value from tags where key = 'mlflow.parentRunId'").fetchall()
    connection.close()
    assert len({name for _, name, _ in rows}) == len(rows)
    assert {parent for (parent,) in parents} == {uuid for uuid, name, _ in rows if name.startswith("sweep")}
    return {name: status for _, name, status in rows}


def test_ctrl_c_ends_all_and_says_how_to_go_on(small: Path, start_python: Start) -> None:
    path = swept.write(small)
    (small.parent / "hold").touch()
    with start_python(small, "-m", "flows.sweep", str(path), "--jobs", "1") as stopped:
        pids = wait_for(small.parent / "pids")
        stopped.send_signal(signal.SIGINT)
        _, said = stopped.communicate(timeout=120)
    assert stopped.returncode == 130
    assert f"go on with: python -m flows.sweep {path}" in said
    wait_for_end(pids)
    assert [trial["state"] for trial in swept.told(small)["trials"]] == ["interrupted"]


def test_where_every_trial_fails_the_sweep_ends_and_says_why(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small)
    (small.parent / "fail").touch()
    assert sweep.main([str(swept.write(small, trials=9)), "--jobs", "3"]) == 1
    said = capsys.readouterr()
    assert "all of 3 trials failed" in said.err
    assert "no such cell" in said.err
    assert "FAILED: failed to reproduce" in said.out or "FAILED: failed to run" in said.out


def test_after_its_time_no_trial_is_begun(small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(small)
    assert sweep.main([str(swept.write(small, timeout=1e-9))]) == 1
    assert "its time is over, the same command goes on" in capsys.readouterr().out
    assert (swept.events(small), swept.told(small)["state"]) == ([], "stopped")


def test_what_was_not_committed_is_not_left_out_silently(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small)
    (small / "params.yaml").write_text(swept.PARAMS + "more: 1\n")
    assert sweep.main([str(swept.write(small))]) == 1
    said = capsys.readouterr().err
    assert "these files differ from it: params.yaml" in said
    assert "--from-head" in said


def test_data_that_is_nowhere_is_said(small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(small)
    (small / "data/raw/source.txt").write_text("other\n")
    assert sweep.main([str(swept.write(small))]) == 1
    assert "data/raw differs from what it pins" in capsys.readouterr().err


def test_experiments_of_an_earlier_sweep_are_not_written_over(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small)
    trials.git(small, "update-ref", trials.project().reference("tiny-trial-7"), "HEAD")
    assert sweep.main([str(swept.write(small))]) == 1
    assert "dvc exp remove tiny-trial-7" in capsys.readouterr().err


def test_without_a_commit_it_says_that_there_must_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "project"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").touch()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    assert sweep.main([str(swept.write(folder))]) == 1
    assert "no commit yet" in capsys.readouterr().err


def test_a_dry_run_says_what_would_be_tried(small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(small)
    assert sweep.main([str(swept.write(small)), "--dry-run", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "tiny: 2 trials (random, seed 1), 1 side by side" in said
    assert "model.units: 1 to 6" in said
    assert not (small / ".malmoi").exists()
