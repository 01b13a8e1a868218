"""DVC's file of who reads and writes what (.dvc/tmp/rwlock), written once for a stage instead of some forty times.

`Stage.reproduce` locks what the stage reads and writes, and nearly every method that it calls locks the same again, for which DVC reads,
checks and writes the whole file each time. What a thread holds already needs no second entry: nobody else can have taken it meanwhile.
"""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_mine = threading.local()  # held: of each lock that this thread is in, (what it may read, what it may write)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, DVC's `rwlock` does nothing where this thread holds all that is asked for; process-wide."""
    from dvc import rwlock as module

    theirs = module.rwlock

    @contextmanager
    def ours(*given: Any) -> Iterator[None]:
        read, write = given[3:5]  # after folder, file system and command; last comes how the file is guarded
        held: list[tuple[set[str], set[str]]] = _mine.__dict__.setdefault("held", [])
        writable = {path for _, paths in held for path in paths}
        readable = writable | {path for paths, _ in held for path in paths}
        if held and readable.issuperset(read) and writable.issuperset(write):
            yield
            return
        with theirs(*given):
            held.append((set(read), set(write)))
            try:
                yield
            finally:
                held.pop()

    module.rwlock = ours
    try:
        yield
    finally:
        module.rwlock = theirs


@contextmanager
def reading(repo: Any, stages: Iterable[Any]) -> Iterator[None]:
    """Hold all that stages read and have made, for whoever only looks. Raises LockError where another process writes some of it."""
    from dvc import rwlock as module
    from dvc.dependency.db import AbstractDependency
    from dvc.dependency.repo import RepoDependency

    items = (item for stage in stages for item in (*stage.deps, *stage.outs))
    paths = sorted({item.fs_path for item in items if not isinstance(item, RepoDependency | AbstractDependency)})
    hardlink = repo.config["core"].get("hardlink_lock", False)
    with module.rwlock(repo.tmp_dir, repo.fs, " ".join(sys.argv), paths, [], hardlink):
        yield
