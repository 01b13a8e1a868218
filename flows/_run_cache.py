"""What DVC remembers of a stage that has run, and its remote: how results go from one machine to another.

An entry of the run cache is a stage's command, with the hashes of what it read and made. Whoever has the entry and the objects has the
result, byte for byte, and DVC brings it back as it would its own.
"""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.runtime.files import unfinished


@contextmanager
def reached() -> Iterator[None]:
    """What the library of a remote raises where that does not answer becomes a DvcException; each library has errors of its own."""
    from dvc.exceptions import DvcException

    try:
        yield
    except (DvcException, OSError):
        raise
    except Exception as error:
        raise DvcException(f"the DVC remote does not answer: {error}") from error


def pull(repo: Any) -> list[str]:
    """Bring all entries of the remote here, as `dvc repro --pull` does first. Returns what hindered it, in words."""
    from dvc.stage.cache import RunCacheNotSupported

    try:
        with reached():
            repo.stage_cache.pull(None)
    except RunCacheNotSupported as error:
        return [f"the remote's run cache was not read: {error}"]
    return []


def travels(stage: Any, upstream: Iterable[Any]) -> bool:
    """Whether a stage can run on another machine: DVC can remember its result, and all that it reads is in git or in DVC's cache."""
    if not stage.cmd or stage.frozen or stage.is_callback or stage.always_changed or not (stage.deps and stage.outs):
        return False
    here = [out for out in stage.outs if not out.use_cache and not (out.is_metric or out.is_plot)]
    if here or any(out.persist or out.protocol != "local" or not out.is_in_repo for out in stage.outs):
        return False
    if any(dep.protocol != "local" or not dep.def_path for dep in stage.deps):
        return False
    uncached = [out for other in upstream for out in other.outs if not out.use_cache]
    return not any(_touch(dep.fs_path, out.fs_path) for dep in stage.deps for out in uncached)


def inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or in it."""
    return Path(path).is_relative_to(folder)


def _touch(path: str, other: str) -> bool:
    return inside(path, other) or inside(other, path)


def entry(stage: Any) -> dict[str, Any]:
    """Command, and what was read and made with its hashes."""
    from dvc.stage.serialize import to_single_stage_lockfile

    return dict(to_single_stage_lockfile(stage))


def read(stage: Any) -> dict[str, Any]:
    """The part of `entry` that is known before it runs."""
    return {key: value for key, value in entry(stage).items() if key != "outs"}


def keep(repo: Any, stage: Any, found: dict[str, Any]) -> Path:
    """Put an entry into the run cache. Returns its file."""
    from dvc.stage.cache import _get_cache_hash, _get_stage_hash
    from dvc.utils.serialize import dump_yaml

    path = Path(repo.stage_cache._get_cache_path(_get_stage_hash(stage), _get_cache_hash(found)))
    with unfinished(path) as fresh:  # clones that share a cache may keep the same entry at once
        dump_yaml(str(fresh), found)
    return path


def push(repo: Any, stages: Iterable[Any]) -> None:
    """Send all that stages have made to the remote. Raises DvcException where it cannot be reached or something is missing here."""
    from dvc.exceptions import DvcException

    objects = {found for stage in stages for found in _objects(stage)}
    if not objects:
        return
    with reached():
        failed = repo.cloud.push(objects).failed
    if failed:
        raise DvcException(f"{len(failed)} files could not be sent to the DVC remote; is it reachable, and may this user write to it?")


def push_entry(repo: Any, path: Path) -> None:
    """Send one entry of the run cache to the remote."""
    from dvc.fs import generic

    there = repo.cloud.get_remote_odb(None, "push --run-cache", hash_name="md5-dos2unix")
    here = repo.cache.legacy
    target = there.fs.join(there.path, *path.relative_to(here.path).parts)
    with reached():
        there.fs.makedirs(there.fs.parent(target), exist_ok=True)
        generic.copy(here.fs, str(path), there.fs, target)


def ignores(stage: Any, upstream: Iterable[Any]) -> dict[str, str]:
    """By path from the project's root, each .gitignore that DVC wrote into a folder which the stage reads: DVC hashes it along."""
    root = Path(stage.repo.root_dir)
    paths = {Path(out.fs_path).parent / ".gitignore" for other in upstream for out in other.outs}
    read = {path for path in paths if path.is_file() and any(inside(str(path), dep.fs_path) for dep in stage.deps)}
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in sorted(read)}


def bring(repo: Any, stage: Any, upstream: Iterable[Any], ignored: dict[str, str]) -> None:
    """Bring what a stage reads of others' outputs from the remote into the workspace, and nothing else. ignored: see `ignores`.

    Folders that hold such outputs are emptied first of all that git does not have. Raises DvcException where the remote lacks something.
    """
    outs = [out.fs_path for other in upstream for out in other.outs]
    touched = [(dep.fs_path, out) for dep in stage.deps for out in outs if _touch(dep.fs_path, out)]
    wanted = {dep if inside(dep, out) else out for dep, out in touched}
    if holding := sorted({dep for dep, out in touched if not inside(dep, out)}):
        subprocess.run(["git", "clean", "-qfdx", "--", *holding], cwd=repo.root_dir, capture_output=True, text=True, check=True)
    if wanted:
        with reached():
            repo.pull(sorted(wanted), force=True)
    for path, text in ignored.items():
        Path(repo.root_dir, path).write_text(text, encoding="utf-8")


def _objects(stage: Any) -> set[Any]:
    found = {one for objects in stage.get_used_objs().values() for one in objects}
    return found | {out.hash_info for out in stage.outs if not out.use_cache and out.hash_info}
