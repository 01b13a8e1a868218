"""The checks behind test_house_rules.py: each takes a file and gives what breaks its rule, so that each can be tried on a bad example."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LINES, FUNCTION, NESTING, PARAMETERS = 300, 40, 2, 5  # 200 lines are the aim; a concept is not cut to fit
ROOMS = ("corpora", "tokenizers", "features", "models")
JOINERS = {"predictor", "page", "batches"}  # and nobody else brings rooms together
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "tools", "lib", "core"}
PICKLES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
ORDER = ("malmoi", "tasks", "flows")  # a package imports itself and those before it

# Where a heavy package may be imported: the start of a path. The table of DESIGN.md, section 1.
HEAVY = {
    "tensorflow": ("malmoi/models/", "malmoi/features/_elmo_training.py", "malmoi/bilm.py"),
    "keras": ("malmoi/models/", "malmoi/features/_elmo_training.py", "malmoi/bilm.py"),
    "statsmodels": ("malmoi/models/arima.py", "malmoi/corpora/"),
    "sklearn": ("malmoi/features/counts.py", "malmoi/models/linear.py"),
    "gensim": ("malmoi/features/", "malmoi/corpora/"),
    "konlpy": ("malmoi/tokenizers/", "malmoi/corpora/"),
    "jpype": ("malmoi/tokenizers/",),
    "kiwipiepy": ("malmoi/tokenizers/",),
    "mecab": ("malmoi/tokenizers/",),
    "tokenizers": ("malmoi/tokenizers/",),
    "mlflow": ("tasks/_",),
    "matplotlib": ("tasks/_figures.py", "malmoi/page.py"),
    "dvc": ("flows/",),
    "prefect": ("flows/",),
    "distributed": ("flows/fleet.py", "flows/worker.py", "flows/workers/"),
    "optuna": ("flows/_",),
    "pandas": ("tasks/_",),
}


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Every imported module, and whether it is imported with the file itself (not inside a function, nor for type checking only)."""
    inside = {id(node) for function in _functions(tree) for node in ast.walk(function)}
    inside |= {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [
                f"{node.module}.{alias.name}" if node.module in ORDER or node.module.endswith(ROOMS) else node.module
                for alias in node.names
            ]
            yield from ((name, id(node) not in inside) for name in whole)


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def backward(path: str, tree: ast.Module) -> list[str]:
    """Imports against the one direction flows -> tasks -> malmoi."""
    package = path.split("/")[0]
    later = ORDER[ORDER.index(package) + 1 :]
    return [f"{path} imports {name}" for name, _ in imports(tree) if name.split(".")[0] in later]


def sideways(path: str, tree: ast.Module) -> list[str]:
    """Imports from one room of malmoi into another, and of a room by a file of malmoi that does not join rooms."""
    parts = path.removesuffix(".py").split("/")
    if parts[0] != "malmoi":
        return []
    room = parts[1] if parts[1] in ROOMS else None
    if room is None and parts[1] in JOINERS:
        return []
    found = [(name, name.split(".")[1]) for name, _ in imports(tree) if name.startswith("malmoi.")]
    return [f"{path} imports {name}" for name, other in found if other in ROOMS and other != room]


def misplaced(path: str, tree: ast.Module) -> list[str]:
    """Heavy packages outside the places that the design gives them, or, in a stage, imported before it is asked to run."""
    found = []
    for name, at_once in imports(tree):
        package = name.split(".")[0]
        if package in HEAVY and not path.startswith(HEAVY[package]):
            found.append(f"{path} imports {package}; its place is {' or '.join(HEAVY[package])}")
        elif package in HEAVY and at_once and path.count("/") == 1 and path.startswith("tasks/") and not path.startswith("tasks/_"):
            found.append(f"{path} imports {package} before it is asked to run")
    return found


def pickles(path: str, tree: ast.Module) -> list[str]:
    """Formats that run code when they are read."""
    found = [f"{path} imports {name}" for name, _ in imports(tree) if name.split(".")[0] in PICKLES]
    arguments = [argument for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in node.keywords]
    allowed = [a for a in arguments if a.arg == "allow_pickle" and not (isinstance(a.value, ast.Constant) and a.value.value is False)]
    return found + [f"{path}:{argument.value.lineno} allows pickle" for argument in allowed]


def long(path: str, source: str) -> list[str]:
    """Files and functions that are too long, functions with too many parameters or nested too deeply."""
    found = [f"{path} has {count} lines, {LINES} at most"] if (count := len(source.splitlines())) > LINES else []
    for function in _functions(ast.parse(source)):
        where = f"{path}:{function.lineno} {function.name}"
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION:
            found.append(f"{where} has {length} lines, {FUNCTION} at most")
        if (depth := _depth(function)) > NESTING:
            found.append(f"{where} is nested {depth} deep, {NESTING} at most")
        if (count := _parameters(function)) > PARAMETERS and not (path.startswith("tasks/") and function.name == "run"):
            found.append(f"{where} has {count} parameters, {PARAMETERS} at most")
    return found


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """All but self and cls. The `run` of a stage is not asked: its parameters are the stage's command line."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _depth(node: ast.AST, inside: bool = False) -> int:
    """How deep decisions and loops are nested; `with` and `try` hold a resource and do not count, an `elif` is beside its `if`."""
    deepest = 0
    for field, children in ast.iter_fields(node):
        for child in children if isinstance(children, list) else [children]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            beside = isinstance(node, ast.If) and isinstance(child, ast.If) and field == "orelse"
            counts = isinstance(child, ast.If | ast.For | ast.While | ast.Match | ast.AsyncFor) and not beside
            deepest = max(deepest, counts + _depth(child))
    return deepest


def undocumented(path: str, tree: ast.Module) -> list[str]:
    """Modules, and public functions and classes at their top, without a docstring."""
    found = [] if ast.get_docstring(tree) else [f"{path} has no docstring"]
    public = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not n.name.startswith("_")]
    return found + [f"{path}:{node.lineno} {node.name} has no docstring" for node in public if not ast.get_docstring(node)]


def vague(path: str) -> list[str]:
    """Names that say nothing."""
    parts = [part.removesuffix(".py").strip("_") for part in Path(path).parts]
    return [f"{path}: {part} says nothing" for part in parts if part in VAGUE]


def personal(path: str, text: str) -> list[str]:
    """Places of one machine."""
    pattern = re.compile(r"(?<![\w.~/}])/(work|root|opt/pypi[\w-]*|opt/wheels)/")
    return [f"{path}:{number} names {match[0]}" for number, line in enumerate(text.splitlines(), 1) if (match := pattern.search(line))]


def stage_door(path: str, tree: ast.Module) -> list[str]:
    """Stage files without the two functions that `python -m tasks` calls."""
    have = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return [f"{path} has no {name}()" for name in ("add_arguments", "run") if name not in have]
