"""A real scheduler and worker over TLS run stages; whoever has no certificate of the team's authority is refused, and refuses."""

import os
import shutil
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from ports import free_port

from flows import certificates
from flows.workers import security
from malmoi.config import ConfigError

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[3]
STAGE = "stages:\n  one:\n    cmd: env > seen.txt\n    deps: [source.txt]\n    outs: [seen.txt]\n"


def environment(folder: Path | None, **more: str) -> dict[str, str]:
    given = os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/sh"} | more
    return given | ({security.FOLDER: str(folder)} if folder else {})


def call(where: Path, *command: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    given = env or environment(None)
    return subprocess.run(command, cwd=where, env=given, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The team's certificates, and those of somebody else's authority."""
    made = {name: tmp_path_factory.mktemp(name) / "certificates" for name in ("ours", "others")}
    for folder in made.values():
        certificates.make(folder)
    return made


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Starts a process; returns its log."""
    running = []

    def begin(name: str, where: Path, *arguments: str, env: dict[str, str]) -> Path:
        log = tmp_path / f"{name}.log"
        with open(log, "w") as stream:
            command = [sys.executable, *arguments]
            running.append(subprocess.Popen(command, cwd=where, env=env, stdout=stream, stderr=stream, start_new_session=True))
        return log

    yield begin
    for process in running:
        process.terminate()
    for process in running:
        process.wait(60)


def until(log: Path, words: str) -> None:
    end = time.monotonic() + 60
    while words not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def scheduler(start: Callable[..., Path], where: Path, folder: Path, name: str = "scheduler", host: str = "127.0.0.1") -> str:
    """Start one as deploy/compose.yaml does; returns its address."""
    address = f"tls://{host}:{free_port()}"
    options = ["--host", address, "--no-dashboard", "--tls-ca-file", str(folder / "ca.pem")]
    options += ["--tls-cert", str(folder / "scheduler.pem"), "--tls-key", str(folder / "scheduler.key")]
    until(start(name, where, "-m", "distributed.cli.dask_scheduler", *options, env=environment(None)), address)
    return address


def test_a_stage_runs_over_tls_and_strangers_are_refused(
    project: Path, tmp_path: Path, folders: dict[str, Path], start: Callable[..., Path]
) -> None:
    (project / "dvc.yaml").write_text(STAGE)
    call(project, sys.executable, "-m", "dvc", "remote", "add", "-d", "team", str(tmp_path / "remote"))
    call(project, "git", "add", "-A")
    assert call(project, "git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x").returncode == 0
    url = scheduler(start, tmp_path, folders["ours"])
    given = environment(folders["ours"], SOMETHING_MADE_UP="s3cret", AWS_ACCESS_KEY_ID="s3cret")
    until(start("worker", project, "-m", "flows.worker", url, "--folder", str(tmp_path / "clone"), env=given), "at work for tls://")

    ran = call(project, sys.executable, "-m", "flows.local", "--workers", url, env=environment(folders["ours"]))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "DVC_STAGE=one" in (project / "seen.txt").read_text()
    assert "s3cret" not in (project / "seen.txt").read_text()
    listed = call(project, sys.executable, "-m", "flows.roster", url, env=environment(folders["ours"]))
    assert listed.returncode == 0, listed.stderr

    stranger = call(project, sys.executable, "-m", "flows.roster", url, env=environment(folders["others"]))
    assert stranger.returncode == 1
    assert "error: no Dask scheduler answers" in stranger.stderr
    plain = call(project, sys.executable, "-m", "flows.roster", url.replace("tls", "tcp"), env=environment(None))
    assert plain.returncode == 1
    without = call(project, sys.executable, "-m", "flows.roster", url, env=environment(None))
    assert "MALMOI_CERTIFICATES must say in which folder" in without.stderr
    assert "Traceback" not in stranger.stderr + plain.stderr + without.stderr

    false = scheduler(start, tmp_path, folders["others"], "false")
    log = start("second", project, "-m", "flows.worker", false, "--folder", str(tmp_path / "second-clone"), env=given)
    until(log, "no scheduler answers")
    assert "at work for" not in log.read_text()
    client = call(project, sys.executable, "-m", "flows.local", "--workers", false, "--force", env=environment(folders["ours"]))
    assert client.returncode == 1
    assert "no Dask scheduler answers" in client.stderr


def test_the_pages_of_a_worker_which_are_plain_http_stay_on_its_machine(
    project: Path, tmp_path: Path, folders: dict[str, Path], start: Callable[..., Path]
) -> None:
    from distributed.utils import get_ip

    if (host := get_ip()).startswith("127."):
        pytest.skip("this machine has no address besides those of loopback")
    call(project, "git", "add", "-A")
    call(project, "git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x")
    url = scheduler(start, tmp_path, folders["ours"], host=host)
    given = environment(folders["ours"])
    log = start("worker", project, "-m", "flows.worker", url, "--folder", str(tmp_path / "clone"), env=given)
    until(log, "at work for tls://")
    (worker,) = [one for one in psutil.Process().children(recursive=True) if "flows.worker" in " ".join(one.cmdline())]
    listening = [one.laddr for one in worker.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert len(listening) == 2
    (speaks,) = [place for place in listening if place.ip == host]
    assert f"tls://{host}:{speaks.port}" in log.read_text()
    assert [place.ip for place in listening if place != speaks] == ["127.0.0.1"]


@pytest.mark.parametrize("command", [["flows.roster"], ["flows.local", "--workers"], ["flows.worker"]])
def test_plain_tcp_to_another_machine_is_refused_before_anything_is_sent(project: Path, command: list[str]) -> None:
    done = call(project, sys.executable, "-m", *command, "tcp://192.0.2.1:8786")
    assert done.returncode == 1
    assert "without TLS whoever is in that network can run code here and there" in done.stderr
    assert "Traceback" not in done.stderr


def test_plain_tcp_stays_on_this_machine_unless_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("tcp://127.0.0.1:8786", "127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786"):
        assert security.of(url, "client") is None
    for url in ("tcp://10.0.0.5:8786", "10.0.0.5:8786", "ws://10.0.0.5:8786", "tcp://localhost.example.org:8786"):
        with pytest.raises(ConfigError, match="without TLS"):
            security.of(url, "client")
    monkeypatch.setenv(security.PLAIN, "yes")
    assert security.of("tcp://10.0.0.5:8786", "client") is None


def test_a_key_that_others_may_read_and_a_file_that_is_missing_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates.make(tmp_path)
    monkeypatch.setenv(security.FOLDER, str(tmp_path))
    found = security.of("tls://10.0.0.5:8786", "client")
    assert found.require_encryption
    assert found.get_connection_args("client")["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    (tmp_path / "client.key").chmod(0o640)
    with pytest.raises(ConfigError, match="others may read this key: chmod 600"):
        security.of("tls://10.0.0.5:8786", "client")
    (tmp_path / "client.pem").unlink()
    with pytest.raises(ConfigError, match=r"client\.pem: no such file"):
        security.of("tls://10.0.0.5:8786", "client")


def test_keys_are_private_what_is_there_stays_and_renewal_keeps_the_authority(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert len(certificates.make(tmp_path / "made")) == 8
    finally:
        os.umask(before)
    folder = tmp_path / "made"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.key")} == {0o600}
    known = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert certificates.make(folder) == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == known
    assert len(certificates.make(folder, renew=True)) == 6
    now = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name for name in known if now[name] == known[name]} == {"ca.key", "ca.pem"}
    (folder / "ca.key").unlink()
    with pytest.raises(ConfigError, match=r"there is ca\.pem, but not ca\.key"):
        certificates.make(folder)


@pytest.mark.parametrize(
    ("role", "purpose", "good"), [("client", "sslclient", True), ("client", "sslserver", False), ("worker", "sslserver", True)]
)
def test_a_client_cannot_pass_for_a_scheduler(folders: dict[str, Path], role: str, purpose: str, good: bool) -> None:
    folder = folders["ours"]
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", str(folder / "ca.pem"), str(folder / f"{role}.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is good, done.stdout + done.stderr
