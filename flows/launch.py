"""One try of one stage's command on this machine: its environment, its share of the cores, and what is known of it afterwards."""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from flows._dvc import environment
from flows.commands import Call, OnLine, Stop, run
from flows.logs import StageLog
from flows.needs import Machine
from flows.stage_environment import withheld
from flows.stages import Node
from tasks.runtime.watchdog import MARK, Watchdog

TAIL = 20  # last lines of a stage's output that a summary shows


@dataclass
class Attempt:
    """What a thread knows of the stage that it is at.

    cores: its share. ran: its command was started, here or elsewhere. ended: that command's exit status, None where it did not end by
    itself.
    """

    node: Node
    cores: int
    force: bool = False
    on_line: OnLine = print
    log: StageLog | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    ran: bool = False
    ended: int | None = 0


class Here:
    """Runs commands as processes of this machine, and has a watchdog that ends them if this process dies."""

    def __init__(self, machine: Machine, stop: Stop) -> None:
        self.machine, self.stop = machine, stop
        self._environment, self._watchdog = environment(), Watchdog()

    def run(self, stage: Any, attempt: Attempt, run_env: dict[str, str] | None, leave: Callable[[], AbstractContextManager[None]]) -> None:
        """Run what DVC stage `stage` says, inside `leave()`. Raises StageCmdFailedError where it fails, and what `commands.run` raises."""
        from dvc.stage.exceptions import StageCmdFailedError
        from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs

        self._watchdog.start()
        shares = self.machine.threads(attempt.cores)
        given = prepare_kwargs(stage, run_env={**self._environment, **shares, MARK: self._watchdog.mark, **(run_env or {})})
        for name in withheld(attempt.node.room.environment):
            given["env"].pop(name, None)
        with leave():
            for command in _enforce_cmd_list(stage.cmd):
                attempt.ended = None  # unless it ends by itself
                call = Call(_make_cmd(get_executable(), command), given["cwd"], given["env"], attempt.node.room.timeout)
                attempt.ended = run(call, attempt.on_line, self.stop)
                if attempt.ended:
                    raise StageCmdFailedError(command, attempt.ended)

    def close(self) -> None:
        """The run has ended in order."""
        self._watchdog.close()
