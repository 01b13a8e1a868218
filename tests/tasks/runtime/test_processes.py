"""A process is known by boot, PID namespace, PID and start time."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks import _abandoned
from tasks.runtime import processes
from tasks.runtime.processes import identify, parse

ROOT = Path(__file__).resolve().parents[3]


def test_this_process_is_here_and_alive_and_its_text_says_it_whole() -> None:
    me = identify()
    assert me.here
    assert me.alive
    assert parse(str(me)) == me


def test_a_process_that_has_ended_is_not_alive_also_before_it_was_waited_for() -> None:
    child = subprocess.Popen(["sleep", "60"])
    there = identify(child.pid)
    assert there.alive
    child.kill()
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    assert not there.alive
    child.wait()
    assert not there.alive
    with pytest.raises(ProcessLookupError):
        identify(child.pid)


def test_the_same_number_of_another_start_boot_or_container_is_another_process() -> None:
    me = identify()
    assert not replace(me, began=me.began + 1).alive
    for other in (replace(me, boot="another"), replace(me, namespace="pid1")):
        assert not other.here
        assert not other.alive


def test_a_process_of_another_pid_namespace_is_not_here() -> None:
    """As of another container: it says PID 1 of itself, and here PID 1 is another process."""
    code = "from tasks.runtime import processes; print(processes.identify())"
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no PID namespace can be made here: {done.stderr.strip()}")
    there = parse(done.stdout.strip())
    assert there is not None
    assert (there.boot, there.pid) == (identify().boot, 1)
    assert not there.here
    assert not there.alive


ELSEWHERE = """
import os, sys, time
from types import SimpleNamespace
from tasks import _abandoned
from tasks.runtime import processes

def run(tag, ago):
    alive = str(round((time.time() - ago) * 1000))
    tags = {_abandoned.WRITER: tag, _abandoned.ALIVE: alive}
    return SimpleNamespace(info=SimpleNamespace(status="RUNNING", start_time=0), data=SimpleNamespace(tags=tags))

child = os.fork()
if not child:
    time.sleep(60)
me = processes.identify()
print(me, processes.identify(child) if sys.argv[2] == "own" else "", me.alive, me.here, _abandoned.abandoned(run(sys.argv[1], 30)))
sys.stdout.flush()
sys.stdin.read()
os.kill(child, 9)
"""


@pytest.mark.parametrize("proc", ["own", "another's"])
def test_live_runs_of_two_containers_leave_each_other_alone_while_they_give_signs_of_life(proc: str) -> None:
    """Two PID namespaces of one machine and name; one may not even have a /proc of its own."""
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", *(["--mount-proc"] if proc == "own" else [])]
    code = [sys.executable, "-c", ELSEWHERE, str(identify()), proc]
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, *code], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as other:
        assert other.stdout is not None
        said = other.stdout.readline().split()
        if not said:
            error = other.communicate()[1].strip()
            assert error.startswith("unshare"), error
            pytest.skip(f"no PID namespace can be made here: {error}")
        tags, seen = [parse(tag) for tag in said[:-3]], said[-3:]
        assert seen == ["True", "True", "False"], "it knows itself, and takes this process, which it cannot see, for alive"
        for tag in map(str, tags):
            assert not _abandoned.abandoned(live_run(tag, 30.0))
            assert _abandoned.abandoned(live_run(tag, 2 * _abandoned.STALE))
        other.communicate("")


def live_run(tag: str, silent: float) -> Any:
    """What MLflow says of a run whose writer has this tag, and was heard of so many seconds ago."""
    tags = {_abandoned.WRITER: tag, _abandoned.ALIVE: str(round((time.time() - silent) * 1000))}
    return SimpleNamespace(info=SimpleNamespace(status="RUNNING", start_time=0), data=SimpleNamespace(tags=tags))


def test_where_proc_is_not_that_of_our_processes_others_cannot_be_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in `unshare --pid` without a /proc of its own: PID 1 there is the machine's first process."""
    me = identify()
    first = replace(me, pid=1, began=processes.start_time(1) or 0)
    (tmp_path / "self").symlink_to("999999")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert me.here
    assert not first.here
    assert not first.alive


def test_a_name_with_brackets_and_spaces_does_not_shift_the_fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fields = ["S", *(str(number) for number in range(4, 53))]
    for name in ("self", "7"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stat").write_text(f"7 (a b) c) {' '.join(fields)}\n")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert processes.start_time(7) == 22  # the fields are their own numbers


def test_without_proc_psutil_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    assert identify().alive
    assert processes.start_time(2**22 + 1) is None


@pytest.mark.parametrize("text", ["", "host:7:1", "a:b:c:d", "a:b:7:1:2"])
def test_other_texts_are_no_identity(text: str) -> None:
    assert parse(text) is None
