"""What kills lose in MLflow: `python tests/benchmarks/record.py --only kills`.

A training, then `record`, are killed with SIGKILL at random moments, the training's writer sometimes with it. Both are run again until they
come to their end; then the store must say what that of an undisturbed twin says, and no run may be left RUNNING.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import record_material as material
import record_training as training

ROOT = Path(__file__).resolve().parents[2]
ROUND = 5  # kills of one pair of training and record: three of the one, two of the other
SCRIPT = str(ROOT / "tests/benchmarks/record_training.py")


def main(folder: Path, kills: int) -> int:
    """Count. Returns 1 where a store differs."""
    folder.mkdir(parents=True)
    killed, twin = folder / "killed", folder / "twin"
    for project in (killed, twin):
        training.make_training(project)
        material.empty_store(project)
    draw, done, wrong, began = random.Random(1), 0, 0, time.monotonic()
    for turn in range(-(-kills // ROUND)):
        commands = [[SCRIPT, "{}", str(turn)], ["-m", "tasks", "record", "--out", "{}/out", "--strict"]]
        spans = [whole(twin, command) for command in commands]
        for command, span, times in zip(commands, spans, (3, 2), strict=True):
            for _ in range(times):
                done += disturb(killed, command, draw.uniform(0.1, 1.0) * span, draw.random() < 0.5)
            whole(killed, command)
        lost = material.difference(killed, twin)
        wrong += bool(lost)
        print(f"{done} kills, {time.monotonic() - began:.0f} s: {wrong} stores differ from an undisturbed one", *lost, flush=True)
    return int(bool(wrong))


def start(project: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    """One of the two commands, with live tracking from the first moment."""
    given = {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": f"sqlite:///{project / 'mlflow.db'}", "MALMOI_TRACKING_DELAY": "0"}
    words = [word.replace("{}", str(project)) for word in command]
    with open(project / "log", "a") as log:
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=os.environ | given, stdout=log, stderr=log)


def whole(project: Path, command: list[str]) -> float:
    """Run it to its end. Returns seconds."""
    began = time.monotonic()
    if start(project, command).wait():
        raise SystemExit((project / "log").read_text()[-3000:])
    return time.monotonic() - began


def disturb(project: Path, command: list[str], seconds: float, both: bool) -> int:
    """Kill it after so many seconds; `both`: its writer too. Returns 1, or 0 where it was over by then."""
    process = start(project, command)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        for child in children if both else []:
            child.send_signal(signal.SIGKILL)
        process.wait()
        return 1
    return disturb(project, command, seconds / 2, both)
