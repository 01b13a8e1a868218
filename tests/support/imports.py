"""Which files of malmoi/ and tasks/ a stage runs: what it imports, in functions too, and the room members that it is told to find."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("malmoi", "tasks")
# What changes no result of a stage: reading settings, finding a member by its name, remembering tokens, progress, telling MLflow, locks and
# whole files.
INFRASTRUCTURE = {"malmoi/config.py", "malmoi/registry.py", "tasks/_cache.py", "tasks/_progress.py", "tasks/_tracking.py"} | {
    f"tasks/runtime/{name}.py" for name in ("locks", "files", "processes", "output")
}


def closure(start: str, members: Mapping[str, str]) -> set[str]:
    """Paths of all files that running `start` may import, itself included, without infrastructure and what that imports.

    members: of each room the members, with spaces between, that `registry.find(room, ...)` is asked for here. What it is asked for by a
    name in the code is found without.
    """
    waiting, found = [start], set()
    while waiting:
        path = waiting.pop()
        if path in found or path in INFRASTRUCTURE:
            continue
        found.add(path)
        waiting += imported(path)
        asked = [(room, name or members.get(room, "")) for room, name in searched(path)]
        waiting += [f"malmoi/{room}/{name}.py" for room, names in asked for name in names.split()]
    return found


@cache
def imported(path: str) -> list[str]:
    """Files of the project that a file imports directly. Not what is there for type checking only, nor packages without code."""
    names = [name for node in _nodes(_parse(path)) for name in _names(node)]
    files = [Path(*name.split(".")) for name in names if name.split(".")[0] in PACKAGES]
    return [str(file) for name in files for file in (name.with_suffix(".py"), name / "__init__.py") if _has_code(ROOT / file)]


@cache
def searched(path: str) -> list[tuple[str, str]]:
    """(room, member) of a file's calls of `registry.find`; the member is "" where it is no name in the code but a setting."""
    calls = [node for node in ast.walk(_parse(path)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "registry.find"]
    return [(ast.literal_eval(room), name.value if isinstance(name, ast.Constant) else "") for room, name in (call.args for call in calls)]


def _parse(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _nodes(child)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _has_code(file: Path) -> bool:
    return file.is_file() and (file.name != "__init__.py" or len(ast.parse(file.read_text(encoding="utf-8")).body) > 1)
