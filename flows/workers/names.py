"""Names of workers, which say where they run: containers may share a machine's name, so its PID namespace is part of them."""

import hashlib
import re
import socket
import uuid

from tasks.runtime import processes


def new() -> str:
    """A name for a worker in this process: HOST-PID-PLACE, and digits that no other has."""
    return f"{socket.gethostname()}-{processes.identify().pid}-{_place()}{uuid.uuid4().hex[:4]}"


def here(name: str) -> bool:
    """Whether a worker of that name runs on this machine, and in this container where this is one.

    >>> here(new()), here("another-7-0123abcd")
    (True, False)
    """
    return bool(re.fullmatch(rf"{re.escape(socket.gethostname())}-\d+-{_place()}[0-9a-f]{{4}}", name))


def _place() -> str:
    me = processes.identify()
    return hashlib.sha256(f"{me.boot}:{me.namespace}".encode()).hexdigest()[:4]
