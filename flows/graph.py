"""DVC's own graph, stage by stage: what there is, what has changed, and one stage run exactly as `dvc repro` runs it.

DVC decides what has changed, restores, saves and locks (`Stage.reproduce`). Only the running of the command is ours, so that its output
can be shown and its processes ended. Names of DVC 3.67 used in this room that are no public interface: `repo.lock_repo`,
`repo.reproduce.{collect_stages,get_active_graph,plan_repro}`, `Stage.{changed,reproduce}`, `ProjectFile.dump_stages`, `Lock._wait`,
`stage.run.{cmd_run,prepare_kwargs,get_executable,_make_cmd,_enforce_cmd_list}`.
"""

import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from flows._dvc import commands_by, environment, quiet
from flows.commands import OnLine, Stop, run
from flows.logs import log_path, taken

LAG = 10.0  # seconds for which finished stages may wait to be written to dvc.lock together
TAIL = 20  # last lines of a stage's output that a summary shows


class Outcome(StrEnum):
    """What became of a stage. `cached`: nothing had changed. `restored`: DVC had made the same before, and brought it back."""

    RAN = "ran"
    CACHED = "cached"
    RESTORED = "restored"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Node:
    """A stage: its DVC address ("train@gru", "sub/dvc.yaml:x", "data.dvc"), those that it needs, and its free-form `meta:`."""

    name: str
    needs: tuple[str, ...]
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The name without what foreach or matrix added: "train" of "train@gru"."""
        return self.name.split("@")[0]


@dataclass(frozen=True)
class Result:
    """What became of a stage, how long it took (seconds), and, where it failed, why and its last lines of output."""

    name: str
    outcome: Outcome
    seconds: float
    reason: str = ""
    tail: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether what depends on it may run."""
        return self.outcome not in (Outcome.FAILED, Outcome.SKIPPED)


class Pipeline:
    """The stages that `targets` need (none given: all of dvc.yaml in the current folder), in the order in which `dvc repro` takes them.

    A context manager: inside, this process holds DVC's lock on the repository, except while a command runs. One at a time per process.
    Raises DvcException where there is no project, a target is unknown, or another process holds the lock.
    """

    def __init__(self, targets: Sequence[str] = (), stop: Stop | None = None) -> None:
        self.targets = list(targets)
        self.root = Path.cwd()
        self.stop = stop or Stop()
        self.nodes: list[Node] = []
        self._open = ExitStack()
        self._stages: dict[str, Any] = {}
        self._on_line: OnLine = print
        self._ran = False
        self._unwritten: list[Any] = []
        self._written = time.monotonic()
        self._environment = environment()

    def __enter__(self) -> "Pipeline":
        from dvc.repo import Repo, lock_repo

        with ExitStack() as opened:
            self._repo = opened.enter_context(Repo())
            self.root = Path(self._repo.root_dir)
            opened.enter_context(lock_repo(self._repo))
            self._repo.lock._wait = True  # when a command has ended: rather wait for somebody's `dvc status` than lose its work
            opened.enter_context(commands_by(self._command))
            opened.enter_context(quiet())
            self._plan()
            opened.callback(self._write)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def _plan(self) -> None:
        from dvc.dvcfile import PROJECT_FILE
        from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

        wanted = collect_stages(self._repo, self.targets or [PROJECT_FILE])
        graph = get_active_graph(self._repo.index.graph)
        plan = plan_repro(graph, wanted)
        self._stages = {stage.addressing: stage for stage in plan}
        self._upstream = {stage.addressing: list(graph.successors(stage)) for stage in plan}
        self.nodes = [
            Node(name, tuple(sorted(other.addressing for other in self._upstream[name])), dict(stage.meta or {}))
            for name, stage in self._stages.items()
        ]

    def stale(self) -> set[str]:
        """Names of the stages that would not be `cached`, as far as can be known now: changed ones and all that depends on them."""
        found: set[str] = set()
        for node in self.nodes:
            if not found.isdisjoint(node.needs) or self._stages[node.name].changed(upstream=self._upstream[node.name]):
                found.add(node.name)
        return found

    def run(self, name: str, on_line: OnLine, *, force: bool = False) -> Result:
        """Bring one stage up to date, given that what it needs is. Failure is a result, not an exception; raises only Stopped."""
        from dvc.exceptions import DvcException

        self.stop.check()
        tail: deque[str] = deque(maxlen=TAIL)
        start = time.monotonic()
        try:
            with taken(log_path(self.root, name), on_line, tail) as self._on_line, self._repo.scm_context(quiet=True):
                outcome = self._reproduce(self._stages[name], force)
        except (DvcException, OSError) as error:
            return Result(name, Outcome.FAILED, time.monotonic() - start, _reason(error), tuple(tail))
        return Result(name, outcome, time.monotonic() - start)

    def _reproduce(self, stage: Any, force: bool) -> Outcome:
        self._ran = False
        if not stage.reproduce(upstream=self._upstream[stage.addressing], force=force, interactive=False):
            return Outcome.CACHED
        self._unwritten.append(stage)
        if time.monotonic() - self._written >= LAG:
            self._write()
        return Outcome.RESTORED if stage.cmd and not stage.frozen and not self._ran else Outcome.RAN

    def _write(self) -> None:
        """Bring dvc.lock up to date: every few seconds, and at the end of the run however it ends.

        DVC writes the whole file anew for each stage, which takes 0.6 s of processor time where 44 are in it. What a `kill -9` keeps from
        being written, the next run restores from DVC's run cache.
        """
        files: dict[str, list[Any]] = {}
        for stage in self._unwritten:
            files.setdefault(stage.path, []).append(stage)
        self._unwritten = []
        for stages in files.values():
            stages[0].dvcfile.dump_stages(stages, update_pipeline=False)
        self._written = time.monotonic()

    def _command(self, stage: Any, dry: bool = False, run_env: dict[str, str] | None = None) -> None:
        """Stands for `dvc.stage.run.cmd_run`, which DVC calls with the repository unlocked."""
        from dvc.stage.exceptions import StageCmdFailedError
        from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs

        self._ran = True
        given = prepare_kwargs(stage, run_env={**self._environment, **(run_env or {})})
        for command in _enforce_cmd_list(stage.cmd):
            status = run(_make_cmd(get_executable(), command), self._on_line, self.stop, cwd=given["cwd"], env=given["env"])
            if status:
                raise StageCmdFailedError(command, status)


def _reason(error: BaseException) -> str:
    """The message of an error of DVC's, with what caused it."""
    cause = f": {error.__cause__}" if error.__cause__ and str(error.__cause__) not in str(error) else ""
    return f"{error}{cause}"
