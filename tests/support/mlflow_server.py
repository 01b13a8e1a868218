"""A real `mlflow server` on loopback, with its artifacts in a folder of its own, or on S3."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

SETTINGS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


class Server:
    """Its backend store is at `backend`; it can be stopped and started again at the same address."""

    def __init__(self, folder: Path, backend: str, port: int, artifacts: str = "") -> None:
        self.folder, self.backend, self.port, self.artifacts = folder, backend, port, artifacts or str(folder / "artifacts")
        self.address = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 180.0) -> None:
        """Start it and wait until it answers."""
        where = ["--backend-store-uri", self.backend, "--artifacts-destination", self.artifacts]
        command = [str(Path(sys.executable).with_name("mlflow")), "server", *where, "--host", "127.0.0.1", "--port", str(self.port)]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with open(self.folder / "server.log", "a") as log:
            self._process = subprocess.Popen(
                [*command, "--workers", "1"],
                cwd=self.folder,
                env=os.environ | SETTINGS | {"PATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + seconds
        while not self._answers():
            assert time.monotonic() < until, (self.folder / "server.log").read_text()
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.3)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """End it and all its workers at once, as a crash does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
