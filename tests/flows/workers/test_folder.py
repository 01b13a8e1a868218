"""A worker works in a clone of its own, and a person's clone stays as it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.workers import folder
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def git(where: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *arguments], cwd=where, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def central(tmp_path: Path) -> Path:
    """A repository with one commit."""
    place = tmp_path / "central"
    place.mkdir()
    git(place, "init", "-q")
    (place / "notes.txt").write_text("committed\n")
    (place / ".gitignore").write_text("/out/\n/.venv/\n")
    (place / ".dvc").mkdir()
    (place / ".dvc/config").touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", "first")
    return place


@pytest.fixture
def clone(central: Path, tmp_path: Path) -> Path:
    """A person's clone."""
    git(tmp_path, "clone", "-q", str(central), "clone")
    return tmp_path / "clone"


def test_a_worker_that_is_started_in_a_persons_clone_touches_nothing(clone: Path) -> None:
    (clone / "notes.txt").write_text("a day's work\n")
    (clone / "new.txt").write_text("not even added\n")
    command = [sys.executable, "-m", "flows.worker", "tcp://127.0.0.1:9"]
    for options in ([], ["--adopt"], ["--folder", str(clone)]):
        done = subprocess.run(
            [*command, *options], cwd=clone, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
    assert (clone / "notes.txt").read_text() == "a day's work\n"
    assert (clone / "new.txt").read_text() == "not even added\n"


def test_it_clones_where_the_current_clone_is_from(central: Path, clone: Path, tmp_path: Path) -> None:
    there = tmp_path / "deep" / "worker"
    folder.prepare(there, folder.origin(clone))
    assert git(there, "remote", "get-url", "origin") == str(central)
    code = f"from pathlib import Path; from flows.workers.folder import held\nwith held(Path({str(there)!r})): pass"
    with folder.held(there):
        second = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"BusyError: malmoi-worker: locked by process {os.getpid()} on" in second.stderr


def test_a_folder_may_be_named_from_where_one_is_and_so_may_the_repository(
    clone: Path, central: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(clone, "remote", "set-url", "origin", "../central")
    monkeypatch.chdir(clone)
    folder.prepare(Path("../worker"), folder.origin(Path.cwd()))
    folder.check(tmp_path / "worker")
    assert git(tmp_path / "worker", "remote", "get-url", "origin") == str(central)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["central", "clone", "worker"]


def test_what_is_no_clone_of_the_worker_is_refused_with_the_cure(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--folder .* --adopt"):
        folder.check(clone)
    with pytest.raises(ConfigError, match="no clone of the project"):
        folder.check(tmp_path)
    with pytest.raises(ConfigError, match="--adopt"):
        folder.prepare(clone, str(clone))  # somebody's folder that is not empty


def test_a_clone_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="git clone"):
        folder.prepare(tmp_path / "worker", str(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_only_a_clone_that_holds_nothing_of_its_own_is_adopted(clone: Path) -> None:
    (clone / "new.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"not committed.*new\.txt"):
        folder.adopt(clone)
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "a day's work")
    with pytest.raises(ConfigError, match=r"in no other repository: .* a day's work"):
        folder.adopt(clone)
    git(clone, "push", "-q", "origin", "HEAD:refs/heads/pushed")
    git(clone, "fetch", "-q")
    (clone / "new.txt").write_text("y")
    git(clone, "stash")
    with pytest.raises(ConfigError, match="stash"):
        folder.adopt(clone)
    git(clone, "stash", "drop", "-q")
    (clone / "out").mkdir()
    (clone / "out/result").write_text("of an hour")
    with pytest.raises(ConfigError, match=r"git ignores these files.*: out/;"):
        folder.adopt(clone)
    shutil.rmtree(clone / "out")
    (clone / ".venv").mkdir()
    (clone / ".venv/pyvenv.cfg").touch()
    git(clone, "checkout", "-q", "--detach")
    (clone / "new.txt").write_text("on no branch")
    git(clone, "commit", "-qam", "a night's work")
    with pytest.raises(ConfigError, match=r"in no other repository: .* a night's work"):
        folder.adopt(clone)
    git(clone, "checkout", "-q", "HEAD~1")
    folder.adopt(clone)
    folder.check(clone)
    (clone / "new.txt").write_text("what a stage has left")
    folder.adopt(clone)  # as the container does that is started again


def test_a_copy_of_a_workers_folder_is_a_persons(clone: Path, tmp_path: Path) -> None:
    folder.adopt(clone)
    shutil.copytree(clone, tmp_path / "copy")
    with pytest.raises(ConfigError, match="a person's clone"):
        folder.check(tmp_path / "copy")


def test_the_mark_does_not_travel(clone: Path, tmp_path: Path) -> None:
    folder.adopt(clone)
    git(tmp_path, "clone", "-q", str(clone), "copy")
    assert git(clone, "status", "--porcelain") == ""
    with pytest.raises(ConfigError):
        folder.check(tmp_path / "copy")


def test_the_last_look_is_right_before_what_cannot_be_undone(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import worker

    (clone / "notes.txt").write_text("a day's work\n")
    monkeypatch.chdir(clone)
    with pytest.raises(ConfigError):
        worker._check_out(git(clone, "rev-parse", "HEAD"))
    assert (clone / "notes.txt").read_text() == "a day's work\n"
