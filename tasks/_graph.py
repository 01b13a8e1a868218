"""What is in the graph: the entries of the params files that `vars:` in dvc.yaml lists, as DVC merges them for its stages."""

from pathlib import Path
from typing import Any

from malmoi.config import ConfigError, load


def experiments(graph: Path) -> set[str]:
    """Names of all experiments that `graph` (dvc.yaml) switches on.

    Raises ConfigError as `entries` does, and where no experiment is switched on.
    """
    names = entries(graph, "experiments")
    if not names:
        raise ConfigError(f"{graph}: no file that `vars:` lists has experiments; switch some on: python -m tasks enable NAME")
    return names


def entries(graph: Path, table: str) -> set[str]:
    """Names of all entries of a table ("tokens", "intrinsic", ...) that `graph` switches on; its paths are relative to its folder.

    Raises ConfigError where a listed file is missing or broken.
    """
    return {str(name) for item in load(graph).get("vars") or [] for name in _table(graph.parent, item, table)}


def _table(folder: Path, item: str | dict[str, Any], table: str) -> dict[str, Any]:
    """A table of an entry of `vars:`, which is a path, a path with the tables to take (`file.yaml:tokens`), or tables."""
    if isinstance(item, dict):
        return item.get(table) or {}
    path, _, taken = item.partition(":")
    tables = load(folder / path)
    return tables.get(table) or {} if not taken or table in taken.split(",") else {}
