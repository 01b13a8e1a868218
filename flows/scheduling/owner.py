"""Whose the deployments of a Prefect server are: one `flows.serve` of one folder runs them, and another one is refused.

A deployment carries its owner as tags: the folder (an id that is made once, with the folder's path) and the process that serves. Two that
served the same deployments would run each other's flows and mark each other's runs as crashed.
"""

import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.runtime import processes
from tasks.runtime.files import private_folder, write_whole

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

FOLDER, PROCESS, PLACE = "malmoi-folder:", "malmoi-process:", "malmoi-place:"  # beginnings of tags


@dataclass(frozen=True)
class Owner:
    """folder: id of the folder that is served; process: see processes.Identity; place: host and path, for people."""

    folder: str
    process: str
    place: str

    @property
    def tags(self) -> list[str]:
        """As a deployment carries it."""
        return [FOLDER + self.folder, PROCESS + self.process, PLACE + self.place]


def of_this(folder: Path, process: int | None = None) -> Owner:
    """The owner that a process (default: this one) is that serves a folder. Its id is kept in .malmoi/serve-id; a copy of the folder
    elsewhere is another owner."""
    file = private_folder(folder) / "serve-id"
    if not file.exists():
        write_whole(file, secrets.token_hex(16))
    known = f"{file.read_text(encoding='utf-8')}\n{os.path.realpath(folder)}"
    digest = hashlib.sha256(known.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Owner(digest, str(processes.identify(process)), f"{socket.gethostname()}:{os.path.realpath(folder)}")


def owner_of(deployment: "DeploymentResponse") -> Owner | None:
    """The owner that a deployment names; None where it names none."""
    found = [next((tag.removeprefix(start) for tag in deployment.tags if tag.startswith(start)), "") for start in (FOLDER, PROCESS, PLACE)]
    return Owner(*found) if found[0] else None


def other_owner(deployment: "DeploymentResponse", me: Owner) -> Owner | None:
    """The owner of a deployment, where that is somebody else who serves it now.

    Where the other's process can be seen from here, whether it lives decides; else whether the server has heard of it in the last minute.
    """
    other = owner_of(deployment)
    if other is None or other.folder == me.folder:
        return None
    process = processes.parse(other.process)
    if process is not None and process.here:
        return other if process.alive else None
    return other if deployment.status is not None and deployment.status.value == "READY" else None


def refusal(name: str, other: Owner) -> str:
    """What a person is told who serves what another folder serves."""
    process = processes.parse(other.process)
    who = f"process {process.pid} in {other.place}" if process else other.place
    return (
        f"this Prefect server's {name} is served by {who}; end that one (if it has just ended, try again in two minutes), or use a server "
        "of your own (unset PREFECT_API_URL, with --port for another port)"
    )
