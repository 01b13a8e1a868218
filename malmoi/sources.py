"""Which files of `malmoi/` a file runs: its imports, those inside functions too, and theirs. Their digest is the code of what they made."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEUTRAL = {"malmoi/config.py", "malmoi/registry.py"}  # reading settings and finding a member by its name change no result


def digest(*starts: str, root: Path = ROOT) -> str:
    """(64 hex digits) SHA-256 of these files and of all that they import from `malmoi/`, names included; `starts` as of `closure`."""
    whole = hashlib.sha256()
    for name in sorted(closure(*starts, root=root)):
        content = (root / name).read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def closure(*starts: str, root: Path = ROOT) -> set[str]:
    """Files that running `starts` ("malmoi/models/linear.py") may import, themselves included, without NEUTRAL ones. root: the folder that
    holds `malmoi/`.

    Raises FileNotFoundError where a start is not there.

    >>> "malmoi/models/_network/network.py" in closure("malmoi/models/recurrent.py")
    True
    """
    waiting, found = list(starts), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found | NEUTRAL:
            found.add(name)
            waiting += _imported(root, name)
    return found


def _imported(root: Path, name: str) -> list[str]:
    tree = ast.parse((root / name).read_bytes())
    modules = (module.replace(".", "/") for node in ast.walk(tree) for module in _modules(node))
    files = [file for module in modules for file in (f"{module}.py", f"{module}/__init__.py")]
    return [file for file in files if (root / file).is_file()]


def _modules(node: ast.AST) -> Iterator[str]:
    """Names under `malmoi` that an import statement may mean: `from malmoi.models import bag` means malmoi.models and a file in it."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    else:
        names = []
    yield from (name for name in names if name.split(".")[0] == "malmoi")
