"""`python -m flows.local`: as `dvc repro`, through success, failure and death."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., "subprocess.Popen[str]"]


def files(folder: Path) -> dict[str, bytes]:
    """What a run leaves that git or a person sees."""
    found = [path for path in folder.rglob("*") if path.is_file() and not {".git", ".dvc", ".malmoi"} & set(path.relative_to(folder).parts)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def status(folder: Path) -> dict:
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        return dict(repo.status())


def held(folder: Path) -> list[int]:
    """Process ids of the stage that waits to be killed: its shell and the child of that."""
    until = time.monotonic() + 120
    while not (folder / "pids").exists():
        assert time.monotonic() < until, "the stage did not start"
        time.sleep(0.05)
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def gone(pids: list[int]) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def test_it_leaves_what_dvc_repro_leaves(make_project: Callable[[str], Path], run_python: Run) -> None:
    ours, theirs = make_project("ours"), make_project("theirs")
    done = run_python(ours, "-m", "flows.local", check=True)
    run_python(theirs, "-m", "dvc", "repro", "-q", check=True)
    assert files(ours) == files(theirs)
    assert b"train@b" in files(ours)["dvc.lock"]
    assert b"/prep.txt" in files(ours)[".gitignore"]
    assert status(ours) == {}
    assert "[1/4] prep  done" in done.stdout
    assert "4 stages: 4 ran" in done.stdout
    again = run_python(ours, "-m", "flows.local", check=True)
    assert "4 stages: 4 unchanged" in again.stdout
    assert run_python(ours, "-m", "dvc", "repro", check=True).stdout.count("didn't change, skipping") == 4
    assert set(json.loads((ours / ".malmoi/timings.json").read_text())) == {"prep", "train@a", "train@b", "join"}
    porcelain = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=ours, capture_output=True, text=True, check=True).stdout
    assert ".malmoi" not in porcelain


def test_a_failing_stage_is_explained_and_dvc_repro_goes_on_from_there(project: Path, run_python: Run) -> None:
    (project / "fail.a").touch()
    done = run_python(project, "-m", "flows.local", "--jobs", "1")
    assert done.returncode == 1
    assert "train@a  FAILED" in done.stdout
    assert "no such thing as a" in done.stderr
    assert ".malmoi/logs/train@a.log" in done.stderr
    assert "Traceback" not in done.stderr
    going = run_python(project, "-m", "flows.local", "--keep-going")
    assert going.returncode == 1
    assert "train@b  done" in going.stdout
    assert "join  skipped" in going.stdout
    (project / "fail.a").unlink()
    mended = run_python(project, "-m", "dvc", "repro", check=True).stdout
    assert "Stage 'train@b' didn't change" in mended
    assert "Running stage 'train@a'" in mended
    assert status(project) == {}


def test_a_stage_killed_in_the_middle_fails_clearly_and_the_next_run_goes_on(
    make_project: Callable[[str], Path], run_python: Run, start_python: Start
) -> None:
    project, undisturbed = make_project("project"), make_project("undisturbed")
    (project / "hold.a").touch()
    running = start_python(project, "-m", "flows.local")
    for pid in held(project):
        os.kill(pid, signal.SIGKILL)
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 1, errors
    assert "train@a  FAILED" in output
    assert "exited with 137" in errors  # 128 + 9, as a shell says it
    (project / "hold.a").unlink()
    (project / "pids").unlink()
    run_python(project, "-m", "flows.local", check=True)
    run_python(undisturbed, "-m", "dvc", "repro", "-q", check=True)
    assert files(project) == files(undisturbed)
    assert status(project) == {}


@pytest.mark.parametrize(("sent", "status_given"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_by_a_signal_it_leaves_no_process_and_no_lock(
    project: Path, run_python: Run, start_python: Start, sent: signal.Signals, status_given: int
) -> None:
    (project / "hold.b").touch()
    running = start_python(project, "-m", "flows.local", "--jobs", "1")
    pids = held(project)
    running.send_signal(sent)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == status_given, errors
    assert f"stopped by {sent.name}" in errors
    assert gone(pids)
    (project / "hold.b").unlink()
    after = run_python(project, "-m", "flows.local", check=True).stdout
    assert "train@a  unchanged" in after
    assert "train@b  done" in after
    assert status(project) == {}


def test_what_dvc_refuses_is_said_without_a_traceback(project: Path, tmp_path: Path, run_python: Run) -> None:
    unknown = run_python(project, "-m", "flows.local", "nonsense")
    assert (unknown.returncode, "nonsense" in unknown.stderr, "Traceback" in unknown.stderr) == (1, True, False)
    (tmp_path / "empty").mkdir()
    outside = run_python(tmp_path / "empty", "-m", "flows.local")
    assert outside.returncode == 1
    assert outside.stderr.startswith("error: ")
    (project / "dvc.yaml").write_text("stages: [\n")
    broken = run_python(project, "-m", "flows.local")
    assert (broken.returncode, broken.stderr.startswith("error: ")) == (1, True)


def test_no_engine_is_imported(project: Path, run_python: Run) -> None:
    names = "['prefect', 'mlflow', 'tensorflow']"
    code = f"import sys, flows.local; flows.local.main([]); print([name for name in {names} if name in sys.modules])"
    assert run_python(project, "-c", code, check=True).stdout.endswith("[]\n")


def test_data_that_is_missing_is_told_with_its_cure(project: Path, run_python: Run) -> None:
    """A pinned folder that nobody can bring here stops all that reads data/; what to do is said."""
    (project / "data").mkdir()
    (project / "data.dvc").write_text("outs:\n- path: data/gone\n  md5: 0123456789abcdef0123456789abcdef.dir\n  hash: md5\n")
    done = run_python(project, "-m", "flows.local", "data.dvc")
    assert done.returncode == 1
    assert "data/gone: python -m tasks forget gone" in done.stderr
