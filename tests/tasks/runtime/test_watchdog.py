"""Nothing that a run has started outlives it, not even what has left its process group."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.runtime.processes import start_time
from tasks.runtime.watchdog import MARK, Watchdog, marked

ROOT = Path(__file__).resolve().parents[3]

# starts a watchdog and a program with the mark that goes into a session of its own, and waits to be killed
RUN = """
import os, subprocess, sys, time
from tasks.runtime.watchdog import MARK, Watchdog
dog = Watchdog()
dog.start()
command = ["sh", "-c", "trap '' TERM; sleep 300"]
child = subprocess.Popen(command, env=os.environ | {MARK: dog.mark}, start_new_session=True, stdout=subprocess.DEVNULL)
print(dog.mark, child.pid, flush=True)
if sys.argv[1] == "fork" and os.fork() == 0:
    os.close(1)
    time.sleep(90)  # it holds the watchdog's pipe
    os._exit(0)
if sys.argv[1] == "close":
    dog.close()
    print("closed", flush=True)
time.sleep(300)
"""


def started(how: str) -> tuple["subprocess.Popen[str]", str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    run = subprocess.Popen([sys.executable, "-c", RUN, how], env=environment, stdout=subprocess.PIPE, text=True)
    assert run.stdout
    return run, run.stdout.readline().split()[0]


def left(mark: str, seconds: float) -> list[int]:
    until = time.monotonic() + seconds
    while (found := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("how", ["run", "fork"])
def test_a_killed_run_takes_along_what_it_started(how: str) -> None:
    run, mark = started(how)
    assert marked(mark)
    run.kill()
    run.wait()
    assert left(mark, 60) == []
    run.communicate()


# a test that starts a server in a session of its own, as fixtures do, and a run inside of it that has a mark of its own
TESTS = """
import os, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, os.environ["ROOT"])
from tasks.runtime.watchdog import MARK
def test_waits():
    environment = os.environ | {MARK: "of a run inside"}
    server = subprocess.Popen(["sh", "-c", "sleep 300 & echo $!; wait"], env=environment, start_new_session=True, stdout=subprocess.PIPE)
    Path("there.new").write_text(f"{os.getpid()} {server.pid} {server.stdout.readline().decode()}")
    os.rename("there.new", "there")
    time.sleep(300)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_what_tests_start_ends_with_pytest(number: int, workers: str, tmp_path: Path) -> None:
    """This project's conftest.py, in a run of pytest that is ended in the middle of a test, and has no fixture that would clean up."""
    (tmp_path / "test_it.py").write_text(TESTS)
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests/support'}", "ROOT": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "test_it.py"]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=listen
    )
    try:
        until = time.monotonic() + 120
        while not (tmp_path / "there").exists():
            assert run.poll() is None, run.communicate()[0].decode()
            assert time.monotonic() < until
            time.sleep(0.1)
        pids = [int(pid) for pid in (tmp_path / "there").read_text().split()]
        os.killpg(run.pid, number) if number == signal.SIGINT else run.send_signal(number)  # a terminal sends Ctrl-C to all
        until = time.monotonic() + 60
        while (there := [pid for pid in pids if start_time(pid)]) and time.monotonic() < until:
            time.sleep(0.1)
        assert there == []
    finally:
        run.kill()
        run.communicate()


def listen() -> None:  # a shell's background job starts with Ctrl-C ignored
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_run_that_ends_in_order_ends_nothing() -> None:
    run, mark = started("close")
    assert run.stdout
    assert run.stdout.readline() == "closed\n"
    run.kill()
    run.communicate()
    try:
        assert left(mark, 1.0)
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)


def test_one_that_was_never_started_closes() -> None:
    Watchdog().close()
    assert marked(Watchdog().mark) == []
    assert MARK not in os.environ
