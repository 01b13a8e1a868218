"""DVC's file of readers and writers is written once for what a thread holds, and still keeps others out."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import rwlocks


@pytest.fixture
def lock(tmp_path: Path) -> Callable[..., Any]:
    """DVC's lock of paths to read and to write, as `rwlocked` calls it."""
    from dvc import rwlock
    from dvc.fs import localfs

    def take(read: list[str], write: list[str], cmd: str = "ours") -> Any:
        return rwlock.rwlock(str(tmp_path), localfs, cmd, read, write, False)

    return take


def test_what_is_held_is_not_written_again(lock: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "rwlock"
    with rwlocks.asked_once():
        with lock(["/a"], ["/b"]):
            written = file.read_text()
            file.write_text(written + " ")  # a second entry would write it anew
            with lock(["/a", "/b"], []), lock([], ["/b"]):
                assert file.read_text() == written + " "
            with lock([], ["/a"]):  # held for reading only
                assert "/a" in json.loads(file.read_text())["write"]
        assert json.loads(file.read_text()) == {"read": {}, "write": {}} or "/b" not in file.read_text()
        with lock(["/a"], []):
            assert "/a" in json.loads(file.read_text())["read"]


def test_another_process_is_kept_out_and_keeps_us_out(lock: Callable[..., Any], tmp_path: Path) -> None:
    from dvc.lock import LockError

    other = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "rwlock").write_text(json.dumps({"read": {}, "write": {"/b": {"pid": other.pid, "cmd": "theirs"}}}))
        with rwlocks.asked_once(), pytest.raises(LockError, match=f"blocked by.*\n.*{other.pid}"), lock(["/b"], []):
            pass
    finally:
        other.kill()
        other.wait()
    with rwlocks.asked_once(), lock([], ["/b"]):  # the dead process's entry goes
        assert json.loads((tmp_path / "rwlock").read_text())["write"]["/b"]["pid"] == os.getpid()


def test_dvc_is_itself_again_afterwards(lock: Callable[..., Any]) -> None:
    from dvc import rwlock

    before = rwlock.rwlock
    with rwlocks.asked_once():
        assert rwlock.rwlock is not before
    assert rwlock.rwlock is before
