"""Locks between processes: one at a time, who holds it is named, and a holder that is killed holds nothing."""

import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows.commands import Stop, Stopped
from tasks.runtime import files, locks, processes
from tasks.runtime.locks import BusyError, hold, lock

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys, time
from pathlib import Path
from tasks.runtime.locks import lock
with lock(Path(sys.argv[1]), "counting sheep"):
    print("held", flush=True)
    time.sleep(60)
"""
COUNT = """
import sys
from pathlib import Path
from tasks.runtime.files import write_whole
from tasks.runtime.locks import lock, path_for
counter = Path(sys.argv[1])
for _ in range(100):
    with lock(path_for(counter)):
        write_whole(counter, str(int(counter.read_text()) + 1))
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.communicate()


def test_a_second_process_is_told_who_holds_it_and_gets_it_when_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "data.dvc.lock"
    process = holder(path)
    try:
        with (
            pytest.raises(BusyError, match=rf"data\.dvc: locked by process {process.pid} on .* \(counting sheep\), since 20"),
            lock(path, timeout=0),
        ):
            pass
    finally:
        end(process, signal.SIGKILL)
    with lock(path, timeout=0):
        assert locks.owner(path).pid == processes.identify().pid
    assert locks.owner(path) is None


def test_who_waits_is_told_once_whom_for(tmp_path: Path) -> None:
    process, said = holder(tmp_path / "x.lock"), list[str]()
    threading.Timer(2.0, end, (process, signal.SIGKILL)).start()
    began = time.monotonic()
    with lock(tmp_path / "x.lock", timeout=60, say=said.append):
        assert time.monotonic() - began > 1.0
    assert len(said) == 1
    assert "counting sheep" in said[0]


def test_nothing_is_lost_where_several_read_change_and_write_back(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(counter)], cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert counter.read_text() == "300"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".malmoi", "counter"]
    assert (tmp_path / ".malmoi" / ".gitignore").read_text() == "*\n"


def test_a_thread_may_enter_again_and_another_may_not(tmp_path: Path) -> None:
    path, found = tmp_path / "x.lock", list[str]()

    def other() -> None:
        with pytest.raises(BusyError), lock(path, timeout=0):
            pass
        found.append("refused")

    with lock(path):
        with lock(path, timeout=0):
            pass
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    with lock(path, timeout=0):
        assert found == ["refused"]


def test_a_holder_may_remove_the_folder_of_its_lock(tmp_path: Path) -> None:
    """Who waits then gets the lock of a file that others find, too."""
    path = tmp_path / "work" / "x.lock"
    process = holder(path)
    threading.Timer(0.5, shutil.rmtree, (path.parent,)).start()
    threading.Timer(1.0, end, (process, signal.SIGKILL)).start()
    with lock(path, timeout=30, say=lambda _: None):
        assert locks.owner(path).pid == processes.identify().pid


def test_what_the_holder_starts_does_not_hold_it(tmp_path: Path) -> None:
    with lock(tmp_path / "x.lock"):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    with lock(tmp_path / "x.lock", timeout=0):
        child.kill()
    child.wait()


def test_what_the_holder_has_forked_does_not_hold_it_after_it(tmp_path: Path) -> None:
    with lock(tmp_path / "x.lock"):
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
    try:
        with lock(tmp_path / "x.lock", timeout=0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_hold_is_refused_also_to_the_thread_that_is_inside_and_says_who_that_is(tmp_path: Path) -> None:
    with hold(tmp_path / "x.lock", "sleeping"):
        with pytest.raises(BusyError) as refused, hold(tmp_path / "x.lock", timeout=0):
            pass
        assert refused.value.owner is not None
        assert (refused.value.owner.pid, refused.value.owner.doing) == (os.getpid(), "sleeping")
    with hold(tmp_path / "x.lock", timeout=0):
        pass


def test_who_waits_for_ever_may_be_told_to_stop(tmp_path: Path) -> None:
    stop = Stop()
    threading.Timer(0.3, stop.ask).start()
    with hold(tmp_path / "x.lock"), pytest.raises(Stopped), hold(tmp_path / "x.lock", timeout=math.inf, check=stop.check):
        pass


@pytest.mark.parametrize(("given", "said"), [("soon", "should be a number of seconds"), ("-1", "0 or more"), ("nan", "0 or more")])
def test_a_timeout_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str) -> None:
    monkeypatch.setenv(locks.TIMEOUT, given)
    with pytest.raises(locks.ConfigError, match=said), lock(tmp_path / "x.lock"):
        pass


def test_a_file_is_the_old_one_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(ZeroDivisionError), files.unfinished(tmp_path / "x") as part:
        part.write_text(f"half {1 / (len(part.name) - len(part.name))}")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]
    files.write_whole(tmp_path / "x", "말")
    assert (tmp_path / "x").read_bytes() == "말".encode()
    (tmp_path / "y").touch()
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "y").stat().st_mode
