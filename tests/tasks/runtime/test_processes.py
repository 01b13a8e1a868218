"""A process is known by boot, PID namespace, PID and start time."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

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
