"""Where a run comes from, as tags: the git commit, and the DVC hashes of what its training read and wrote."""

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tasks import _runs, _tracking
from tasks.project import lockfile


def locks(out: Path) -> Mapping[str, Any]:
    """Stages of dvc.lock beside `out`; {} where there is none."""
    return lockfile.stages(out.resolve().parent / lockfile.NAME)


def tags(run: _runs.Run, locks: Mapping[str, Any]) -> dict[str, str]:
    """Tags that lead back: the command, the DVC hashes of what training read and wrote."""
    stage = locks.get(f"train@{run.name}", {})
    hashes = {
        f"dvc.{kind}.{part['path']}": str(part.get("md5") or part.get("hash", ""))
        for kind in ("deps", "outs")
        for part in stage.get(kind, [])
    }
    return hashes | {"mlflow.source.name": f"dvc repro train@{run.name}", "mlflow.source.type": "PROJECT"}


@cache
def commit() -> dict[str, str]:
    """Git commit of the project and whether the working tree differs from it; {} where there is no commit."""
    try:
        head = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!champions")  # who stands changes no model
        return {"mlflow.source.git.commit": head, "malmoi.dirty": str(bool(changed)).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {}


def commit_with(hashed: str) -> dict[str, str]:
    """The first git commit whose dvc.lock has something with this DVC hash; {} where there is none."""
    try:
        found = _git("log", "--reverse", "--format=%H", f"-S{hashed}", "--", "dvc.lock").split()
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"mlflow.source.git.commit": found[0], "malmoi.dirty": "false"} if found else {}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=_tracking.ROOT, capture_output=True, text=True, check=True).stdout.strip()
