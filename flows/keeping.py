"""What a run writes into files that git keeps: dvc.lock and .gitignore, in the order in which `dvc repro` would have written them.

DVC writes the whole of dvc.lock anew for each stage, not atomically, and appends what is new; side by side, that would be the order in
which stages happen to end. Here stages are written in groups, under a name of their own that is then moved into place, and what is new is
in the order of the plan. A journal says what was there before, so that a run that fails or is killed, and is started again, ends with the
same bytes.
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LAG = 1.0  # seconds for which finished stages may wait to be written together, at least
SHARE = 20  # at most one part in so many of the time goes into writing


class Keeper:
    """Writes for one run. `plan`: its stages in order. Only whoever has a turn may call it."""

    def __init__(self, repo: Any, plan: Sequence[Any]) -> None:
        self._repo = repo
        self._place = {(stage.path, getattr(stage, "name", None)): number for number, stage in enumerate(plan)}
        self._ignored = _entries(repo, plan)
        self._journal = Path(repo.tmp_dir) / "malmoi-order.json"
        self._before: dict[str, list[str]] = _load(self._journal)
        self._begun = bool(self._before)  # a run that did not come to its end
        self._due: list[Any] = []
        self._written, self._cost = time.monotonic(), 0.0
        for path in self._ignored:
            self._before.setdefault(path, _lines(path))
        self._replace(self._journal, json.dumps(self._before))

    def add(self, stage: Any) -> None:
        """A stage is done: it will be written soon. What it added to a .gitignore is put in order now: that file is part of a folder that
        another stage may read."""
        for path in {str(Path(out.fspath).with_name(".gitignore")) for out in stage.outs} & set(self._ignored):
            self._sort_ignored(path)
        self._due.append(stage)
        self._begun = True
        if self.late:
            self.write()

    @property
    def late(self) -> bool:
        """Whether something has waited for so long that it should be written now."""
        return bool(self._due) and time.monotonic() - self._written >= max(LAG, SHARE * self._cost)

    def write(self) -> None:
        """Write all that is due."""
        begin = time.monotonic()
        files: dict[str, list[Any]] = {}
        for stage in self._due:
            files.setdefault(stage.path, []).append(stage)
        self._due = []
        for path, stages in files.items():
            self._dump(path, stages)
        self._written = time.monotonic()
        self._cost = self._written - begin

    def close(self, complete: bool) -> None:
        """Write the rest. complete: all of the plan is up to date; else the journal stays, for the run that goes on from here."""
        self.write()
        if complete or not self._begun:
            self._journal.unlink(missing_ok=True)

    def _dump(self, path: str, stages: list[Any]) -> None:
        file = stages[0].dvcfile
        if not hasattr(file, "_lockfile"):  # a .dvc file, which has one stage
            file.dump_stages(stages, update_pipeline=False)
            return
        from dvc.stage.serialize import to_lockfile
        from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

        lock = Path(file._lockfile.path)
        data: Any = parse_yaml_for_update(lock.read_text(encoding="utf-8"), str(lock)) if lock.exists() else {}
        data = data or {"schema": "2.0"}
        known = data.setdefault("stages", {})
        before = self._note(str(lock), known)
        for stage in stages:
            known.update(to_lockfile(stage))
        self._sort(known, before, path)
        self._replace(lock, dumps_yaml(data))
        self._repo.scm_context.track_file(file._lockfile.relpath)

    def _sort(self, known: Any, before: list[str], path: str) -> None:
        """Names that were there first, then new ones in the order of the plan."""
        there = set(before)
        old = [name for name in before if name in known]
        new = [name for name in known if name not in there]
        order = [*old, *sorted(new, key=lambda name: self._place.get((path, name), len(self._place)))]
        if order != list(known):
            for name in order:
                known[name] = known.pop(name)

    def _note(self, path: str, names: Iterable[str]) -> list[str]:
        """What was in the file before the run, or before the one that was killed."""
        if path not in self._before:
            self._before[path] = list(names)
            self._replace(self._journal, json.dumps(self._before))
        return self._before[path]

    def _replace(self, path: Path, text: str) -> None:
        """Write a file whole or not at all; what is unfinished stays in DVC's own folder, which git does not see."""
        fresh = self._journal.with_name(f"{self._journal.name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)

    def _sort_ignored(self, path: str) -> None:
        """Lines that DVC has appended, in the order of the plan."""
        lines, before, places = _lines(path), set(self._before[path]), self._ignored[path]
        new = [line for line in lines if line not in before and line in places]
        if new != (ordered := sorted(new, key=places.__getitem__)):
            rest = [line for line in lines if line in before or line not in places]
            self._replace(Path(path), "".join(f"{line}\n" for line in [*rest, *ordered]))


def _entries(repo: Any, plan: Sequence[Any]) -> dict[str, dict[str, int]]:
    """For every .gitignore that DVC may write to, the lines it may add and their order. Empty where there is no git."""
    from pathspec.patterns import GitWildMatchPattern

    found: dict[str, dict[str, int]] = {}
    if not hasattr(repo.scm, "_get_gitignore"):
        return found
    outs = [out for stage in plan for out in stage.outs if out.use_scm_ignore]
    for place, out in enumerate(outs):
        entry, path = repo.scm._get_gitignore(out.fspath)
        found.setdefault(path, {})[GitWildMatchPattern.escape(entry)] = place
    return found


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _load(journal: Path) -> dict[str, list[str]]:
    try:
        return dict(json.loads(journal.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
