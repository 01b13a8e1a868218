"""One public file over HTTP: retried, resumed where it stopped, checked against its SHA-256, and put in place only when it is whole."""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from malmoi.config import ConfigError
from tasks._catalogue import Remote

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 16  # bytes
RETRIED = (429, 500, 502, 503, 504)  # answers that may be better later
MIRROR = "MALMOI_MIRROR"


@dataclass(frozen=True)
class Patience:
    """attempts: how often to go on after the connection broke, and to ask again after an answer in RETRIED.

    pause: seconds before the second attempt, doubled each time. timeout: seconds without a byte.
    """

    attempts: int = 5
    pause: float = 0.5
    timeout: float = 30.0


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def right(path: Path, remote: Remote) -> bool:
    """Is the file there, and is it what it must be?"""
    return path.is_file() and path.stat().st_size == remote.bytes and sha256(path) == remote.sha256


def download(remote: Remote, target: Path, on_bytes: Callable[[int], None], patience: Patience = Patience()) -> None:
    """Bring the file to `target`; what came so far waits in `target`.part. on_bytes: told how many bytes there are.

    Raises ConfigError where the address cannot be reached, refuses, cuts the file short, or gives another file.
    """
    part = target.with_name(target.name + ".part")
    resumed = part.exists() and part.stat().st_size > 0
    with _session(patience) as session:
        _transfer(session, remote, part, on_bytes, patience)
        if resumed and sha256(part) != remote.sha256:  # the earlier part may have been of another file: once more from the start
            part.unlink()
            _transfer(session, remote, part, on_bytes, patience)
    _check(remote, part)
    os.replace(part, target)


def _transfer(session: "requests.Session", remote: Remote, part: Path, on_bytes: Callable[[int], None], patience: Patience) -> None:
    """Go on until the part has all its bytes, or nothing more came a few times in a row."""
    got, idle = 0, 0
    while got < remote.bytes:
        if idle == patience.attempts:
            raise ConfigError(
                f"{remote.address}: cut short: {got:,} of {remote.bytes:,} bytes came, then nothing in {idle} attempts; "
                f"run the command again, it goes on from there ({part})"
            )
        time.sleep(patience.pause * 2**idle if idle else 0)
        _receive(session, remote, part, on_bytes, patience.timeout)
        before, got = got, part.stat().st_size
        idle = 0 if got > before else idle + 1


def _receive(session: "requests.Session", remote: Remote, part: Path, on_bytes: Callable[[int], None], timeout: float) -> None:
    """One request for what is missing, added to `part`; returns early where the connection breaks."""
    import requests
    from urllib3.exceptions import HTTPError

    there = part.stat().st_size if part.exists() else 0
    if there >= remote.bytes:
        return
    try:
        answer = session.get(remote.address, headers={"Range": f"bytes={there}-"} if there else {}, stream=True, timeout=timeout)
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            _refuse(remote, part)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise ConfigError(f"{remote.address}: {_told(error)}") from None
    mode = "ab" if answer.status_code == requests.codes.partial_content else "wb"
    with answer, open(part, mode) as stream, suppress(HTTPError):  # where the connection breaks, the next request goes on
        while stream.tell() <= remote.bytes and (chunk := answer.raw.read1(CHUNK)):  # read1: nothing that has come is lost then
            stream.write(chunk)
            on_bytes(stream.tell())


def _told(error: "requests.RequestException") -> str:
    if error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}; is the address still right?"
    cure = f"is there a network? A folder with the same files can be used instead: {MIRROR}=FOLDER, or --mirror FOLDER"
    cause = getattr(error.args[0], "reason", error) if error.args else error  # what urllib3 saw, without the story of its retries
    return f"cannot be reached ({str(cause).split(': ', 1)[-1]}); {cure}"


def _check(remote: Remote, part: Path) -> None:
    if sha256(part) != remote.sha256:
        _refuse(remote, part)


def _refuse(remote: Remote, part: Path) -> NoReturn:
    got, size = sha256(part), part.stat().st_size
    part.unlink()
    raise ConfigError(
        f"{remote.address}: this is not the file it was: SHA-256 should be {remote.sha256} ({remote.bytes:,} bytes), "
        f"got {got} ({size:,} bytes); it has changed there, or a proxy answered instead. Nothing was kept"
    )


def _session(patience: Patience) -> "requests.Session":
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=patience.attempts,
        connect=2,
        read=patience.attempts,
        backoff_factor=patience.pause,
        status_forcelist=RETRIED,
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"  # a resumed part must be of the file itself
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session
