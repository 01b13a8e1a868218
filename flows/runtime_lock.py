"""`python -m flows.runtime_lock`: requirements-run.lock, what of requirements.lock is needed to run: no tests, linters or type hints.

The image of deploy/ is made from it. What a package needs is read from the packages that are installed, which must be those of the lock
(`make setup`); a package for another system or Python, which is not installed, is kept where one that is kept may ask for it there.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from malmoi.config import ConfigError
from tasks.runtime import output
from tasks.runtime.files import write_whole

ROOT = Path(__file__).resolve().parents[1]
LOCK, RUN = "requirements.lock", "requirements-run.lock"
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
SYSTEMS = (
    ("linux", "Linux", "posix", "x86_64"),
    ("linux", "Linux", "posix", "aarch64"),
    ("darwin", "Darwin", "posix", "arm64"),
    ("win32", "Windows", "nt", "AMD64"),
    ("emscripten", "Emscripten", "posix", "wasm32"),
)
PYTHONS = ("3.11.2", "3.11.14", "3.12.9", "3.13.5")


def entries(lock: str) -> dict[str, tuple[str, str]]:
    """Version and text, with its hashes, of each package of a lock.

    >>> entries("a==1 ; os_name == 'nt' \\\\\\n    --hash=sha256:00\\nB.c==2\\n")
    {'a': ('1', "a==1 ; os_name == 'nt' \\\\\\n    --hash=sha256:00\\n"), 'b-c': ('2', 'B.c==2\\n')}
    """
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if entry := ENTRY.match(line):
            name = canonicalize_name(entry["name"])
            found[name] = (entry["version"], "")
        if name:
            found[name] = (found[name][0], found[name][1] + line)
    return found


def runtime(lock: dict[str, tuple[str, str]], asked: list[Requirement]) -> set[str]:
    """Names of the packages that `asked` comes to. Raises ConfigError where an installed package is not the lock's."""
    waiting = [(str(canonicalize_name(one.name)), frozenset(one.extras)) for one in asked]
    seen = set[tuple[str, frozenset[str]]]()
    while waiting:
        name, extras = one = waiting.pop()
        if one in seen or name not in lock:  # not in the lock: for none of the systems that it is for
            continue
        seen.add(one)
        waiting += _needed(name, lock[name][0], extras)
    return {name for name, _ in seen}


def _needed(name: str, version: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    try:
        installed = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    if installed.version != version:
        raise ConfigError(f"{LOCK} has {name} {version}, but {installed.version} is installed: make setup, then again")
    for text in installed.requires or []:
        requirement = Requirement(text)
        if _anywhere(requirement, extras):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def _anywhere(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Whether it holds on one of the systems and Pythons that the lock is for."""
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate(
            {
                "extra": extra,
                "sys_platform": system[0],
                "platform_system": system[1],
                "os_name": system[2],
                "platform_machine": system[3],
                "python_version": ".".join(python.split(".")[:2]),
                "python_full_version": python,
            }
        )
        for extra in ("", *extras)
        for system in SYSTEMS
        for python in PYTHONS
    )


def made(root: Path = ROOT) -> str:
    """The text of requirements-run.lock."""
    lock = entries((root / LOCK).read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = runtime(lock, [Requirement(one) for one in project["dependencies"]])
    return "".join(text for name, (_, text) in lock.items() if name in names)


def main() -> int:
    """Write it. Returns 1 where another lock is installed."""
    try:
        text = made()
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_whole(ROOT / RUN, text)
    print(f"{RUN}: {len(entries(text))} of {len(entries((ROOT / LOCK).read_text(encoding='utf-8')))} packages of {LOCK}")
    return 0


if __name__ == "__main__":
    sys.exit(output.run(main))
