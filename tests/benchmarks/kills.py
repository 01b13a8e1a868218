"""What kills at random moments lose or leave behind: `python tests/benchmarks/flow.py --only kills`.

A random DVC project is run again and again, each time with a new parameter; the run, or one of the stages, gets a random signal at a random
moment, several times until it may come to its end. Then every file must be as in a twin that nobody disturbed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from random_graph import files, make

from tasks.runtime.watchdog import MARK

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "-m", "flows.local", "--jobs", "3", "dvc.yaml", "sub/dvc.yaml"]
KILLS, EACH, GRAPHS = 200, 8, 5  # in all, of one state, and after so many states another graph
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PATIENCE = 30.0  # seconds after which a process that is left is an orphan


def main(folder: Path) -> int:
    """Count. Returns 1 where anything was lost, wrong or left."""
    draw, done, wrong, orphans, began = random.Random(1), 0, 0, 0, time.monotonic()
    folder.mkdir()
    for state in range(KILLS // EACH):
        killed, twin = (folder / f"{name}{state // GRAPHS}" for name in ("killed", "twin"))
        for project in (killed, twin):
            if not project.exists():
                make(project, state // GRAPHS, seconds=0.5)
            (project / "params.yaml").write_text(f"level: {state}\nother: {state}\n")
        for _ in range(EACH):
            done += 1
            orphans += disturb(killed, draw)
        for project in (killed, twin):
            subprocess.run(RUN, cwd=project, env=environment(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wrong += files(killed) != files(twin)
        print(f"{done} kills, {time.monotonic() - began:.0f} s: {wrong} states with a wrong or lost file, {orphans} orphans", flush=True)
    return int(bool(wrong or orphans))


def disturb(project: Path, draw: random.Random) -> int:
    """One run with a signal at a random moment, to the run or to one of its stages. Returns how many processes are left for too long."""
    mark = f"kills-{draw.random()}"
    run = subprocess.Popen(
        RUN,
        cwd=project,
        env=environment() | {"KILLS": mark, "MALMOI_STAGE_ENV": "KILLS"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(draw.uniform(0.3, 4.0))
    stages = [process for process in marked(mark) if MARK in process_environment(process)]
    if stages and draw.random() < 0.3:
        draw.choice(stages).send_signal(draw.choice(SIGNALS))
        time.sleep(draw.uniform(0.0, 0.5))
    run.send_signal(draw.choice(SIGNALS))
    run.wait()
    until = time.monotonic() + PATIENCE
    while (left := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return len(left)


def marked(mark: str) -> list[psutil.Process]:
    """Living processes that this run has started."""
    return [process for process in psutil.process_iter() if process_environment(process).get("KILLS") == mark and alive(process)]


def alive(process: psutil.Process) -> bool:
    """Whether it is there, and not only waiting for its parent to ask how it ended."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def process_environment(process: psutil.Process) -> dict[str, str]:
    """Empty where it is gone, or somebody else's."""
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def environment() -> dict[str, str]:
    """That of this process, with this project's code."""
    return os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/sh"}
