"""What deploy/ runs by itself: the clone that survives a kill, .env with passwords and digests."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import compose
import pytest

ROOT = Path(__file__).resolve().parents[2]
CLONE, PREPARE = ROOT / "deploy/clone.sh", ROOT / "deploy/prepare.py"
DIGEST = "sha256:" + "0123456789abcdef" * 4


def git(where: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=where, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def central(tmp_path: Path) -> Path:
    """A repository whose clone takes a moment."""
    place = tmp_path / "central"
    place.mkdir()
    git(place, "init", "-q")
    for number in range(300):
        (place / f"{number}.txt").write_text(random.Random(number).randbytes(3000).hex())
    git(place, "add", "-A")
    git(place, "commit", "-qm", "first")
    return place


def environment(central: Path) -> dict[str, str]:
    return os.environ | {"MALMOI_REPOSITORY": central.as_uri()}


def whole(folder: Path, central: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return git(folder, "status", "--porcelain") == "" and names == {path.name for path in central.iterdir()}


def test_a_clone_that_is_killed_at_any_moment_is_finished_by_the_next_start(central: Path, tmp_path: Path) -> None:
    draw = random.Random(1)
    for number in range(12):
        folder = tmp_path / f"volume-{number}"
        folder.mkdir()
        process = subprocess.Popen([str(CLONE), "worker"], cwd=folder, env=environment(central), start_new_session=True)
        time.sleep(draw.uniform(0.0, 0.12))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        subprocess.run([str(CLONE), "worker"], cwd=folder, env=environment(central), check=True)
        assert whole(folder, central), number
        assert (folder / ".git/malmoi-worker").is_file()


@pytest.mark.parametrize("left", ["half of .git", "no index", "a lock"])
def test_what_a_kill_leaves_at_its_worst_moments_is_mended(central: Path, tmp_path: Path, left: str) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    if left == "half of .git":  # of a clone that was made in place
        git(folder, "init", "-q")
        (folder / ".clone").mkdir()
    else:
        git(tmp_path, "clone", "-q", "--no-checkout", str(central), "volume")
        (folder / "0.txt").write_text("half")
        (folder / ".git/index.lock").touch()
    subprocess.run([str(CLONE)], cwd=folder, env=environment(central), check=True)
    assert whole(folder, central)
    assert not (folder / ".git/malmoi-worker").exists()


def test_a_clone_that_is_there_stays_as_it_is(central: Path, tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    subprocess.run([str(CLONE)], cwd=folder, env=environment(central), check=True)
    (folder / "0.txt").write_text("not committed")
    subprocess.run([str(CLONE)], cwd=folder, env=environment(tmp_path / "gone"), check=True)
    assert (folder / "0.txt").read_text() == "not committed"


def prepare(folder: Path, *options: str, path: str = "") -> "subprocess.CompletedProcess[str]":
    given = os.environ | {"PATH": path or os.environ["PATH"]}
    command = [sys.executable, str(PREPARE), "--folder", str(folder), *options]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


def values(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_passwords_are_made_once_and_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        done = prepare(tmp_path)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    first = values(tmp_path)
    assert set(first) == set(compose.example())
    made = {name: value for name, value in first.items() if name.endswith(("_PASSWORD", "_SECRET"))}
    assert len(made) == len(set(made.values())) == 8
    assert all(len(value) == 48 and value not in done.stdout for value in made.values())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    (tmp_path / ".env").write_text((tmp_path / ".env").read_text().replace("GIT_NAME=Malmoi", "GIT_NAME=Us") + "OWN=1\n")
    assert prepare(tmp_path).returncode == 0
    assert values(tmp_path) == first | {"GIT_NAME": "Us", "OWN": "1"}
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_images_are_resolved_by_docker_and_a_failure_changes_nothing(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "docker").write_text(f'#!/bin/sh\n[ "$*" = "${{*#buildx imagetools inspect}}" ] && exit 1\necho {DIGEST}\n')
    (tools / "docker").chmod(0o755)
    done = prepare(tmp_path, "--images", path=f"{tools}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    found = values(tmp_path)
    assert (found["PYTHON_DIGEST"], found["POSTGRES_DIGEST"]) == (DIGEST, DIGEST)
    (tools / "docker").write_text("#!/bin/sh\necho unauthorized >&2\nexit 1\n")
    failed = prepare(tmp_path, "--images", path=f"{tools}:/usr/bin:/bin")
    assert failed.returncode == 1
    assert "error: docker buildx imagetools inspect python:3.11-slim: unauthorized" in failed.stderr
    assert values(tmp_path) == found
