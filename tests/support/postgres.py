"""A real PostgreSQL on loopback, in a folder of its own, for as long as a test needs it."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ports import free_port

PASSWORD = "secret"  # noqa: S105 - of a server that nobody else reaches


@contextmanager
def running(database: str) -> Iterator[str]:
    """Start a server with an empty database, and stop it. Gives SQLAlchemy's URL; skips the test where PostgreSQL is not installed."""
    binaries, user, port = programs(), person(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="malmoi-postgres-", dir="/tmp" if user else None))  # noqa: S108 - TMPDIR may be closed to others
    (folder / "password").write_text(PASSWORD)
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, user)
    made = ["--pgdata", str(folder / "data"), "--username", "postgres", "--auth", "scram-sha-256", "--pwfile", str(folder / "password")]
    subprocess.run([str(binaries / "initdb"), *made], cwd=folder, user=user, check=True, capture_output=True)
    options = ["-D", str(folder / "data"), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    with open(folder / "log", "w") as log:
        server = subprocess.Popen([str(binaries / "postgres"), *options], cwd=folder, user=user, stdout=log, stderr=log)
    try:
        _create(binaries, port, database, folder / "log")
        yield f"postgresql+psycopg2://postgres:{PASSWORD}@127.0.0.1:{port}/{database}"
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(folder)


def _create(binaries: Path, port: int, database: str, log: Path) -> None:
    command = [str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", database]
    until = time.monotonic() + 120
    while (done := subprocess.run(command, env=os.environ | {"PGPASSWORD": PASSWORD}, capture_output=True, check=False)).returncode:
        assert time.monotonic() < until, f"{done.stderr!r} {log.read_text()}"
        time.sleep(0.2)


def programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test where there are none."""
    found = shutil.which("initdb")
    known = [Path(found).resolve()] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not known:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    return known[-1].parent


def person() -> str | None:
    """PostgreSQL refuses to run as root; who stands in for root."""
    if os.getuid():
        return None
    if "postgres" not in [one.pw_name for one in pwd.getpwall()]:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return "postgres"
