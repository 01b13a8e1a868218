"""The clone that a worker works in: its own, since it checks out one commit after another and overwrites what lies there.

A worker's clone is one that `prepare` made, or that a person has handed over (`adopt`). Both leave a mark in `.git`, so that the mark is
never committed, cloned or cleaned away. A clone without it is a person's and stays as it is.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from malmoi.config import ConfigError
from tasks.runtime.locks import lock

MARK = "malmoi-worker"  # file in .git
WORDS = "a worker works here: it checks out commits by force, so nobody else should\n"


def prepare(folder: Path, repository: str) -> None:
    """Have a worker's clone in `folder`: clone `repository` where nothing is there yet. The clone appears whole or not at all.

    Raises ConfigError where something else is there, or git cannot clone.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return check(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}.unfinished")
    try:
        _git(folder.parent, "clone", "--quiet", repository, str(unfinished))
        _write_mark(unfinished)
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def adopt(folder: Path) -> None:
    """Make a clone a worker's. Raises ConfigError where it is none, or holds work that is nowhere else."""
    _git_folder(folder)
    if changed := _git(folder, "status", "--porcelain"):
        raise ConfigError(f"{folder}: these files are not committed, and a worker would overwrite them: {_few(changed)}; commit them")
    local = _git(folder, "log", "--branches", "--not", "--remotes", "--oneline")
    if local or _git(folder, "stash", "list"):
        what = _few(local) if local else "what is stashed (git stash list)"
        raise ConfigError(f"{folder}: these commits are in no other repository: {what}; push them, or give the worker a clone of its own")
    _write_mark(folder)


def check(folder: Path) -> None:
    """Raise ConfigError where a folder is no worker's clone, with what to do."""
    if not (_git_folder(folder) / MARK).is_file():
        raise ConfigError(
            f"{folder}: this is a person's clone: a worker would overwrite what is not committed. Give it one of its own, which it makes: "
            "--folder ../malmoi-worker; or hand this one over, where nothing in it is needed: --adopt"
        )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a worker's clone while inside. Raises BusyError where another worker works in it, ConfigError where it is no worker's."""
    check(folder)
    with lock(_git_folder(folder) / f"{MARK}.lock", f"a worker works in {folder}", timeout=0):
        yield


def origin(folder: Path) -> str:
    """The repository that a clone is of, to make another one of: its remote `origin`, else itself. Raises ConfigError where it is none."""
    _git_folder(folder)
    with contextlib.suppress(ConfigError):
        return _git(folder, "remote", "get-url", "origin")
    return str(folder.resolve())


def _write_mark(folder: Path) -> None:
    (_git_folder(folder) / MARK).write_text(WORDS, encoding="utf-8")


def _git_folder(folder: Path) -> Path:
    """Git's own folder of the clone whose top is `folder`."""
    if not (folder / ".git").exists():
        raise ConfigError(f"{folder}: no clone of the project; a worker makes one of its own: --folder DIR, with --repository URL")
    return folder / _git(folder, "rev-parse", "--git-dir")


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise ConfigError(f"git {arguments[0]} in {folder}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.rstrip()


def _few(lines: str) -> str:
    first = [line.strip() for line in lines.splitlines()]
    return ", ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")
