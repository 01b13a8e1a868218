"""Stages on other machines: hands a stage to a Dask worker in a clone of its own, and takes the result out of DVC's remote.

The coordinator sends what a stage is (commit, name, what it reads with hashes); the worker (`flows.worker`) runs it and pushes what it
made; here DVC restores it as if it had been computed before, and writes dvc.lock. Dask (Rocklin, 2015) knows which workers live, and gives
the stage of one that died to another.
"""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from operator import methodcaller
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from flows import _run_cache
from flows.commands import SilentError, Stop
from flows.launch import Attempt
from flows.needs import Machine, Needs
from flows.workers import security
from malmoi.config import ConfigError

ANSWER = 10.0  # seconds for the scheduler to answer
LOOK = 0.2  # seconds between two looks at a stage on its way
MOST = 256  # stages on their way at once
OURS = ("dvc.lock", ".gitignore", ".dvc")  # files of git that a run itself changes, and those that it sends


@dataclass(frozen=True)
class Fleet(Machine):
    """This machine for what must run here, and the workers behind `client` for the rest."""

    client: Any = None
    stop: Stop = field(default_factory=Stop)
    _met: dict[str, Any] = field(
        default_factory=dict
    )  # of the open pipeline: repo, upstream by name, root, revision, stages already pushed

    @property
    def most(self) -> int:
        """Stages that can ever be at work at once."""
        return self.jobs + MOST

    def allot(self, needs: Needs, running: Sequence[tuple[Needs, int]], ready: int) -> int:
        """As on one machine for what must run here; of the others one for each worker, and one at least, which waits for a worker."""
        if needs.here:
            return super().allot(needs, [one for one in running if one[0].here], ready)
        away = sum(not other.here for other, _ in running)
        return int(away < max(1, len(self.client.scheduler_info(n_workers=-1)["workers"])))

    def meet(self, pipeline: Any) -> list[str]:
        """Remember the pipeline, and say which changes workers will not see, as they work on what is committed."""
        root = Path(pipeline.repo.root_dir)
        self._met.update(repo=pipeline.repo, upstream=pipeline.upstream, root=root, pushed=set(), revision=_git(root, "rev-parse", "HEAD"))
        changed = [name for name in _git(root, "diff", "--name-only", "HEAD").splitlines() if not name.endswith(OURS)]
        there = len(self.client.scheduler_info(n_workers=-1)["workers"])
        said = [
            f"{there} workers at {self.client.scheduler.address}" if there else f"waiting for a worker at {self.client.scheduler.address}"
        ]
        return said + ([f"not committed, so no worker sees it: {', '.join(changed)}"] if changed else [])

    def elsewhere(self, stage: Any, attempt: Attempt, leave: Callable[[], AbstractContextManager[None]]) -> bool:
        """Bring a stage up to date on a worker, where it may leave this machine. Raises StageCmdFailedError as a command would."""
        from dvc.stage.exceptions import StageCmdFailedError

        if attempt.node.room.here:
            return False
        repo, before = self._met["repo"], self._met["upstream"][stage.addressing]
        with repo.lock:
            _run_cache.push(repo, [other for other in before if other.addressing not in self._met["pushed"]])
        self._met["pushed"] |= {other.addressing for other in before}
        job = self._job(stage, before, attempt.force)
        with leave():
            answer = self._ask(job, attempt)
        attempt.ended = answer["ended"]
        if answer["reason"]:
            attempt.tail.extend(answer["tail"][-1:] if not attempt.tail else [])
            raise StageCmdFailedError(f"{stage.cmd} (on {answer['worker']}: {answer['reason']})", answer["ended"])
        with repo.lock, _run_cache.reached():
            _run_cache.keep(repo, stage, answer["entry"])
            repo.stage_cache.restore(stage, pull=True)
        self._met["pushed"].add(stage.addressing)
        return True

    def _job(self, stage: Any, before: Sequence[Any], force: bool) -> dict[str, Any]:
        """What a worker must know."""
        from dvc.stage.serialize import to_lockfile

        locks: dict[str, dict[str, Any]] = {}
        for other in (other for other in before if hasattr(other.dvcfile, "_lockfile")):
            path = Path(other.dvcfile._lockfile.path).relative_to(self._met["root"]).as_posix()
            locks.setdefault(path, {}).update(_plain(to_lockfile(other)))
        read, ignores = _plain(_run_cache.read(stage)), _run_cache.ignores(stage, before)
        pins = {Path(other.path) for other in before if not hasattr(other.dvcfile, "_lockfile")}
        texts = {path.relative_to(self._met["root"]).as_posix(): path.read_text(encoding="utf-8") for path in sorted(pins)}
        told = {"name": stage.addressing, "revision": self._met["revision"], "force": force, "pins": texts}
        return {**told, "locks": locks, "read": read, "ignores": ignores}

    def _ask(self, job: dict[str, Any], attempt: Attempt) -> dict[str, Any]:
        """Send it, hand on what the worker says meanwhile, and wait for its answer."""
        from distributed import CancelledError, KilledWorker
        from toolz import compose  # type: ignore[import-untyped]

        key, lines = f"{job['name']}-{uuid.uuid4().hex}", SimpleQueue[str]()
        self.client.subscribe_topic(key, lambda event: lines.put(event[1]))
        perform = compose(methodcaller("perform", job), import_module)  # by name: the scheduler need not have this project
        future = self.client.submit(perform, "flows.worker", key=key, pure=False)
        try:
            _follow(future, lines, attempt, self.stop)
            answer: dict[str, Any] = future.result(timeout=ANSWER)
            return answer
        except KilledWorker as error:
            reason = f"the workers that had it died, one after another: {error}"
            return {"reason": reason, "ended": None, "tail": [], "worker": "several"}
        except CancelledError:
            raise SilentError("the scheduler is gone, and with it what its workers were at; start it, and run again") from None
        finally:
            future.cancel(reason="not wanted any more")
            self.client.unsubscribe_topic(key)


def connect(url: str, machine: Machine, stop: Stop) -> Fleet:
    """The workers of the Dask scheduler at `url`. Raises DvcException where it may not be spoken to, or does not answer."""
    from distributed import Client
    from dvc.exceptions import DvcException

    try:
        client: Any = Client(url, timeout=ANSWER, set_as_default=False, name="malmoi", security=security.of(url, "client"))
    except ConfigError as error:
        raise DvcException(str(error)) from None
    except (OSError, ValueError, TypeError) as error:
        raise DvcException(f"no Dask scheduler answers at {url} (start one: dask scheduler): {error}") from None
    return Fleet(machine.jobs, machine.cores, machine.memory, client, stop)


def _follow(future: Any, lines: "SimpleQueue[str]", attempt: Attempt, stop: Stop) -> None:
    """Until it is over; what the worker says arrives in order, the last of it perhaps after the answer."""
    heard, silence = time.monotonic(), attempt.node.room.timeout + ANSWER
    while not future.done():
        stop.check()
        try:
            attempt.on_line(lines.get(timeout=LOOK))
            heard = time.monotonic()
        except Empty:
            if time.monotonic() - heard > silence:
                raise SilentError(f"no worker said anything for {silence:g} s") from None
    for _ in range(5):
        while not lines.empty():
            attempt.on_line(lines.get())
        time.sleep(LOOK / 10)


def _plain(value: Any) -> Any:
    """A lock entry as plain dicts and lists."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"git {' '.join(arguments)}: {done.stderr.strip()}", file=sys.stderr)
    return done.stdout.strip()
