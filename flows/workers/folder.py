"""The clone that a worker works in: its own, since it checks out one commit after another and overwrites what lies there.

A worker's clone is one that `prepare` made, or that a person has handed over (`adopt`). Both leave a mark in `.git`, so that the mark is
never committed, cloned or cleaned away. It names the folder, so a copy of the folder is not marked. A clone without it is a person's and
stays as it is.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from malmoi.config import ConfigError
from tasks.runtime.files import UNFINISHED, write_whole
from tasks.runtime.locks import lock

MARK = "malmoi-worker"  # file in .git; its first line is the folder that it marks
WORDS = "a worker works here: it checks out commits by force, so nobody else should\n"
ANOTHER = "give the worker a clone of its own, which it makes: --folder ../malmoi-worker"
SPARE = (".venv", ".dvc", ".cache", ".malmoi", ".mypy_cache", ".ruff_cache", ".pytest_cache")  # ignored by git, and no loss


def prepare(folder: Path, repository: str) -> None:
    """Have a worker's clone in `folder`: clone `repository` where nothing is there yet. The clone appears whole or not at all.

    Raises ConfigError where something else is there, or git cannot clone.
    """
    folder = Path(os.path.abspath(folder))
    if folder.is_dir() and any(folder.iterdir()):
        return check(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}{UNFINISHED}")
    try:
        _git(folder.parent, "clone", "--quiet", repository, str(unfinished))
        _git_folder(unfinished)
        _write_mark(unfinished, folder)
        unfinished.rename(folder)  # an empty folder gives way
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def adopt(folder: Path) -> None:
    """Make a clone a worker's; one that is stays as it is. Raises ConfigError where it is no clone, or holds work that is nowhere else."""
    if _marked(folder):
        return
    state = _git(folder, "status", "--porcelain", "--ignored").splitlines()
    if changed := [line for line in state if not line.startswith("!!")]:
        raise ConfigError(f"{folder}: these files are not committed, and a worker would overwrite them: {_few(changed)}; commit them")
    if ignored := [line[3:] for line in state if not _spare(line[3:])]:
        raise ConfigError(f"{folder}: git ignores these files, and a worker would overwrite them: {_few(ignored)}; {ANOTHER}")
    local = _git(folder, "log", "HEAD", "--branches", "--not", "--remotes", "--oneline").splitlines()
    if local or _git(folder, "stash", "list"):
        what = _few(local) if local else "what is stashed (git stash list)"
        raise ConfigError(f"{folder}: these commits are in no other repository: {what}; push them, or {ANOTHER}")
    _write_mark(folder, folder)


def check(folder: Path) -> None:
    """Raise ConfigError where a folder is no worker's clone, with what to do."""
    if not _marked(folder):
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
    found = ""
    with contextlib.suppress(ConfigError):
        found = _git(folder, "remote", "get-url", "origin")
    beside = folder / found
    return str(beside.resolve()) if not found or beside.exists() else found  # a path may be relative to the clone


def _write_mark(clone: Path, folder: Path) -> None:
    """Mark a clone as what lies, or will lie, in `folder`."""
    write_whole(_git_folder(clone) / MARK, f"{folder.resolve()}\n{WORDS}")


def _marked(folder: Path) -> bool:
    file = _git_folder(folder) / MARK
    return file.is_file() and file.read_text(encoding="utf-8").split("\n")[0] == str(folder.resolve())


def _spare(path: str) -> bool:
    parts = Path(path).parts
    return parts[0] in SPARE or "__pycache__" in parts


def _git_folder(folder: Path) -> Path:
    """Git's own folder of the clone of the project whose top is `folder`."""
    if not ((folder / ".git").exists() and (folder / ".dvc").is_dir()):
        raise ConfigError(f"{folder}: no clone of the project; a worker makes one of its own: --folder DIR, with --repository URL")
    return folder / _git(folder, "rev-parse", "--git-dir")


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise ConfigError(f"git {arguments[0]} in {folder}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.rstrip()


def _few(lines: Sequence[str]) -> str:
    first = [line.strip() for line in lines[:3]]
    return ", ".join(first) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")
