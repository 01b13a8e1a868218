"""A reader that goes away: status 141, and what was begun is whole or was ended in order."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

WORKS = """
import sys
from tasks.runtime import output
def main():
    for number in range(5_000):
        print(f"line {number}", flush=number % 2 == 0, file=sys.stderr if "stderr" in sys.argv else sys.stdout)
    open(sys.argv[1], "w").write("whole")
    return 0
sys.exit(output.run(main))
"""
PRINTS = """
import itertools, sys
from tasks.runtime import output
def main():
    with output.when_unread(output.stop_when_unread):
        for number in itertools.count():
            print(number)
    return 0
sys.exit(output.run(main))
"""
RUNS = """
import sys, time
from pathlib import Path
from flows.commands import Stop, Stopped, signals
from tasks.runtime import output
def main():
    stop = Stop()
    try:
        with signals(stop):
            while True:
                print("a stage ended", flush=True)
                stop.check()
                time.sleep(0.01)
    except Stopped as stopped:
        Path(sys.argv[1]).write_text(str(stopped))
        return 128 + stopped.signal
sys.exit(output.run(main))
"""


def unread(command: list[str], reader: str = "true") -> tuple[int, str]:
    """Exit status and stderr of a command whose reader goes away."""
    joined = f'"$0" "$@" | {reader}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", joined, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


@pytest.mark.parametrize("reader", ["true", "head -1 >/dev/null"])
def test_what_makes_something_goes_on_to_its_end(reader: str, tmp_path: Path) -> None:
    assert unread([sys.executable, "-c", WORKS, str(tmp_path / "made")], reader) == (141, "")
    assert (tmp_path / "made").read_text() == "whole"


def test_also_where_errors_go_the_same_way(tmp_path: Path) -> None:
    command = '"$0" "$@" 2>&1 | true; exit ${PIPESTATUS[0]}'
    done = subprocess.run(["bash", "-c", command, sys.executable, "-c", WORKS, str(tmp_path / "made"), "stderr"], cwd=ROOT, check=False)
    assert done.returncode == 141
    assert (tmp_path / "made").read_text() == "whole"


def test_what_only_prints_stops_at_once() -> None:
    assert unread([sys.executable, "-c", PRINTS], "head -1 >/dev/null") == (141, "")


def test_a_run_of_stages_is_ended_in_order(tmp_path: Path) -> None:
    assert unread([sys.executable, "-c", RUNS, str(tmp_path / "said")]) == (141, "")
    assert (tmp_path / "said").read_text() == "stopped by SIGPIPE"


@pytest.mark.parametrize("arguments", [["--help"], ["corpora"], ["fetch", "--help"]])
def test_the_commands_of_the_project_say_141(arguments: list[str]) -> None:
    assert unread([sys.executable, "-m", "tasks", *arguments]) == (141, "")


def test_a_reader_that_reads_on_changes_nothing(tmp_path: Path) -> None:
    assert unread([sys.executable, "-c", WORKS, str(tmp_path / "made")], "cat >/dev/null") == (0, "")


def test_a_stage_that_is_not_read_leaves_what_one_that_is_leaves(tmp_path: Path) -> None:
    """A real stage: it prints, and what it makes is whole."""
    made = {}
    for name, reader in (("read", "cat >/dev/null"), ("unread", "true")):
        data, pins = tmp_path / name / "data", tmp_path / name / "data.dvc"
        pins.parent.mkdir()
        command = [sys.executable, "-m", "tasks", "fetch", "law", "bills", "--data", str(data), "--pins", str(pins)]
        status, said = unread(command, reader)
        assert (status, said) == ({"read": 0, "unread": 141}[name], "")
        made[name] = pins.read_text(), sorted(path.relative_to(data) for path in data.rglob("*"))
    assert made["read"] == made["unread"]
    assert made["read"][1]
