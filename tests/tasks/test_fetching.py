"""Downloads against a real server on this machine: whole, resumed, cut short, wrong, failing, absent."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from tasks._catalogue import Remote
from tasks._fetching import Patience, download, right

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(attempts=3, pause=0.01, timeout=5)


class Server(ThreadingHTTPServer):
    """Answers by path; remembers what was asked for. failures: 503s still to give; cuts: bytes after which it hangs up."""

    content = CONTENT
    ranges = True
    failures = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []
        self.cuts: list[int] = []

    def remote(self, path: str = "file.txt") -> Remote:
        return Remote(address=f"http://127.0.0.1:{self.server_port}/{path}", sha256=SHA256, bytes=len(CONTENT))


class Handler(BaseHTTPRequestHandler):
    """Sends the server's content from where a Range header says."""

    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.path == "/missing" or self.server.failures:
            self.server.failures = max(0, self.server.failures - 1)
            self.send_error(404 if self.path == "/missing" else 503)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        body = self.server.content[start:]
        if start and not body:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def bring(server: Server, target: Path, path: str = "file.txt") -> list[int]:
    seen: list[int] = []
    download(server.remote(path), target, seen.append, QUICK)
    return seen


def test_a_file_comes_whole_and_progress_is_told(server: Server, tmp_path: Path) -> None:
    seen = bring(server, tmp_path / "file.txt")
    assert right(tmp_path / "file.txt", server.remote())
    assert seen[-1] == len(CONTENT)
    assert seen == sorted(seen)
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_part_is_gone_on_from(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.txt.part").write_bytes(CONTENT[:100_000])
    bring(server, tmp_path / "file.txt")
    assert server.asked == ["bytes=100000-"]
    assert (tmp_path / "file.txt").read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "file.txt.part").write_bytes(CONTENT[:100_000])
    bring(server, tmp_path / "file.txt")
    assert (tmp_path / "file.txt").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [1000, len(CONTENT), len(CONTENT) + 5])
def test_a_part_of_another_file_is_thrown_away(server: Server, tmp_path: Path, size: int) -> None:
    (tmp_path / "file.txt.part").write_bytes(b"x" * size)
    bring(server, tmp_path / "file.txt")
    assert server.asked[-1] is None
    assert (tmp_path / "file.txt").read_bytes() == CONTENT


def test_a_connection_that_breaks_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 100_000]
    bring(server, tmp_path / "file.txt")
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]
    assert (tmp_path / "file.txt").read_bytes() == CONTENT


def test_a_file_cut_short_is_an_error_and_its_part_stays(server: Server, tmp_path: Path) -> None:
    server.cuts = [1000, 2000, 0, 0, 0]
    with pytest.raises(ConfigError, match=r"cut short: 3,000 of 256,000 bytes came, then nothing in 3 attempts; run the command again"):
        bring(server, tmp_path / "file.txt")
    assert not (tmp_path / "file.txt").exists()
    bring(server, tmp_path / "file.txt")
    assert server.asked[-1] == "bytes=3000-"


@pytest.mark.parametrize("content", [b"y" * len(CONTENT), CONTENT + b"more", CONTENT[:-9]])
def test_another_file_is_an_error_and_nothing_stays(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises(ConfigError, match=f"SHA-256 should be {SHA256}.*got {hashlib.sha256(content).hexdigest()}"):
        bring(server, tmp_path / "file.txt")
    assert list(tmp_path.iterdir()) == []


def test_failures_that_pass_are_waited_out(server: Server, tmp_path: Path) -> None:
    server.failures = 2
    bring(server, tmp_path / "file.txt")
    assert len(server.asked) == 3
    assert (tmp_path / "file.txt").read_bytes() == CONTENT


def test_a_failure_that_stays_and_a_missing_file_are_errors(server: Server, tmp_path: Path) -> None:
    server.failures = 99
    with pytest.raises(ConfigError, match="the server answers 503"):
        bring(server, tmp_path / "file.txt")
    server.failures = 0
    with pytest.raises(ConfigError, match="the server answers 404"):
        bring(server, tmp_path / "file.txt", "missing")
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_an_error_that_names_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    remote = Remote(address=f"http://127.0.0.1:{port}/file.txt", sha256=SHA256, bytes=9)
    with pytest.raises(ConfigError, match=r"cannot be reached .*MALMOI_MIRROR=FOLDER"):
        download(remote, tmp_path / "file.txt", lambda there: None, QUICK)
    assert list(tmp_path.iterdir()) == []
