"""`python -m flows.worker tls://SCHEDULER:8786 --folder ../malmoi-worker`: run stages that coordinators (`--workers`) hand out.

It works in a clone of its own, which it makes in the folder that it is given, or which was handed over to it (`--adopt`): never in a
person's, whose uncommitted work it would overwrite. For each stage it checks out the commit, pulls from the DVC remote what the stage
reads, runs it as `flows.local` would, and pushes what it made. Ended by Ctrl-C or SIGTERM, with all that it had started; a stage that was
at work then runs on another worker. While no scheduler answers, it waits for one.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flows import _run_cache
from flows.commands import Stop, Stopped
from flows.graph import Pipeline
from flows.needs import Machine, here
from flows.stages import Result
from flows.workers import folder, names, security
from malmoi.config import ConfigError
from tasks.runtime import output

AGAIN = 5.0  # seconds between two calls for a scheduler
LOOK = 0.5  # seconds between two looks at whether a stage is still wanted

_ended = Stop()  # this process is to end


def perform(job: dict[str, Any]) -> dict[str, Any]:
    """Run one stage, in a thread of a Dask worker. job: see `fleet.Fleet._job`.

    Returns {reason: "" where it is well, else why not; ended: the command's exit status; tail: its last lines; entry: of the run cache}.
    """
    from distributed import get_worker
    from dvc.exceptions import DvcException

    worker = get_worker()
    key, name = str(worker.get_current_task()), f"{socket.gethostname()}:{Path.cwd()}"
    answer: dict[str, Any] = {"reason": "", "ended": 0, "tail": [], "worker": name}
    try:
        with _while_wanted(worker, key) as stop:
            return answer | _perform(job, stop, lambda line: worker.log_event(key, line))
    except Stopped:
        return answer | {"reason": "the worker was stopped", "ended": None}
    except (DvcException, ConfigError, OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or "").strip()
        return answer | {"reason": f"{error}{': ' if said else ''}{said}", "ended": 1}


def _perform(job: dict[str, Any], stop: Stop, say: Callable[[str], None]) -> dict[str, Any]:
    from dvc.exceptions import DvcException

    _check_out(job["revision"])
    for path, text in job["pins"].items():
        Path(path).write_text(text, encoding="utf-8")
    _note(job["locks"])
    with Pipeline([job["name"]], stop, here(1)) as pipeline:
        stage, upstream = pipeline.stages[job["name"]], pipeline.upstream[job["name"]]
        _run_cache.bring(pipeline.repo, stage, upstream, job["ignores"])
        stage.save_deps()
        if differs := _differences(job["read"], _run_cache.read(stage)):
            raise DvcException(
                f"this worker reads something else than the coordinator: {', '.join(differs)}; commit what has changed there"
            )
        result = pipeline.run(job["name"], say, force=job["force"])
        if not result.good:
            return _failed(result)
        found = _run_cache.entry(stage)
        _run_cache.push(pipeline.repo, [stage])
        _run_cache.push_entry(pipeline.repo, _run_cache.keep(pipeline.repo, stage, found))
        return {"entry": found}


def _failed(result: Result) -> dict[str, Any]:
    return {"reason": result.reason, "ended": 1, "tail": list(result.tail)}


def _check_out(revision: str) -> None:
    """Bring the clone to a commit, fetching it where it is not known yet; what an earlier stage left in files of git goes.

    Raises DvcException where nobody has pushed it.
    """
    from dvc.exceptions import DvcException

    folder.check(Path.cwd())  # once more, right before what cannot be undone
    if not _known(revision):
        subprocess.run(["git", "fetch", "--quiet", "--all"], capture_output=True, text=True, check=True)
        if not _known(revision):
            raise DvcException(f"commit {revision[:12]} is not where this worker fetches from; push it (git push), and run again")
    subprocess.run(["git", "checkout", "--quiet", "--force", "--detach", revision], capture_output=True, text=True, check=True)


def _known(revision: str) -> bool:
    return not subprocess.run(["git", "cat-file", "-e", f"{revision}^{{commit}}"], capture_output=True, check=False).returncode


def _note(locks: dict[str, dict[str, Any]]) -> None:
    """Write into each dvc.lock what the coordinator knows of the stages upstream, so that DVC knows what to pull."""
    from dvc.utils.serialize import dump_yaml, load_yaml

    for name, stages in locks.items():
        path = Path(name)
        known: Any = load_yaml(str(path)) if path.exists() else {"schema": "2.0"}
        known.setdefault("stages", {}).update(stages)
        dump_yaml(str(path), known)


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Paths and parameters that are not the same here as there; "its command" where that is."""
    differs = ["its command"] if wanted.get("cmd") != found.get("cmd") else []
    ours = {one["path"]: one for one in found.get("deps", [])}
    differs += [one["path"] for one in wanted.get("deps", []) if ours.get(one["path"]) != one]
    params, theirs = found.get("params", {}), wanted.get("params", {})
    return differs + [path for path in theirs if params.get(path) != theirs[path]]


@contextlib.contextmanager
def _while_wanted(worker: Any, key: str) -> Iterator[Stop]:
    """A Stop that is asked for when the coordinator takes the stage back or is gone, or this process is to end."""
    stop, over = Stop(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            task = worker.state.tasks.get(key)
            if _ended.asked or task is None or task.state not in ("executing", "long-running"):
                stop.ask()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield stop
    finally:
        over.set()
        watcher.join()


async def _serve(url: str, machine: Machine, certificates: Any) -> None:
    """Be a worker until the scheduler goes away. It listens only where the scheduler is reached from."""
    from distributed import Worker
    from distributed.comm.addressing import get_address_host_port
    from distributed.utils import get_ip

    place, host = str(Path(".dvc/tmp").resolve()), get_ip(*get_address_host_port(url))
    name = names.new()
    own = {"name": name, "local_directory": place, "host": host, "security": certificates}
    own["dashboard_address"] = "127.0.0.1:0"  # its pages are plain HTTP, also where it speaks TLS
    async with Worker(url, nthreads=1, death_timeout=AGAIN, **own) as worker:
        print(f"{name}: at work for {url}, {machine.cores} cores, in {Path.cwd()}", flush=True)
        while worker.status.name == "running" and not _ended.asked:
            await asyncio.sleep(LOOK)


def main(given: Sequence[str] | None = None) -> int:
    """Returns 0 after a signal, 1 where the folder is no worker's, or the scheduler may not be spoken to."""
    parser = argparse.ArgumentParser("python -m flows.worker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the Dask scheduler, as tls://10.0.0.5:8786")
    parser.add_argument("--folder", type=Path, help="the worker's clone, made where it is not there (default: this folder, if it is one)")
    parser.add_argument("--repository", help="what to clone (default: the remote `origin` of the clone that this is started in)")
    parser.add_argument("--adopt", action="store_true", help="make the clone that is there the worker's; refused where it holds work")
    options = parser.parse_args(given)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: _ended.ask(received))
    try:
        certificates = security.of(options.url, "worker")
        with folder.held(_moved(options)), output.when_unread(lambda: _ended.ask(signal.SIGPIPE)):
            _work(options.url, certificates)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _moved(options: argparse.Namespace) -> Path:
    """The worker's clone, which is the current folder from now on."""
    if options.folder and not options.adopt:
        folder.prepare(options.folder, options.repository or folder.origin(Path.cwd()))
    if options.folder:
        os.chdir(options.folder)
    if options.adopt:
        folder.adopt(Path.cwd())
    return Path.cwd()


def _work(url: str, certificates: Any) -> None:
    """Until a signal. While no scheduler answers, ask again and again."""
    said = ""
    while not _ended.asked:
        try:
            asyncio.run(_serve(url, here(1), certificates))
        except (OSError, TimeoutError) as error:  # not of a print that nobody reads: see `output.run`
            before, said = said, f"no scheduler answers at {url}: {error}; trying again"
            if said != before:
                print(said, file=sys.stderr, flush=True)
            asyncio.run(asyncio.sleep(AGAIN))


if __name__ == "__main__":
    from flows import worker  # so that `perform` has the name by which it is sent

    sys.exit(output.run(worker.main))
