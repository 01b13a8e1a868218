"""The folder that one trial has to itself: a clone of the project at the sweep's commit, with the same DVC cache, and what becomes of it.

What is in the cache is not made again: DVC's run cache is shared, too. Files come out of it as the project's `cache.type` says. A finished
trial becomes a DVC experiment: a commit on the sweep's commit, under a name in refs/exps/ of the project, as `dvc exp run` makes it
(`dvc.repo.experiments.refs`).
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import _settings
from malmoi.config import ConfigError
from tasks.runtime.files import write_private
from tasks.runtime.locks import lock

SCORES = "sweep"  # folder of an experiment's commit that says its score, for `dvc exp show`
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # what a git hook that starts a sweep would point to
SECTIONS = ("core", "cache", "state", "index", "feature", "plots", "exp", "parsing", "hydra")  # of DVC's local settings, without secrets
PLACE = ("url", "endpointurl", "region", "type", "port", "profile", "configpath", "credentialpath", "keyfile", "version_aware", "worktree")
LOGIN = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)  # name:password@ of an address
AUTHOR = {"user.name": "malmoi sweep", "user.email": "sweep@localhost"}  # where git knows nobody


@dataclass(frozen=True)
class Project:
    """Where a sweep belongs. root: DVC's root; top: git's; commit: what trials start from; settings: DVC's local ones that a trial gets."""

    root: Path
    top: Path
    commit: str
    settings: dict[str, Any]

    def place(self, folder: Path) -> Path:
        """DVC's root in a clone."""
        return folder / self.root.relative_to(self.top)

    def reference(self, name: str) -> str:
        """The git reference of an experiment."""
        return f"refs/exps/{self.commit[:2]}/{self.commit[2:]}/{name}"


def git(folder: Path, *arguments: str) -> str:
    """What a git command says. Raises ConfigError with its own words where it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise ConfigError(f"git {' '.join(arguments)} in {folder}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def project(commit: str = "") -> Project:
    """The project around the current folder. commit: what trials start from (default: HEAD).

    Raises ConfigError where there is no git commit yet, and DvcException where there is no DVC project.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        root = Path(repo.root_dir)
        settings = dict(repo.config.read("local"))
        cache = {**settings.get("cache", {}), "dir": repo.cache.local_cache_dir}
    top = Path(git(root, "rev-parse", "--show-toplevel"))
    if not git(root, "rev-list", "--max-count=1", "--all"):
        raise ConfigError(f"{top}: no commit yet, and trials start from one: git add and git commit first")
    found = commit or git(root, "rev-parse", "HEAD")
    return Project(root, top, found, {**settings, "cache": cache})


def gather(targets: Sequence[str]) -> None:
    """Raw data that the stages need goes into DVC's cache, as with any run, so that trials find it there; the workspace stays as it is.

    Raises ConfigError where it is neither there nor in the workspace as it is pinned, DvcException where a target does not exist.
    """
    from dvc.repo import Repo, lock_repo
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    with Repo() as repo, lock_repo(repo):
        plan = plan_repro(get_active_graph(repo.index.graph), collect_stages(repo, list(targets)))
        raw = [(stage, out) for stage in plan if not stage.cmd for out in stage.outs if out.use_cache and out.changed_cache()]
        for stage, out in raw:
            if not out.exists or out.changed_checksum():
                state = "differs from what it pins" if out.exists else "is not there"
                raise ConfigError(f"{stage.relpath}: {out} {state}, and DVC's cache does not have it; bring it back (fetch or dvc pull)")
            out.commit(relink=False)


def edited(project: Project, beside: Path) -> list[str]:
    """Tracked files that differ from the commit, without dvc.lock (which stages write) and the sweep file `beside`."""
    names = git(project.root, "diff", "--name-only", "--relative", "-z", project.commit, "--", ".").split("\0")
    return [name for name in names if name and Path(name).name != "dvc.lock" and (project.root / name).resolve() != beside.resolve()]


