"""`python -m flows.serve`: one process that runs the flows of params/schedule.yaml when their time has come, one at a time.

PREFECT_API_URL says which Prefect server keeps the schedules; without it a server of this machine's is started along (http://127.0.0.1:4200)
and ends with this process. What dies is started again: schedules live in the server's database, and survive both. Ctrl-C and SIGTERM end
all of it, a flow that runs included; the next run of that flow goes on from there.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import httpx

from flows import schedules
from flows._dvc import environment
from flows._locks import wait_for
from flows.commands import Call, Stop, Stopped, run, signals
from flows.logs import log_path
from malmoi.config import ConfigError
from tasks.runtime import output
from tasks.runtime.files import write_whole
from tasks.runtime.locks import lock
from tasks.runtime.watchdog import MARK, Watchdog, end_marked

REFUSED = 3  # exit status of `flows._serving` where another folder serves the schedules, in which it is not started again
AGAIN = 5.0  # seconds before what has died is started again
LOOK = 0.3
ANSWER = 180.0  # seconds that a server may need to be up


def main(given: Sequence[str] | None = None) -> int:
    """Returns 1 where the schedule cannot be right or another process serves it, 128 + n after signal n."""
    parser = argparse.ArgumentParser("python -m flows.serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=4200, help="of the server that is started along (%(default)s)")
    options, stop = parser.parse_args(given), Stop()
    try:
        found = schedules.read()
        alone = log_path(Path.cwd(), "serve").with_name("serve.lock")
        with lock(alone, f"serves {Path.cwd()}", timeout=0), signals(stop):
            _serve(found, stop, options.port)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print(f"{stopped}; schedules are kept, and go on when this is started again", file=sys.stderr)
        return 128 + stopped.signal
    return 0


def _serve(found: schedules.Schedules, stop: Stop, port: int) -> None:
    """Until `stop`. Raises Stopped. The server ends last, so that a flow can still tell it how it ended."""
    url = os.environ.get("PREFECT_API_URL", "")
    address = url or f"http://127.0.0.1:{port}/api"
    with _server(port) if not url else nullcontext():
        for name, entry in found.flows.items():
            print(f"{name}: {entry.cron} ({found.timezone})", flush=True)
        print(f"server: {address.removesuffix('/api')}", flush=True)
        _wait(address, stop)
        settings = {**os.environ, **environment(), "PREFECT_API_URL": address}
        _keep("flows", Call([sys.executable, "-m", "flows._serving"], Path.cwd(), settings), stop)


@contextmanager
def _marked() -> Iterator[str]:
    """A mark for processes that end with this one, however that ends."""
    dog = Watchdog()
    dog.start()
    try:
        yield dog.mark
    finally:
        end_marked(dog.mark)
        dog.close()


@contextmanager
def _server(port: int) -> Iterator[None]:
    """A Prefect server of this machine, kept running in a thread of its own."""
    command, over = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)], Stop()
    pages = {"PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api"}  # else its pages ask port 4200
    settings = {**os.environ, **environment(), **pages}

    def work() -> None:
        with suppress(Stopped):
            _keep("server", Call(command, Path.cwd(), settings), over)

    thread = threading.Thread(target=work, name="server")
    thread.start()
    try:
        yield
    finally:
        over.ask()
        thread.join()


def _keep(name: str, call: Call, stop: Stop) -> None:
    """Keep a command running: start it again when it ends, once all that it had started has ended, too. Its output is in .malmoi/logs.

    Raises Stopped, and ConfigError, with its last line, where it refuses to run.
    """
    path, last = log_path(Path.cwd(), f"serve-{name}"), [""]
    started = path.with_suffix(".mark")
    while True:
        wait_for(started)  # what was at work when this folder was served before, where that was killed
        with open(path, "a", encoding="utf-8") as log, _marked() as mark:
            write_whole(started, mark)

            def take(line: str, log: TextIO = log) -> None:
                last[0] = line
                print(line, file=log, flush=True)

            status = run(replace(call, env={**call.env, MARK: mark}), take, stop)
        if status == REFUSED:
            raise ConfigError(last[0])
        print(f"{name} ended with status {status} (see {path.relative_to(Path.cwd())}); starting it again in {AGAIN:g} s", flush=True)
        _sleep(AGAIN, stop)


def _wait(address: str, stop: Stop) -> None:
    """Until the server answers. Raises ConfigError where it does not for long."""
    until = time.monotonic() + ANSWER
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/health", timeout=2).is_success:
                return
        except httpx.HTTPError:
            _sleep(LOOK, stop)
    raise ConfigError(f"no Prefect server answers at {address}; start one (prefect server start), or unset PREFECT_API_URL")


def _sleep(seconds: float, stop: Stop) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stop.check()
        time.sleep(LOOK)


if __name__ == "__main__":
    sys.exit(output.run(main))
