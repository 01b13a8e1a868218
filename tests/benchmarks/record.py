"""What telling MLflow costs, and what it stands: `make bench-record`.

    python tests/benchmarks/record.py [--only fill,overhead,eight,kills,registering] [--turns N] [--seconds N] [--kills N]

`fill`: 200 runs of 100 epochs into an empty SQLite store. `overhead`: the same training with tracking and without, in turns; its own time,
and the processor time of all that it starts. A training has its writer from its second second on, however short it is, so that short ones
say what a writer costs; the shortest that would have one without being asked lasts `tasks._live.WORTH`. `eight`: as many processes live and
recording at once into a store that is not there yet. `kills`: twenty kill -9 at random moments of training and recording. `registering`:
the same of recording with versions and aliases. The last three end with status 1 where anything is lost, doubled or refused. No test:
nothing here fails for being slow.
"""

import argparse
import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]
import record_material as material  # noqa: E402 - they lie beside this file, and what they need in the folders above
import record_training as training  # noqa: E402

from tasks._live import WORTH  # noqa: E402

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: what a child leaves behind becomes ours, so that its processor time is counted


def main() -> int:
    """Print a line or two for each part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--turns", type=int, default=3, help="turns of `overhead` that each side takes (3)")
    parser.add_argument("--seconds", type=float, default=40, help="how long a training of `overhead` lasts (40)")
    parser.add_argument("--kills", type=int, default=20, help="how many (20)")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        return max([PARTS[name](Path(folder) / name, options) for name in options.only])


def fill(folder: Path, options: argparse.Namespace) -> int:
    """50 experiments of 4 seeds, 100 epochs each, with scores, predictions and plots."""
    material.make(folder, experiments=50, seeds=4, epochs=100)
    material.empty_store(folder)
    for what in ("200 runs of 100 epochs, and 50 above them", "the same again, nothing to do"):
        wall, processor, said = run(folder, ["-m", "tasks", "record"])
        print(f"{what}: {wall:.1f} s, {processor:.1f} s of a processor ({said.split(': ', 1)[-1].strip()})", flush=True)
    return 0


def overhead(folder: Path, options: argparse.Namespace) -> int:
    """One training with tracking and without, in turns."""
    training.make_training(folder)
    material.empty_store(folder)
    script = [str(ROOT / "tests/benchmarks/record_training.py"), str(folder)]
    steps = int(options.seconds / float(run(folder, [*script, "0", "20"], {"MALMOI_TRACKING": "off"})[2]) * 20)
    taken: dict[str, list[tuple[float, float, float]]] = {"on": [], "off": []}
    for turn in range(options.turns):
        for side in ("on", "off") if turn % 2 else ("off", "on"):
            given = {"MALMOI_TRACKING": side, "MALMOI_TRACKING_DELAY": "1"}
            wall, processor, said = run(folder, [*script, str(turn), str(steps)], given)
            taken[side].append((float(said), wall, processor))
            print(f"  turn {turn} {side}: training {float(said):.1f} s, whole {wall:.1f} s, processor {processor:.1f} s", flush=True)
    for place, what in enumerate(("training's own processor time", "wall time", "processor time with all that it starts")):
        print(f"overhead in {what}: {_difference([[one[place] for one in taken[side]] for side in ('on', 'off')])}", flush=True)
    return 0


def _difference(sides: list[list[float]]) -> str:
    """Of both sides turn by turn: the mean, and what share it is of a training so long, and of the shortest that has a writer."""
    pairs = [on - off for on, off in zip(*sides, strict=True)]
    mean, length = statistics.mean(pairs), statistics.mean(sides[1])
    error = statistics.stdev(pairs) / len(pairs) ** 0.5 if len(pairs) > 1 else float("nan")
    shares = ", ".join(f"{100 * mean / seconds:+.1f} % of {seconds:.0f} s" for seconds in (length, WORTH))
    return f"{mean:+.2f} s (standard error {error:.2f}; median {statistics.median(pairs):+.2f}): {shares}"


def eight(folder: Path, options: argparse.Namespace) -> int:
    """Eight processes that each write a live run, and then record all, into a store that none of them finds."""
    material.make(folder, experiments=8, seeds=2, epochs=30)
    script = [sys.executable, str(ROOT / "tests/benchmarks/record_material.py"), str(folder)]
    began, given = time.perf_counter(), environment(folder)
    pipe = subprocess.PIPE
    all_of_them = [subprocess.Popen([*script, str(place)], cwd=ROOT, env=given, stdout=pipe, stderr=pipe, text=True) for place in range(8)]
    said = ["".join(process.communicate()) for process in all_of_them]
    failed = sum(process.returncode != 0 for process in all_of_them)
    locked = sum("locked" in text for text in said)
    wall = time.perf_counter() - began
    alone = material.twin(folder)
    material.in_process(alone, "record")
    lost = material.difference(folder, alone)
    print(
        f"8 processes into one new store, live and recording: {wall:.1f} s, {failed} failed, {locked} said `locked`, "
        f"{len(lost)} runs or models differ from one process alone{': ' + str(lost[:3]) if lost else ''}",
        flush=True,
    )
    if failed:
        print("\n".join(text[-600:] for text in said), flush=True)
    return int(bool(failed or locked or lost))


def kills(folder: Path, options: argparse.Namespace) -> int:
    """In a file of its own."""
    import record_kills

    return record_kills.main(folder, options.kills)


def registering(folder: Path, options: argparse.Namespace) -> int:
    """In a file of its own."""
    import record_registering

    return record_registering.main(folder, options.kills)


PARTS: dict[str, Callable[[Path, Any], int]] = {
    "fill": fill,
    "overhead": overhead,
    "eight": eight,
    "kills": kills,
    "registering": registering,
}


def run(folder: Path, command: list[str], more: dict[str, str] | None = None) -> tuple[float, float, str]:
    """Run Python. Returns seconds until it ended, processor seconds of it and of all that it has left behind, and what it said."""
    before, began = spent(), time.perf_counter()
    given = environment(folder) | (more or {})
    done = subprocess.run([sys.executable, *command], cwd=folder, env=given, stdout=subprocess.PIPE, text=True, check=True)
    wall = time.perf_counter() - began
    while True:  # a writer may still be at its last request
        try:
            os.wait()
        except ChildProcessError:
            return wall, spent() - before, done.stdout.splitlines()[-1]


def spent() -> float:
    """Processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def environment(folder: Path) -> dict[str, str]:
    """That of this process, with this project's code, the store of `folder` and no word to anybody."""
    return os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}", "MALMOI_TOKEN_CACHE": "off"}


if __name__ == "__main__":
    sys.exit(main())
