"""Which experiments are in the graph: those of the params files that `vars:` in dvc.yaml lists, as DVC merges them for its stages."""

from pathlib import Path
from typing import Any

from malmoi.config import ConfigError, load


def experiments(graph: Path) -> set[str]:
    """Names of all experiments that `graph` (dvc.yaml) switches on; its paths are relative to its folder.

    Raises ConfigError where a listed file is missing or broken, and where no experiment is switched on.
    """
    names = {str(name) for item in load(graph).get("vars") or [] for name in _table(graph.parent, item)}
    if not names:
        raise ConfigError(f"{graph}: no file that `vars:` lists has experiments; switch some on: python -m tasks enable NAME")
    return names


def _table(folder: Path, item: str | dict[str, Any]) -> dict[str, Any]:
    """Table `experiments` of an entry of `vars:`, which is a path, a path with the tables to take (`file.yaml:tokens`), or tables."""
    if isinstance(item, dict):
        return item.get("experiments") or {}
    path, _, taken = item.partition(":")
    tables = load(folder / path)
    return tables.get("experiments") or {} if not taken or "experiments" in taken.split(",") else {}
