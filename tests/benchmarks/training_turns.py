"""What the contenders of `train.py` share: each is a process that trains for a turn whenever it is told to. Needs only numpy.

A contender is started as `python SCRIPT CONTENDER FOLDER THREADS`. The folder holds task.json (what to train) and arrays.npz (weights to
start from, batches, held-out batches), so that all learn the same from the same. It prints "ready" after a first pass over the batches;
for every line it then reads, it trains on all batches once more and prints a line of JSON: seconds of each step, processor seconds of all.
A line "loss" asks for the held-out loss instead.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Batch = tuple[np.ndarray, np.ndarray]  # ids (batch, time); targets (batch, time) next tokens, or (batch,) classes


class Task:
    """What is trained. kind: "lm" or "classify"; units, layers, width, classes, rate, clip; weights by malmoi's names."""

    def __init__(self, folder: Path) -> None:
        self.settings: dict[str, Any] = json.loads((folder / "task.json").read_text())
        with np.load(folder / "arrays.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        self.weights = {name.removeprefix("weights/"): value for name, value in arrays.items() if name.startswith("weights/")}
        self.train, self.held_out = (self._batches(arrays, part) for part in ("train", "held"))

    @staticmethod
    def _batches(arrays: dict[str, np.ndarray], part: str) -> list[Batch]:
        count = sum(name.startswith(f"{part}/ids") for name in arrays)
        return [(arrays[f"{part}/ids{place}"], arrays[f"{part}/targets{place}"]) for place in range(count)]


def serve(task: Task, step: Callable[[Batch], float], loss: Callable[[list[Batch]], float]) -> None:
    """Answer lines until there are no more. step: one update, gives its loss; loss: mean held-out loss in nats."""
    start = time.perf_counter()
    _turn(task, step)
    print(json.dumps({"ready": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        answer = {"loss": loss(task.held_out)} if line.strip() == "loss" else _turn(task, step)
        print(json.dumps(answer), flush=True)


def _turn(task: Task, step: Callable[[Batch], float]) -> dict[str, Any]:
    seconds = []
    processor = time.process_time()
    for batch in task.train:
        start = time.perf_counter()
        step(batch)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "processor": time.process_time() - processor}
