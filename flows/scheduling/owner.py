"""Whose the deployments of a Prefect server are: one `flows.serve` of one folder runs them, and another one is refused.

A deployment carries its owner as tags: the folder (an id that is made once, with the folder's path) and the process that serves. Two that
served the same deployments would run each other's flows and mark each other's runs as crashed.
"""

import asyncio
import hashlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tasks.runtime import processes
from tasks.runtime.files import private_folder, write_whole

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

CLAIM = "malmoi_deploys"  # Prefect variable that is there while somebody looks whose deployments are, and makes them his
LONG = 60.0  # seconds after which whoever made it is taken for dead
LOOK = 0.3
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
    is another owner, also one that lies at the same path on another machine."""
    file = private_folder(folder) / "serve-id"
    if not file.exists():
        write_whole(file, secrets.token_hex(16))
    known = f"{file.read_text(encoding='utf-8')}\n{os.path.realpath(folder)}\n{file.stat().st_ino}"
    digest = hashlib.sha256(known.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Owner(digest, str(processes.identify(process)), f"{socket.gethostname()}:{os.path.realpath(folder)}")


def owner_of(deployment: "DeploymentResponse") -> Owner | None:
    """The owner that a deployment names; None where it names none."""
    found = [next((tag.removeprefix(start) for tag in deployment.tags if tag.startswith(start)), "") for start in (FOLDER, PROCESS, PLACE)]
    return Owner(*found) if found[0] else None


def other_owner(deployment: "DeploymentResponse", me: Owner) -> Owner | None:
    """The owner of a deployment, where that is somebody else who serves it now.

    Where the other's process can be seen from here, whether it lives decides; else whether the server has heard of it in the last minute.
    An earlier version of this program has left no owner, and is told from a dead one in the same way.
    """
    other = owner_of(deployment) or Owner("", "", "a process of an earlier version")
    if other.folder == me.folder:
        return None
    process = processes.parse(other.process)
    if process is not None and process.here:
        return other if process.alive else None
    return other if deployment.status is not None and deployment.status.value == "READY" else None


def ended(deployment: "DeploymentResponse", me: Owner) -> bool:
    """Whether all that ran for a deployment until now is known to have ended.

    That is so where this folder served it (one process serves a folder, and waits for what the one before it has left), and where the
    process that did can be seen to be dead. One on another machine that is silent may still be at work.
    """
    other = owner_of(deployment)
    process = processes.parse(other.process) if other else None
    return other is not None and (other.folder == me.folder or (process is not None and process.here and not process.alive))


@asynccontextmanager
async def claim(client: "PrefectClient", me: Owner) -> AsyncIterator[None]:
    """One at a time, of all that use a Prefect server, while inside: the server has only one variable of a name.

    One that whoever made it has left, as it was killed, is taken away after a minute; by its id, so that two who wait do not take away
    each other's.
    """
    from prefect.client.schemas.actions import VariableCreate
    from prefect.exceptions import ObjectAlreadyExists

    seen: dict[UUID, float] = {}
    mine: Any = None
    while mine is None:
        try:
            mine = await client.create_variable(VariableCreate(name=CLAIM, value=me.place))
        except ObjectAlreadyExists:
            other = await client.read_variable_by_name(CLAIM)
            if other is not None and time.monotonic() - seen.setdefault(other.id, time.monotonic()) > LONG:
                await _remove(client, other.id)
            await asyncio.sleep(LOOK)
    try:
        yield
    finally:
        await _remove(client, mine.id)


async def _remove(client: "PrefectClient", variable: UUID) -> None:
    from httpx import HTTPStatusError, codes

    try:
        await client.request("DELETE", "/variables/{id}", path_params={"id": variable})
    except HTTPStatusError as error:
        if error.response.status_code != codes.NOT_FOUND:  # somebody else was faster
            raise


def refusal(name: str, other: Owner) -> str:
    """What a person is told who serves what another folder serves."""
    process = processes.parse(other.process)
    who = f"process {process.pid} in {other.place}" if process else other.place
    return (
        f"this Prefect server's {name} is served by {who}; end that one (if it has just ended, try again in two minutes), or use a server "
        "of your own (unset PREFECT_API_URL, with --port for another port)"
    )
