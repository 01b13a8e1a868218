"""Answer over HTTP with a registered model, once its files have been compared with git: `python -m tasks serve classify-bills`.

  python -m tasks serve classify-bills@champion --port 5001
  curl localhost:5001/invocations -H 'Content-Type: application/json' -d '{"inputs": ["국회는 예산을 심의한다."]}'

Loading a model runs its code, and whoever may write to the tracking server may have put any code there. So its files are brought here,
compared, and served from here: code with git, weights with the hashes in dvc.lock and champions/. What differs, or git
cannot tell of, is served only with --trust and the digest of these very files.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from tasks.runtime import watchdog

LIMITED = "MALMOI_SERVE_"  # in the code of a model that limits what a request may ask for
GRACE = 10.0  # seconds that the server may need to end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("model", metavar="MODEL", help="NAME (its champion), NAME@ALIAS or NAME/VERSION")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5001, help="default: %(default)s")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that a request may take (default: %(default)s)")
    parser.add_argument("--trust", default="", metavar="SHA256", help="serve files with this digest though git cannot tell of them")


def run(model: str, host: str = "127.0.0.1", port: int = 5001, timeout: int = 600, trust: str = "") -> None:
    """Serve until a signal. Raises ConfigError where the model is not there, or must not be loaded; SystemExit with the server's status."""
    from malmoi.config import ConfigError
    from tasks import _claims, _tracking, _trust

    found = _claims.version(_tracking.store(), model)
    with tempfile.TemporaryDirectory(prefix="malmoi-served-") as name:
        folder = _claims.files(found, Path(name))
        check(found, folder, _tracking.ROOT, trust)
        if _claims.parts(model)[1:] == ("@", "champion") and (why := _trust.overruled(folder, found.name, _tracking.ROOT)):
            raise ConfigError(why)
        if LIMITED.encode() not in (folder / _trust.MODEL_FILE).read_bytes():
            print("warning: it was registered before requests had limits, and has none: README, Serving", file=sys.stderr, flush=True)
        command = ["--model-uri", str(folder), "--env-manager", "local", "--timeout", str(timeout), "--host", host, "--port", str(port)]
        with watchdog.guard():  # also where this process is killed
            status = _serve([sys.executable, "-m", "mlflow", "models", "serve", *command])
    raise SystemExit(status)


def check(found: Any, folder: Path, root: Path, trust: str = "") -> None:
    """Say what is known of a version's files. Raises ConfigError where they must not be loaded; where `trust` is their digest that is a
    warning. A yes to whatever the server has would be one to what somebody puts there tomorrow, so it is to these bytes alone."""
    from malmoi.config import ConfigError
    from tasks import _files, _trust

    judgement = _trust.judge(found, folder, root)
    where = f"{found.name} version {found.version}"
    said = [*(f"  {line}" for line in judgement.dangers[:8]), *(f"  unknown: {line}" for line in judgement.unknown)]
    if not said:
        print(f"{where}: its code is git's, its weights are DVC's", flush=True)
        return
    digest = _files.digest(folder)  # of all that is left: `judge` takes out bytecode
    cure = (
        "git pull, if a newer commit has it; dvc pull, if its training is not here; look into it: python -m tasks verify; or, once "
        f"you have seen to these files yourself: --trust {digest} (make serve: TRUST={digest[:8]}...)"
    )
    if trust != digest:
        other = [f"  --trust is for other files: {trust:.80}"] if trust else []
        raise ConfigError("\n".join([f"{where} is not loaded, since loading runs code:", *said, *other, f"  {cure}"]))
    print("\n".join([f"warning: {where} is trusted (--trust):", *said]), file=sys.stderr, flush=True)


def _serve(command: list[str]) -> int:
    """Run the server in a process group of its own, which ends with this process. Returns its exit status."""
    server = subprocess.Popen(command, start_new_session=True)

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return server.wait()
    finally:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            return
        try:
            server.wait(GRACE)
        except subprocess.TimeoutExpired:
            continue
