"""DVC's own graph, stage by stage: what there is, what has changed, and one stage run exactly as `dvc repro` runs it.

DVC decides what has changed, restores, saves and locks (`Stage.reproduce`), for one thread at a time (`turns`). Only the running of the
command is ours, so that it can run beside others, its output be shown and its processes ended. Names of DVC 3.67 used in this room that
are no public interface: `repo.lock_repo`, `repo.reproduce.{collect_stages,get_active_graph,plan_repro}`, `Stage.{changed,reproduce}`,
`Lock._wait`, `stage.run.{cmd_run,prepare_kwargs,get_executable,_make_cmd,_enforce_cmd_list}`, `stage.serialize.to_lockfile`,
`ProjectFile._lockfile`, `Output.use_scm_ignore`, scmrepo's `Git._get_gitignore`.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from flows._dvc import commands_by, environment, mend_rwlock, quiet, the_only_run
from flows.commands import Call, OnLine, SilentError, Stop, run
from flows.keeping import Keeper
from flows.logs import log_path, taken
from flows.needs import Machine, here, worth_another_try
from flows.stages import Node, Outcome, Result
from flows.turns import Turns
from flows.watchdog import MARK, Watchdog

BUSY = 0.5  # seconds between two looks at what another process holds
TAIL = 20  # last lines of a stage's output that a summary shows


class Pipeline:
    """The stages that `targets` need (none given: all of dvc.yaml in the current folder), in the order in which `dvc repro` takes them.

    A context manager: inside, this process holds DVC's lock on the repository, except while a command runs. One at a time per process;
    its stages may be run from several threads. Raises DvcException where there is no project, a target is unknown, or another process
    holds the lock.
    """

    def __init__(self, targets: Sequence[str] = (), stop: Stop | None = None, machine: Machine | None = None) -> None:
        self.targets = list(targets)
        self.root = Path.cwd()
        self.stop = stop or Stop()
        self.machine = machine or here(1)
        self.nodes: list[Node] = []
        self._open = ExitStack()
        self._stages: dict[str, Any] = {}
        self._mine = threading.local()  # of the stage that a thread is at: on_line, tail, node, cores, ran, ended
        self._left: set[str] = set()  # stages that are not known to be up to date
        self._environment = environment()
        self._watchdog = Watchdog()

    def __enter__(self) -> "Pipeline":
        from dvc.repo import Repo, lock_repo

        with ExitStack() as opened:
            self._repo = opened.enter_context(Repo())
            self.root = Path(self._repo.root_dir)
            opened.enter_context(the_only_run(self._repo))
            mend_rwlock(self._repo)
            opened.enter_context(lock_repo(self._repo))
            self._turns = Turns(self._repo)
            opened.enter_context(commands_by(self._command))
            opened.enter_context(quiet())
            opened.callback(self._watchdog.close)
            self._plan()
            opened.callback(self._end)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def _end(self) -> None:
        """What is finished is kept, however the run ends. A failure must not take back what other stages did, so DVC hears of none."""
        if not self._repo.lock.is_locked:
            self._repo.lock.lock()
        with self._repo.scm_context(quiet=True):
            self._keeper.close(complete=not self._left)

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
        self._keeper, self._left = Keeper(self._repo, plan), set(self._stages)

    def stale(self) -> set[str]:
        """Names of the stages that would not be `cached`, as far as can be known now: changed ones and all that depends on them."""
        found: set[str] = set()
        for node in self.nodes:
            if not found.isdisjoint(node.needs) or self._stages[node.name].changed(upstream=self._upstream[node.name]):
                found.add(node.name)
        self._left = set(found)
        return found

    def settle(self) -> None:
        """Write what is finished into dvc.lock if it has waited for long: for whoever has nothing else to do."""
        from dvc.lock import LockError

        if self._keeper.late:
            with suppress(LockError), self._turns.take():
                self._keeper.write()

    def run(self, name: str, on_line: OnLine, *, force: bool = False, cores: int = 0) -> Result:
        """Bring one stage up to date, given that what it needs is, with so many cores (0: all).

        Failure is a result, not an exception; raises only Stopped.
        """
        node, tail, start = next(node for node in self.nodes if node.name == name), deque[str](maxlen=TAIL), time.monotonic()
        with taken(log_path(self.root, name), on_line, tail) as take:
            self._mine.__dict__.update(on_line=take, tail=tail, node=node, cores=cores)
            for attempt in range(node.room.retries + 1):
                outcome, reason = self._attempt(name, force)
                if outcome is not Outcome.FAILED or attempt == node.room.retries or not self._worth_another(take, attempt):
                    break
        self._left -= {name} if outcome is not Outcome.FAILED else set()
        return Result(name, outcome, time.monotonic() - start, reason, tuple(tail) if reason else ())

    def _attempt(self, name: str, force: bool) -> tuple[Outcome, str]:
        """What became of it, and why where it failed. While another process works with what the stage needs, it waits."""
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        said = ""
        while True:
            self.stop.check()
            self._mine.ran, self._mine.ended = False, 0
            try:
                with self._turns.take():
                    return self._reproduce(self._stages[name], force), ""
            except LockError as error:
                before, said = said, f"waiting: {' '.join(_reason(error).split())}"
                if said != before:
                    self._mine.on_line(said)
                time.sleep(BUSY)
            except (DvcException, SilentError, OSError) as error:
                return Outcome.FAILED, _reason(error)

    def _worth_another(self, say: OnLine, attempt: int) -> bool:
        if not self._mine.ran or not worth_another_try(self._mine.ended, list(self._mine.tail)):
            return False
        say(f"trying again ({attempt + 1} of {self._mine.node.room.retries}): it was killed, hung, or lost a connection")
        return True

    def _reproduce(self, stage: Any, force: bool) -> Outcome:
        if not stage.reproduce(upstream=self._upstream[stage.addressing], force=force, interactive=False):
            return Outcome.CACHED
        self._keeper.add(stage)
        return Outcome.RESTORED if stage.cmd and not stage.frozen and not self._mine.ran else Outcome.RAN

    def _command(self, stage: Any, dry: bool = False, run_env: dict[str, str] | None = None) -> None:
        """Stands for `dvc.stage.run.cmd_run`, which DVC calls with the repository unlocked."""
        from dvc.stage.exceptions import StageCmdFailedError
        from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs

        mine, own = self._mine, self._mine.node.room
        mine.ran = True
        self._watchdog.start()
        added = {**self._environment, **self.machine.threads(mine.cores), MARK: self._watchdog.mark, **(run_env or {})}
        given = prepare_kwargs(stage, run_env=added)
        with self._turns.leave():
            for command in _enforce_cmd_list(stage.cmd):
                mine.ended = None  # unless it ends by itself
                call = Call(_make_cmd(get_executable(), command), given["cwd"], given["env"], own.timeout)
                mine.ended = run(call, mine.on_line, self.stop)
                if mine.ended:
                    raise StageCmdFailedError(command, mine.ended)


def _reason(error: BaseException) -> str:
    """The message of an error of DVC's, with what caused it."""
    cause = f": {error.__cause__}" if error.__cause__ and str(error.__cause__) not in str(error) else ""
    return f"{error}{cause}"
