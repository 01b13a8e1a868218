"""Whether a Dask scheduler may be spoken to, and with which certificates.

Whoever speaks to a scheduler or a worker runs code there. So `tls://` is the rule: both sides show a certificate of the team's own
authority (`python -m flows.certificates`), and refuse whoever has none. `tcp://`, without any of it, is for this machine alone, unless
MALMOI_PLAIN_TCP says that the network may be trusted.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError

FOLDER = "MALMOI_CERTIFICATES"  # ca.pem, and ROLE.pem and ROLE.key of what runs here
PLAIN = "MALMOI_PLAIN_TCP"
YES = ("1", "yes", "true", "on")
ENCRYPTED = ("tls", "wss")


def of(url: str, role: str) -> Any:
    """Dask's Security for a connection to `url`, None for plain TCP. role: "client" or "worker".

    Raises ConfigError where plain TCP leaves this machine, or a certificate is not there or others may read its key.
    """
    from distributed.security import Security

    protocol = url.partition("://")[0].lower() if "://" in url else "tcp"
    if protocol not in ENCRYPTED:
        _check_plain(url)
        return None
    folder = os.environ.get(FOLDER)
    if folder:
        return Security(require_encryption=True, **_files(Path(folder).resolve(), role))
    security = Security(require_encryption=True)  # as Dask's own settings say (DASK_DISTRIBUTED__COMM__TLS__...)
    if not security.tls_ca_file:
        raise ConfigError(f"{url}: {FOLDER} must say in which folder the certificates are (python -m flows.certificates makes them)")
    return security


def _check_plain(url: str) -> None:
    if is_here(url) or os.environ.get(PLAIN, "").lower() in YES:
        return
    raise ConfigError(
        f"{url}: without TLS whoever is in that network can run code here and there. Use tls:// (python -m flows.certificates makes what "
        f"it needs), or say that the network may be trusted: {PLAIN}=yes"
    )


def is_here(url: str) -> bool:
    """Whether an address is one that only this machine reaches.

    >>> is_here("tcp://127.0.0.1:8786"), is_here("localhost:8786"), is_here("tcp://[::1]:8786"), is_here("tcp://10.0.0.5:8786")
    (True, True, True, False)
    """
    place = url.partition("://")[2] or url
    host = place[1:].partition("]")[0] if place.startswith("[") else place.rpartition(":")[0] or place
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _files(folder: Path, role: str) -> dict[str, str]:
    """The arguments of Security: one certificate for all that this process is, as a worker is a client of the scheduler, too."""
    paths = {"ca_file": folder / "ca.pem", "cert": folder / f"{role}.pem", "key": folder / f"{role}.key"}
    for path in paths.values():
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; {FOLDER} names a folder that needs ca.pem, {role}.pem and {role}.key")
    if paths["key"].stat().st_mode & 0o077:
        raise ConfigError(f"{paths['key']}: others may read this key: chmod 600 {paths['key']}")
    kinds = ("client", "worker", "scheduler")
    sides = {f"tls_{kind}_{part}": str(paths[part]) for kind in kinds for part in ("cert", "key")}
    return {"tls_ca_file": str(paths["ca_file"]), **sides}
