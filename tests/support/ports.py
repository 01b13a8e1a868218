"""Ports for the servers that tests start."""

import socket

HELD: list[socket.socket] = []  # for as long as this process lives


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens, and which nobody else is given: not another test, nor one that runs beside this one.

    It stays bound here, without listening. The system gives such a port to nobody who asks for any; a server that names it may listen at it
    all the same if it wants to reuse addresses (SO_REUSEADDR), as all that tests start do.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    HELD.append(held)
    return int(held.getsockname()[1])
