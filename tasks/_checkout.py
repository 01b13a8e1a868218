"""A clean checkout of the project at one commit, in a folder that is gone afterwards: nothing that lies about in the working tree can help.

What DVC has made is taken from the project's own DVC cache and from its default remote, checked by hash on the way. `dvc` is run as a
program: no module of `tasks` imports it.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from tasks import _pins
from tasks.project import lockfile
from tasks.runtime.files import write_private

GIVEN = ("MALMOI_MIRROR", "DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR")  # of the environment, to commands
HERE = "project"  # name of the project's own cache as a remote of the checkout


@dataclass(frozen=True)
class Checkout:
    """folder: the files of `commit`, and what was made of them. root: the project that it is a clone of."""

    folder: Path
    root: Path
    commit: str

    @property
    def lock(self) -> Mapping[str, Any]:
        """Stages of dvc.lock as they are now: those of the commit until something is run."""
        return lockfile.stages(self.folder / lockfile.NAME)

    def run(self, *command: str) -> str:
        """Run a program in it. Returns what it printed. Raises ConfigError, with the end of what it said, where it fails."""
        given = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MALMOI_", "GIT_", "DVC_"))}
        given |= {"MALMOI_TRACKING": "off", "MALMOI_TOKEN_CACHE": "off", "DVC_NO_ANALYTICS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        given |= {name: value for name, value in os.environ.items() if name in GIVEN}
        given["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        done = subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-5:])
            raise ConfigError(f"{' '.join(command[:6])} failed in a clean checkout of {self.commit[:10]}:\n{said}")
        return done.stdout

    def dvc(self, *arguments: str) -> str:
        """Run DVC in it, as `run`."""
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def status(self, stage: str) -> dict[str, list[Any]]:
        """What DVC finds changed in `stage` and those before it, by stage; what is not there (yet) is not in it."""
        said = json.loads(self.dvc("status", "--json", "--with-deps", stage) or "{}")
        changes = {name: [_present(change) for change in found] for name, found in said.items() if isinstance(found, list)}
        return {name: kept for name, found in changes.items() if (kept := [change for change in found if change])}

    def bring(self, *paths: str) -> set[str]:
        """Take outputs (`out/train/NAME`) as the lock has them from the project's cache, or from the default remote.

        Returns those that are whole now; the others are nowhere to be had.
        """
        wanted = set(paths)
        for remote in (["--remote", HERE], []):
            if missing := sorted(wanted - self.whole(wanted)):
                with suppress(ConfigError):  # no default remote, or one that does not answer
                    self.dvc("pull", "--quiet", "--allow-missing", "--force", *remote, *missing)
        return self.whole(wanted)

    def whole(self, paths: Iterable[str]) -> set[str]:
        """Those of these outputs that are there, byte for byte as the lock has them."""
        known = {part["path"]: str(part.get("md5")) for stage in self.lock.values() for part in stage.get("outs", [])}
        there = {path for path in paths if (self.folder / path).is_dir() and path in known}
        return {path for path in there if _pins.of_folder(self.folder / path).md5 == known[path]}


@contextmanager
def checkout(root: Path, commit: str) -> Iterator[Checkout]:
    """A clean clone of the project at `commit`. Raises ConfigError where the commit is not in the repository."""
    with tempfile.TemporaryDirectory(prefix="malmoi-verify-") as name:
        made = Checkout(Path(name) / "project", root, commit)
        git(root, "clone", "--quiet", "--shared", "--no-checkout", ".", str(made.folder))
        git(made.folder, "checkout", "--quiet", "--detach", commit)
        settings = f"['remote \"{HERE}\"']\n    url = {cache(root)}\n    verify = true\n"
        write_private(made.folder / ".dvc" / "config.local", settings)
        yield made


def git(folder: Path, *arguments: str) -> str:
    """What git says. Raises ConfigError, with git's words, where it fails."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ConfigError(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def at(root: Path, commit: str, path: str) -> str:
    """Text of a file at a commit; "" where it is not there."""
    try:
        return git(root, "show", f"{commit}:{path}")
    except ConfigError:
        return ""


def blob(file: Path) -> str:
    """Git's name for the content of a file."""
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def hashes(stage: Mapping[str, Any], kinds: Sequence[str] = ("deps", "outs")) -> dict[str, str]:
    """{"deps.data/bills": md5, "outs.out/ingest/bills": md5, ...} of a stage in dvc.lock."""
    return {f"{kind}.{part['path']}": str(part.get("md5") or part.get("hash", "")) for kind in kinds for part in stage.get(kind, [])}


def cache(root: Path) -> Path:
    """The folder of the project's DVC cache, which is laid out as a remote is: DVC says where, since a person or a system may have set it.

    Raises ConfigError where DVC cannot say.
    """
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ConfigError(f"dvc cache dir: {done.stderr.strip() or done.stdout.strip()}")
    return Path(root, done.stdout.strip()).resolve()


def _present(change: Any) -> Any:
    """A change, less what DVC only misses."""
    if not isinstance(change, dict):
        return change  # "changed command"
    kept: dict[str, Any] = {}
    for kind, found in change.items():
        left = {path: how for path, how in found.items() if how not in ("deleted", "not in cache")} if isinstance(found, dict) else found
        kept |= {kind: left} if left else {}
    return kept
