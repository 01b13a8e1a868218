"""Answer over HTTP with a registered model, once its files have been compared with git: `python -m tasks serve classify-bills`.

  python -m tasks serve classify-bills@champion --port 5001
  curl localhost:5001/invocations -H 'Content-Type: application/json' -d '{"inputs": ["국회는 예산을 심의한다."]}'

Loading a model runs its code, and whoever may write to the tracking server may have put any code there. So its files are brought here,
compared, and served from here: code with git, weights with the hashes in dvc.lock and champions/. What differs is refused; what git
cannot tell of is served only with --trust.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

GRACE = 10.0  # seconds that the server may need to end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("model", metavar="MODEL", help="NAME (its champion), NAME@ALIAS or NAME/VERSION")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5001, help="default: %(default)s")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that a request may take (default: %(default)s)")
    parser.add_argument("--trust", action="store_true", help="serve it though git cannot tell, or says otherwise")


def run(model: str, host: str = "127.0.0.1", port: int = 5001, timeout: int = 600, trust: bool = False) -> None:
    """Serve until a signal. Raises ConfigError where the model is not there, or must not be loaded; SystemExit with the server's status."""
    from tasks import _claims, _tracking

    found = _claims.version(_tracking.store(), model)
    with tempfile.TemporaryDirectory(prefix="malmoi-served-") as name:
        folder = _claims.files(found, Path(name))
        check(found, folder, _tracking.ROOT, trust)
        command = ["--model-uri", str(folder), "--env-manager", "local", "--timeout", str(timeout), "--host", host, "--port", str(port)]
        status = _serve([sys.executable, "-m", "mlflow", "models", "serve", *command])
    raise SystemExit(status)


def check(found: "ModelVersion", folder: Path, root: Path, trust: bool) -> None:
    """Say what is known of a version's files. Raises ConfigError where they must not be loaded; with `trust` that is a warning."""
    from malmoi.config import ConfigError
    from tasks import _trust

    judgement = _trust.judge(found, folder, root)
    where = f"{found.name} version {found.version}"
    said = [*(f"  {line}" for line in judgement.dangers[:8]), *(f"  unknown: {line}" for line in judgement.unknown)]
    if not said:
        print(f"{where}: its code is git's, its weights are DVC's", flush=True)
        return
    cure = "git pull, if a newer commit has it; look into it: python -m tasks verify; or serve it all the same: --trust (make: TRUST=1)"
    message = "\n".join([f"{where} is not loaded, since loading runs code:", *said, f"  {cure}"])
    if not trust:
        raise ConfigError(message)
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
