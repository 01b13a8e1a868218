"""Random graphs, side by side, against `dvc repro`: the same bytes everywhere, also after changes, and after kills at random moments."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from random_graph import files, make

pytestmark = pytest.mark.long

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., "subprocess.Popen[str]"]
REPRO = ("-m", "dvc", "repro", "-q", "-P")
LOCAL = ("-m", "flows.local", "--jobs", "3")
ALL = ("dvc.yaml", "sub/dvc.yaml")


def change(folder: Path, what: str) -> None:
    if what == "a parameter":
        (folder / "params.yaml").write_text("level: 2\nother: 1\n")
    if what == "the data":
        (folder / "data" / "a.txt").unlink()
        (folder / "data" / "a.txt").write_text("other\n")
    if what == "the source of an import":
        (folder / "seed" / "b.txt").write_text("imported again\n")
    if what == "a frozen stage":
        graph = yaml.safe_load((folder / "dvc.yaml").read_text())
        graph["stages"]["s1"]["frozen"] = True
        (folder / "dvc.yaml").write_text(yaml.safe_dump(graph, sort_keys=False))
        (folder / "params.yaml").write_text("level: 3\nother: 3\n")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_bytes_as_dvc_repro(tmp_path: Path, seed: int, run_python: Run) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    make(ours, seed)
    make(theirs, seed)
    for what in ("nothing", "a parameter", "the data", "the source of an import", "a frozen stage"):
        for folder, command in ((ours, (*LOCAL, *ALL)), (theirs, REPRO)):
            change(folder, what)
            run_python(folder, *command, check=True)
        assert files(ours) == files(theirs), what


def marked_processes(mark: str) -> list[int]:
    """Processes whose working directory is below the project: its stages."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            found += [int(entry.name)] if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(mark) else []
        except OSError:
            continue
    return found


def test_kills_at_random_moments_lose_nothing_and_leave_nobody(tmp_path: Path, run_python: Run, start_python: Start) -> None:
    draw = random.Random(5)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for folder in (undisturbed, killed):
        make(folder, 3, seconds=0.5)
    run_python(undisturbed, *LOCAL, *ALL, check=True)
    for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        running = start_python(killed, *LOCAL, *ALL)
        time.sleep(draw.uniform(1.0, 4.0))
        running.send_signal(sent)
        running.communicate()
        until = time.monotonic() + 60
        while marked_processes(str(killed)):
            assert time.monotonic() < until, "an orphan"
            time.sleep(0.1)
    run_python(killed, *LOCAL, *ALL, check=True)
    assert files(killed) == files(undisturbed)
