"""DVC's own graph, stage by stage: what there is, what has changed, and one stage run exactly as `dvc repro` runs it.

DVC decides what has changed, restores, saves and locks (`Stage.reproduce`), for one thread at a time (`turns`). Only the running of the
command is ours, so that it can run beside others, its output be shown and its processes ended. Names of DVC 3.67 used in this room that
are no public interface: `repo.lock_repo`, `repo.reproduce.{collect_stages,get_active_graph,plan_repro}`, `Stage.{changed,reproduce}`,
`Lock._wait`, `rwlock.rwlock`, `stage.run.{cmd_run,prepare_kwargs,get_executable,_make_cmd,_enforce_cmd_list}`,
`stage.serialize.{to_lockfile,to_single_stage_lockfile}`, `stage.cache.{_can_hash,_get_stage_hash,_get_cache_hash}`,
`StageCache.{_get_cache_path,pull,restore}`, `Repo.{cloud,stage_cache}`, `ProjectFile._lockfile`, `Output.use_scm_ignore`, scmrepo's
`Git._get_gitignore`.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from flows import _run_cache, rwlocks
from flows._dvc import Settings, commands_by, mend_rwlock, quiet, the_only_run
from flows.commands import OnLine, SilentError, Stop
from flows.keeping import Keeper
from flows.launch import Attempt, Here
from flows.logs import StageLog, log_path, taken
from flows.needs import Machine, here, worth_another_try
from flows.stages import Node, Outcome, Result
from flows.turns import Turns
from tasks import check

BUSY = 0.5  # seconds between two looks at what another process holds


class Pipeline:
    """The stages that `targets` need (none given: all of dvc.yaml in the current folder), in the order in which `dvc repro` takes them.

    pull: what is missing, and what others have computed, comes from DVC's remote first (`dvc repro --pull`). A context manager: inside,
    this process holds DVC's lock on the repository, except while a command runs. One at a time per process; its stages may be run from
    several threads. Raises DvcException where there is no project, a target is unknown, or another process holds the lock.

    repo, stages, upstream: DVC's own, by address. remarks: what a person should know of the plan.
    """

    def __init__(self, targets: Sequence[str] = (), stop: Stop | None = None, machine: Machine | None = None, pull: bool = False) -> None:
        self.targets = list(targets)
        self.root = Path.cwd()
        self.stop = stop or Stop()
        self.machine = machine or here(1)
        self.pull = pull
        self.nodes: list[Node] = []
        self.stages: dict[str, Any] = {}
        self.upstream: dict[str, list[Any]] = {}
        self.remarks: list[str] = []
        self._open = ExitStack()
        self._mine = threading.local()  # attempt: what the thread is at
        self._left: set[str] = set()  # stages that are not known to be up to date
        self._here = Here(self.machine, self.stop)

    def __enter__(self) -> "Pipeline":
        from dvc.repo import Repo, lock_repo

        with ExitStack() as opened:
            self.repo = opened.enter_context(Repo())
            self.root = Path(self.repo.root_dir)
            opened.enter_context(the_only_run(self.repo))
            mend_rwlock(self.repo)
            opened.enter_context(lock_repo(self.repo))
            self._turns, self._settings = Turns(self.repo), Settings(self.repo)
            opened.enter_context(commands_by(self._command))
            opened.enter_context(rwlocks.asked_once())
            opened.enter_context(quiet())
            opened.callback(self._here.close)
            self._plan()
            opened.callback(self._end)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def _end(self) -> None:
        """What is finished is kept, however the run ends. A failure must not take back what other stages did, so DVC hears of none."""
        if not self.repo.lock.is_locked:
            self.repo.lock.lock()
        with self.repo.scm_context(quiet=True):
            self._keeper.close(complete=not self._left)

    def _plan(self) -> None:
        from dvc.dvcfile import PROJECT_FILE
        from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

        if self.pull:
            self.remarks += _run_cache.pull(self.repo)
        wanted = collect_stages(self.repo, self.targets or [PROJECT_FILE])
        graph = get_active_graph(self.repo.index.graph)
        plan = plan_repro(graph, wanted)
        self.stages = {stage.addressing: stage for stage in plan}
        self.upstream = {stage.addressing: list(graph.successors(stage)) for stage in plan}
        self.nodes = [self._node(name, stage) for name, stage in self.stages.items()]
        self._keeper, self._left = Keeper(self.repo, plan), set(self.stages)
        self.remarks += self.machine.meet(self)

    def _node(self, name: str, stage: Any) -> Node:
        meta = dict(stage.meta or {})
        if not _run_cache.travels(stage, self.upstream[name]):
            meta["here"] = True
        return Node(name, tuple(sorted(other.addressing for other in self.upstream[name])), meta)

    def stale(self) -> set[str]:
        """Names of the stages that would not be `cached`, as far as can be known now: changed ones and all that depends on them."""
        found: set[str] = set()
        with rwlocks.reading(self.repo, self.stages.values()):
            for node in self.nodes:
                if not found.isdisjoint(node.needs) or self.stages[node.name].changed(upstream=self.upstream[node.name]):
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
        node, start = next(node for node in self.nodes if node.name == name), time.monotonic()
        attempt = self._mine.attempt = Attempt(node, cores, force)
        attempt.log = log = StageLog(log_path(self.root, name))
        with taken(log, on_line, attempt.tail) as attempt.on_line:
            for number in range(node.room.retries + 1):
                outcome, reason = self._attempt(name, attempt)
                if outcome is not Outcome.FAILED or number == node.room.retries or not _worth_another(attempt, number):
                    break
        if outcome is Outcome.FAILED:
            log.begin()
        else:
            self._left.discard(name)
        return Result(name, outcome, time.monotonic() - start, reason, tuple(attempt.tail) if reason else ())

    def _attempt(self, name: str, attempt: Attempt) -> tuple[Outcome, str]:
        """What became of it, and why where it failed. While another process works with what the stage needs, it waits."""
        from dvc.exceptions import DvcException
        from dvc.lock import LockError
        from dvc.stage.exceptions import MissingDataSource

        said = ""
        while True:
            self.stop.check()
            attempt.ran, attempt.ended = False, 0
            try:
                with self._turns.take():
                    return self._reproduce(self.stages[name], attempt), ""
            except LockError as error:
                before, said = said, f"waiting: {' '.join(_reason(error).split())}"
                if said != before:
                    attempt.on_line(said)
                time.sleep(BUSY)
            except MissingDataSource as error:
                cures = check.cures(self.root)
                return Outcome.FAILED, f"{_reason(error)}{f' ({cures})' if cures else ''}"
            except (DvcException, SilentError, OSError) as error:
                return Outcome.FAILED, _reason(error)

    def _reproduce(self, stage: Any, attempt: Attempt) -> Outcome:
        upstream = self.upstream[stage.addressing]
        missing = self.pull and not attempt.force and stage.changed(upstream=upstream)
        if not stage.reproduce(upstream=upstream, force=attempt.force, pull=self.pull, interactive=False):
            return Outcome.RESTORED if missing else Outcome.CACHED
        self._keeper.add(stage)
        return Outcome.RESTORED if stage.cmd and not stage.frozen and not attempt.ran else Outcome.RAN

    def _command(self, stage: Any, dry: bool = False, run_env: dict[str, str] | None = None) -> None:
        """Stands for `dvc.stage.run.cmd_run`, which DVC calls with the repository unlocked."""
        attempt: Attempt = self._mine.attempt
        attempt.ran = True
        if attempt.log:
            attempt.log.begin()
        if not self.machine.elsewhere(stage, attempt, self._turns.leave):
            self._here.run(stage, attempt, run_env, self._turns.leave)
        self._settings.give_back()


def _worth_another(attempt: Attempt, number: int) -> bool:
    if not attempt.ran or not worth_another_try(attempt.ended, list(attempt.tail)):
        return False
    attempt.on_line(f"trying again ({number + 1} of {attempt.node.room.retries}): it was killed, hung, or lost a connection")
    return True


def _reason(error: BaseException) -> str:
    """The message of an error of DVC's, with what caused it."""
    cause = f": {error.__cause__}" if error.__cause__ and str(error.__cause__) not in str(error) else ""
    return f"{error}{cause}"
