"""Nothing that a run has started outlives it, not even what has left its process group."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from flows.watchdog import MARK, Watchdog, marked

# starts a watchdog and a program with the mark that goes into a session of its own, and waits to be killed
RUN = """
import os, subprocess, sys, time
from flows.watchdog import MARK, Watchdog
dog = Watchdog()
dog.start()
command = ["sh", "-c", "trap '' TERM; sleep 300"]
child = subprocess.Popen(command, env=os.environ | {MARK: dog.mark}, start_new_session=True, stdout=subprocess.DEVNULL)
print(dog.mark, child.pid, flush=True)
if sys.argv[1] == "close":
    dog.close()
    print("closed", flush=True)
time.sleep(300)
"""


def started(how: str) -> tuple["subprocess.Popen[str]", str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.Popen([sys.executable, "-c", RUN, how], env=environment, stdout=subprocess.PIPE, text=True)
    assert run.stdout
    return run, run.stdout.readline().split()[0]


def left(mark: str, seconds: float) -> list[int]:
    until = time.monotonic() + seconds
    while (found := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_a_killed_run_takes_along_what_it_started() -> None:
    run, mark = started("run")
    assert marked(mark)
    run.kill()
    run.communicate()
    assert left(mark, 60) == []


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
