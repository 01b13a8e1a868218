"""May a registered model be loaded? Loading runs code, so what it would run is compared with git first, and its weights with DVC's hashes.

A tracking server that anybody may write to could hold anything: MLflow runs the model's file and imports the package that it carries. Of
both, git knows every byte: they must be those of the commit that the version was registered from, or those of the working tree. The
weights must be those that dvc.lock, or champions/history.yaml, names. What git and DVC cannot tell of is said, and is no yes.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from malmoi.config import ConfigError
from tasks import _champions, _checkout, _claims, _pins
from tasks.project import lockfile

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

MODEL_FILE, LOADER = "_served.py", "mlflow.pyfunc.loaders.code_model"
SOURCES = {"code/malmoi/": "malmoi/", MODEL_FILE: "tasks/_served.py"}  # folders and files of a model, and where git has them
INERT = re.compile(  # files that nothing runs
    r"MLmodel|conda\.yaml|python_env\.yaml|requirements\.txt|constraints\.txt|(serving_)?input_example\.json|registered_model_meta"
    r"|artifacts/model-card\.md|artifacts/seed-\d+/[\w./-]+\.(json|npz|npy|txt|csv|parquet|model|vocab|sqlite)|metadata/[\w.-]+"
)
CACHED = re.compile(r"(code/malmoi/(.*/)?)?__pycache__/[^/]+\.pyc")


@dataclass(frozen=True)
class Judgement:
    """dangers: what would be run, or answered, though git says otherwise. unknown: what git and DVC say nothing of."""

    dangers: list[str]
    unknown: list[str]


def judge(found: "ModelVersion", folder: Path, root: Path) -> Judgement:
    """Compare the files of a version, in `folder`, with the project in `root`. Nothing of them is imported or run."""
    dangers = [*_code(found, folder, root), *_loader(folder)]
    wrong, unknown = _weights(found, folder, root)
    return Judgement(dangers + wrong, unknown)


def _code(found: "ModelVersion", folder: Path, root: Path) -> Iterator[str]:
    """Files that would run and are not git's, and files of a kind that nobody expects."""
    known = _blobs(root, found.tags.get(_claims.SHIPPED, ""))
    for file in sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink()):
        name = file.relative_to(folder).as_posix()
        source = next((there + name.removeprefix(here) for here, there in SOURCES.items() if name.startswith(here)), "")
        if file.is_symlink():
            yield f"{name} is a link"
        elif CACHED.fullmatch(name):
            file.unlink()  # it would run in place of the source beside it
        elif source and _checkout.blob(file) not in (known.get(source), _working(root / source)):
            yield f"{name} is not {source} of the commit that it was registered from, nor of the working tree"
        elif not source and not INERT.fullmatch(name):
            yield f"{name}: nobody expects such a file in a model"


def _blobs(root: Path, commit: str) -> Mapping[str, str]:
    """Git's name for each file of code at a commit; {} where this repository does not have it."""
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        return {}
    try:
        listed = _checkout.git(root, "ls-tree", "-r", commit, "malmoi", "tasks")
    except ConfigError:
        return {}
    pairs = (line.split("\t") for line in listed.splitlines())
    return {name: about.split()[2] for about, name in pairs}


def _working(file: Path) -> str:
    return _checkout.blob(file) if file.is_file() else ""


def _loader(folder: Path) -> Iterator[str]:
    """What MLmodel would have MLflow import and run, beside the files that were compared."""
    try:
        about = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
        function: Any = about["flavors"]["python_function"]
        other = sorted(set(about["flavors"]) - {"python_function"})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        yield "MLmodel cannot be read"
        return
    said = {"loader_module": function.get("loader_module"), "code": function.get("code")}
    wanted = {"loader_module": LOADER, "code": "code"}
    yield from (f"MLmodel: {name} is {said[name]!r}, should be {wanted[name]!r}" for name in wanted if said[name] != wanted[name])
    yield from (f"MLmodel has another flavour: {name}" for name in other)
    yield from (f"MLmodel: {name} would be loaded" for name in ("data", "python_model", "model_config") if function.get(name))
    if Path(str(function.get("model_code_path"))).name != MODEL_FILE:
        yield f"MLmodel: model_code_path is {function.get('model_code_path')!r}, should end in {MODEL_FILE}"
    paths = [str(one.get("path")) for one in (function.get("artifacts") or {}).values()]
    yield from (f"MLmodel: an artifact is at {path!r}" for path in paths if not path.startswith("artifacts/") or ".." in path)


def _weights(found: "ModelVersion", folder: Path, root: Path) -> tuple[list[str], list[str]]:
    """(files of the bundle that are not DVC's, what DVC's hashes say nothing of)."""
    experiment, seed = (found.tags.get(f"malmoi.{name}", "") for name in ("experiment", "seed"))
    bundle = folder / "artifacts" / f"seed-{seed}"
    if not re.fullmatch(r"[\w-]+", experiment) or not bundle.is_dir():
        return [f"its tags name {experiment!r}, seed {seed!r}, and its files have no such bundle"], []
    here = {file.relative_to(bundle).as_posix(): _md5(file) for file in bundle.rglob("*") if file.is_file()}
    for hashed, trained in _trainings(root, found.name, experiment):
        listed = _listed(root, hashed, trained)
        wanted = {name.partition("/")[2]: md5 for name, md5 in listed.items() if name.startswith(f"seed-{seed}/")}
        if wanted and wanted == here:
            return [], []
    return [], [f"no training that dvc.lock or champions/ names has these weights ({experiment}, seed {seed})"]


def _trainings(root: Path, model: str, experiment: str) -> Iterator[tuple[str, Path]]:
    """(DVC's hash, where its files may be) of each training of the experiment that git knows, the newest first."""
    stage = lockfile.stages(root / lockfile.NAME).get(f"train@{experiment}", {})
    for out in stage.get("outs", []):
        if out["path"] == f"out/train/{experiment}":
            yield str(out.get("md5")), root / out["path"]
    champions = root / _champions.FOLDER
    for event in reversed(_champions.read(champions).get(model, [])):
        if event.experiment == experiment:
            yield event.train, champions / model / event.place / "out" / "train" / experiment


def _listed(root: Path, hashed: str, trained: Path) -> dict[str, str]:
    """MD5 of each file of a folder that has this hash: of the folder itself where it is here and has it, else from DVC's cache."""
    if trained.is_dir() and _pins.of_folder(trained).md5 == hashed:
        return {file.relative_to(trained).as_posix(): _md5(file) for file in trained.rglob("*") if file.is_file()}
    try:
        content = (_checkout.cache(root) / "files/md5" / hashed[:2] / hashed[2:]).read_bytes()
        if hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir" == hashed:
            return {str(one["relpath"]): str(one["md5"]) for one in json.loads(content)}
    except (OSError, ConfigError):
        pass
    return {}


def _md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
