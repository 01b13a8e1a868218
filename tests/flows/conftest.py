"""A small DVC project that is not this one: what the flows must work for is any `dvc.yaml`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect_server import Server

ROOT = Path(__file__).resolve().parents[2]

STAGES = """\
vars:
  - table: {a: 1, b: 2}
stages:
  prep:
    cmd: cp source.txt prep.txt && echo prepared
    deps: [source.txt]
    params: [level]
    outs: [prep.txt]
  train:
    foreach: ${table}
    do:
      cmd: sh train.sh ${key} ${item}
      deps: [prep.txt, train.sh]
      outs:
        - models/${key}
  join:
    cmd: cat models/*/model > all.txt && echo '{"models":2}' > metrics.json
    deps: [models]
    outs: [all.txt]
    metrics:
      - metrics.json: {cache: false}
"""
# Each train stage says who it is and starts a child, as a real one may; HOLD makes it last until it is killed, so that a test can do that.
TRAIN = """\
mkdir -p models/$1
echo "epoch 1/1 of $1"
if [ -e hold.$1 ]; then sleep 300 & echo "$$ $!" > pids.new; mv pids.new pids; wait; fi
if [ -e fail.$1 ]; then echo "no such thing as $1"; exit 3; fi
echo "$2 $(cat prep.txt)" > models/$1/model
"""


def python(folder: Path, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in `folder`, with this project's code importable."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=check
    )


def environment() -> dict[str, str]:
    """The environment for programs that a test starts."""
    return os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/sh"}


@pytest.fixture(scope="session", autouse=True)
def dvc_is_there() -> None:
    """DVC's log keeps the standard output that it finds when it is imported, which must not be one that a test (`capsys`) closes."""
    import dvc.repo

    assert dvc.repo


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the project in a new folder of that name."""
    from dvc.repo import Repo

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        Repo.init(str(folder)).close()
        (folder / "dvc.yaml").write_text(STAGES)
        (folder / "train.sh").write_text(TRAIN)
        (folder / "params.yaml").write_text("level: 1\n")
        (folder / "source.txt").write_text("text\n")
        return folder

    return make


@pytest.fixture
def project(make_project: Callable[[str], Path]) -> Path:
    """One such project."""
    return make_project("project")


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python`, above."""
    return python


@pytest.fixture
def start_python() -> Callable[..., "subprocess.Popen[str]"]:
    """Start `python ARGUMENTS` in a folder and come back at once."""

    def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
        def listen() -> None:  # a shell's background job starts with Ctrl-C ignored, and so would everything that it starts
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        pipe = subprocess.PIPE
        command = [sys.executable, *arguments]
        return subprocess.Popen(command, cwd=folder, env=environment(), stdout=pipe, stderr=pipe, text=True, preexec_fn=listen)

    return start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prefect server for the tests of one file."""
    running = Server(tmp_path_factory.mktemp("prefect"))
    try:
        running.wait()
        yield running
    finally:
        running.end()