def lock_path(folder: Path) -> Path:
    """The lock file of a workspace, held by whoever makes it, works in it, or takes it away. Workspaces of one sweep lie side by side."""
    return folder.parent / "locks" / f"{folder.name}.lock"


def make(project: Project, folder: Path, values: dict[str, Any]) -> Path:
    """A new workspace in `folder` (an old one there goes) with these params. Returns DVC's root in it."""
    with lock(lock_path(folder), f"makes {folder}"):
        remove(folder)
        git(project.top, "clone", "--quiet", "--shared", "--no-checkout", "--no-tags", str(project.top), str(folder))
        git(folder, "checkout", "--quiet", "--detach", project.commit)
        root = project.place(folder)
        _configure(project, root)
        _settings.change(root, values)
        return root


def _configure(project: Project, root: Path) -> None:
    """DVC's own local settings, the project's cache, and a place for its notes about files that goes with the folder.

    A trial takes nothing from a remote, as it has the project's cache, so no credential is copied: a killed sweep leaves its folders there.
    """
    from configobj import ConfigObj  # type: ignore[import-untyped]

    settings = {name: options for name, options in project.settings.items() if name in SECTIONS}
    remotes = {name: _without_credentials(options) for name, options in project.settings.get("remote", {}).items()}
    config = ConfigObj({**settings, "remote": remotes})
    config.merge({"core": {"site_cache_dir": str(root / ".dvc/tmp/site")}})
    write_private(root / ".dvc/config.local", "\n".join(config.write()) + "\n")


def _without_credentials(remote: dict[str, Any]) -> dict[str, Any]:
    """Where a remote is, and no more."""
    return {key: LOGIN.sub(r"\1", str(value)) for key, value in remote.items() if key in PLACE}


def save(project: Project, folder: Path, name: str, said: dict[str, Any], kept: Sequence[str] = ()) -> str:
    """Make what a trial has left an experiment of the project. Returns its name.

    said: its score and number, which go into sweep/; kept: files below DVC's root that stages made and git is to hold. An experiment that
    has this name already is replaced.
    """
    root = project.place(folder)
    (root / SCORES).mkdir(exist_ok=True)
    (root / SCORES / "score.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (root / SCORES / "dvc.yaml").write_text("metrics:\n  - score.json\n", encoding="utf-8")
    git(folder, "add", "--update")
    fresh = git(folder, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    wanted = [path for path in fresh if Path(path).name in ("dvc.lock", ".gitignore")] + [str(root / path) for path in kept]
    git(folder, "add", "--force", "--", str(root / SCORES), *wanted)
    who = {key: _setting(project.top, key) or value for key, value in AUTHOR.items()}
    signed = [part for key, value in who.items() for part in ("-c", f"{key}={value}")]
    git(folder, *signed, "-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify", "--message", f"{name}: {json.dumps(said)}")
    commit, reference = git(folder, "rev-parse", "HEAD"), project.reference(name)
    git(project.top, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(folder), f"+{commit}:{reference}")
    return name


def _setting(top: Path, key: str) -> str:
    done = subprocess.run(["git", "config", key], cwd=top, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def forget(project: Project, name: str) -> None:
    """Take an experiment away, if it is there: of a trial that was killed before its score was noted."""
    git(project.top, "update-ref", "-d", project.reference(name))


def there(project: Project, prefix: str) -> list[str]:
    """Names of experiments that begin with `prefix`, of any commit."""
    names = git(project.top, "for-each-ref", "--format=%(refname)", "refs/exps/").splitlines()
    return sorted({name.rpartition("/")[2] for name in names if name.rpartition("/")[2].startswith(prefix)})


def remove(folder: Path, timeout: float | None = None) -> None:
    """Take a workspace away, if it is there. Links to data are not followed. Raises BusyError where a process works in it for so long."""
    with lock(lock_path(folder), f"removes {folder}", timeout):
        if folder.exists():
            shutil.rmtree(folder)
