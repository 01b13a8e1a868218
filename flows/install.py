"""`python3 flows/install.py`: makes .venv and installs what requirements.lock pins, every file checked against its hash.

Runs before anything is installed, so it uses the standard library only and imports nothing of this project. Does nothing where the lock has
not changed since the last time: .venv keeps a copy of the lock that it was made from. An old Python must get far enough in this file to be
told that it is old: the newest syntax here is that of 3.8.
"""

import fcntl
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "requirements.lock"
LOG = VENV / "install.log"
LOWEST, BEYOND = (3, 11), (3, 14)
TAIL = 15


def main() -> int:
    """Returns the exit status."""
    wrong = problem(sys.version_info[:2], _importable("ensurepip"))
    if wrong:
        print("error: " + wrong, file=sys.stderr)
        return 1
    if up_to_date():
        return 0
    with _alone():
        return _install()


@contextmanager
def _alone() -> "Iterator[None]":
    """One installation at a time: a second `make` waits, and then finds everything there."""
    with open(str(ROOT / ".venv.lock"), "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("waiting for another make, which installs the environment", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install() -> int:
    if up_to_date():
        return 0
    begin = time.monotonic()
    if not (VENV / "bin" / "python").exists() or not (VENV / "bin" / "pip").exists():
        print(f"making {VENV.name} with Python {sys.version.split()[0]}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    status = install()
    if status:
        return status
    STAMP.write_bytes(LOCK.read_bytes())
    print(f"installed in {time.monotonic() - begin:.0f} s", flush=True)
    return 0


def problem(version: "tuple[int, int]", has_ensurepip: bool) -> str:
    """What is wrong with this Python, and the cure; "" where nothing is.

    >>> problem((3, 9), True)[:35]
    'Python 3.9 cannot run this: 3.11 to'
    """
    if not LOWEST <= tuple(version) < BEYOND:
        return "Python {}.{} cannot run this: 3.11 to 3.13 is needed; say which with: make PYTHON=/path/to/python3.12".format(*version)
    if not has_ensurepip:
        return "this Python has no ensurepip, so it cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"
    return ""


def up_to_date() -> bool:
    """Whether .venv was made from the lock as it is now."""
    return STAMP.exists() and STAMP.read_bytes() == LOCK.read_bytes() and (VENV / "bin" / "python").exists()


def pinned(lock: str) -> int:
    """How many packages a lock names.

    >>> pinned("a==1 \\\\\\n    --hash=sha256:00\\nb==2 ; sys_platform == 'linux' \\\\\\n    --hash=sha256:11\\n")
    2
    """
    return sum(1 for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#")))


def install() -> int:
    """Run pip, with a line of progress. Returns its exit status; where it is not 0, the end of its log has been shown.

    Bytecode is not compiled here: Python does that for the few modules that a stage imports, when it first does.
    """
    options = ["--require-hashes", "--no-deps", "--no-compile", "--progress-bar", "off", "--disable-pip-version-check"]
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", *options, "-r", str(LOCK)]
    total = pinned(LOCK.read_text(encoding="utf-8"))
    print(f"installing up to {total} packages (about 1.5 GB with what they unpack to); pip's own words are in {LOG.relative_to(ROOT)}")
    with open(LOG, "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _watch(process, total)
        finally:
            process.terminate()
            process.wait()
    if process.returncode:
        lines = LOG.read_text(encoding="utf-8").splitlines()[-TAIL:]
        print("\n".join(["error: pip could not install what requirements.lock names:", *lines]), file=sys.stderr)
    return process.returncode


def _watch(process: "subprocess.Popen[bytes]", total: int) -> None:
    last = ""
    live = sys.stdout.isatty()
    while process.poll() is None:
        time.sleep(0.5)
        said = LOG.read_text(encoding="utf-8", errors="replace")
        fetched = said.count("\nCollecting ") + said.startswith("Collecting ")
        placed = len(list(VENV.glob("lib/python*/site-packages/*.dist-info")))
        now = f"  {placed} of {total} unpacked" if "\nInstalling collected" in said else f"  {fetched} of {total} fetched"
        if now != last and (live or int(now.split()[0]) // 50 != int((last.split() or ["-50"])[0]) // 50):
            print("\r" + now + " " if live else now, end="" if live else "\n", flush=True)
            last = now
    if live:
        print()


def _importable(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads what it prints: as tasks.runtime.output, which needs a newer Python
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    sys.exit(status)
