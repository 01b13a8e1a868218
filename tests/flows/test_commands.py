"""One command in its own process group: its lines, its status, its end."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from flows import commands
from flows.commands import Call, SilentError, Stop, Stopped, run, signals


def shell(script: str, stop: Stop | None = None) -> tuple[int, list[str]]:
    lines: list[str] = []
    status = run(Call(["/bin/sh", "-c", script], "/", dict(os.environ)), lines.append, stop or Stop())
    return status, lines


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_lines_of_both_streams_come_in_order_and_the_status_is_the_commands() -> None:
    assert shell("echo 말; echo two >&2; printf 'no newline'; exit 3") == (3, ["말", "two", "no newline"])


def test_a_carriage_return_ends_a_line_too() -> None:
    assert shell(r"printf '1 %%\r2 %%\r\n'")[1] == ["1 %", "2 %"]


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    assert shell(r"printf '\377\n'")[1] == ["�"]


def test_what_a_command_leaves_in_the_background_does_not_hold_it() -> None:
    begin = time.monotonic()
    status, (sleeper,) = shell("sleep 300 & echo $!")
    os.kill(int(sleeper), signal.SIGKILL)
    assert status == 0
    assert time.monotonic() - begin < 100


def test_killed_by_a_signal_is_a_negative_status() -> None:
    assert shell("kill -9 $$")[0] == -9


def test_stop_ends_the_whole_group(tmp_path: Path) -> None:
    stop = Stop()
    threading.Timer(0.4, stop.ask).start()
    with pytest.raises(Stopped) as stopped:
        shell(f"sleep 60 & echo $! > {tmp_path}/child; wait", stop)
    assert stopped.value.signal == signal.SIGTERM
    assert not alive(int((tmp_path / "child").read_text()))


def test_a_group_that_ignores_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "GRACE", 0.3)
    stop = Stop()
    threading.Timer(0.4, stop.ask).start()
    with pytest.raises(Stopped):
        shell(f"trap '' TERM; echo $$ > {tmp_path}/self; while :; do sleep 0.1; done", stop)
    assert not alive(int((tmp_path / "self").read_text()))


def test_an_error_in_the_callback_ends_the_command() -> None:
    seen: list[int] = []

    def refuse(line: str) -> None:
        seen.append(int(line))
        raise RuntimeError("cannot show")

    with pytest.raises(RuntimeError, match="cannot show"):
        run(Call(["/bin/sh", "-c", "echo $$; sleep 60"], "/", dict(os.environ)), refuse, Stop())
    assert not alive(seen[0])


def test_signals_only_ask_and_handlers_are_put_back() -> None:
    stop, before = Stop(), signal.getsignal(signal.SIGTERM)
    with signals(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(Stopped, match="SIGTERM"):
        stop.check()


def test_an_ended_group_is_no_error() -> None:
    process = subprocess.Popen(["/bin/true"], start_new_session=True, text=True)
    process.wait()
    commands.end_group(process)
    assert process.returncode == 0


def test_a_command_that_says_nothing_for_too_long_is_ended() -> None:
    lines: list[str] = []
    call = Call(["/bin/sh", "-c", "for i in 1 2 3 4; do echo $i; sleep 0.2; done; echo $$; sleep 60"], "/", dict(os.environ), silence=1.0)
    with pytest.raises(SilentError, match="nothing for 1 s"):
        run(call, lines.append, Stop())
    assert lines[:4] == ["1", "2", "3", "4"]  # it took as long as it liked while it spoke
    assert not alive(int(lines[4]))
