"""May a registered model be loaded? Loading runs code, so what it would run is compared with git first, and its weights with DVC's hashes.

A tracking server that anybody may write to could hold anything: MLflow runs the model's file and imports the package that it carries. Of
both, git knows every byte: they must be those of the commit that the version was registered from, which this branch must have, or those of
the working tree. The weights must be those that dvc.lock, or champions/history.yaml, names. What git and DVC cannot tell of is said, and
is no yes: decision 29.
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
from tasks import _champions, _checkout, _claims, _files, _pins
from tasks.project import lockfile

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

MODEL_FILE, LOADER = "_served.py", "mlflow.pyfunc.loaders.code_model"
SOURCES = {"code/malmoi/": "malmoi/", MODEL_FILE: "tasks/_served.py"}  # folders and files of a model, and where git has them
INERT = re.compile(  # files that nothing runs
    r"MLmodel|conda\.yaml|python_env\.yaml|requirements\.txt|constraints\.txt|(serving_)?input_example\.json|registered_model_meta"
    r"|artifacts/model-card\.md|artifacts/seed-\d+/[\w./-]+\.(json|npz|npy|txt|csv|parquet|model|vocab|sqlite)|metadata/[\w.-]+"
)
MLMODEL = {  # what MLflow writes into MLmodel; other keys may have it load or call something else
    "": "artifact_path flavors is_signature_from_type_hint mlflow_version model_id model_size_bytes model_uuid prompts run_id "
    "saved_input_example_info signature type_hint_from_example utc_time_created",
    "flavors.python_function.": "artifacts cloudpickle_version code env loader_module model_code_path python_version streamable",
}
CACHED = re.compile(r"(code/malmoi/(.*/)?)?__pycache__/[^/]+\.pyc")


@dataclass(frozen=True)
class Judgement:
    """dangers: what would be run, or answered, though git says otherwise. unknown: what git and DVC say nothing of."""

    dangers: list[str]
    unknown: list[str]


def judge(found: "ModelVersion", folder: Path, root: Path) -> Judgement:
    """Compare the files of a version, in `folder`, with the project in `root`. Nothing of them is imported or run."""
    dangers = [*_code(found, folder, root), *_loader(folder, found.tags.get("malmoi.seed", ""))]
    wrong, unknown = _weights(found, folder, root)
    return Judgement(dangers + wrong, unknown)


def overruled(folder: Path, model: str, root: Path) -> str:
    """Why these files are not those of who stands as champion by champions/history.yaml; "" where they are, or nobody stands there.

    An alias on the server is not in git: whoever may write there could point it at any version, also at one that was rolled back.
    """
    events = _champions.read(root / _champions.FOLDER).get(model, [])
    about = _about(_claims.bundle_in(folder, model))
    if not events or (about.get("key"), about.get("seed")) == (events[-1].key, events[-1].seed):
        return ""
    return (
        f"MLflow's alias champion is at {about.get('experiment')}, seed {about.get('seed')}; by {_champions.FOLDER / _champions.HISTORY} "
        f"{events[-1].experiment}, seed {events[-1].seed}, is champion. Point it there: python -m tasks record; where somebody else has "
        f"accepted another one: git pull; to serve this one all the same, name its version: {model}/NUMBER"
    )


def _code(found: "ModelVersion", folder: Path, root: Path) -> Iterator[str]:
    """Files that would run and are not git's, and files of a kind that nobody expects."""
    if not (folder / MODEL_FILE).is_file():
        yield f"{MODEL_FILE} is not there"
    known, code = _blobs(root, found.tags.get(_claims.SHIPPED, "")), dict[str, tuple[str, str]]()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink()):
        name = file.relative_to(folder).as_posix()
        source = next((there + name.removeprefix(here) for here, there in SOURCES.items() if name.startswith(here)), "")
        if file.is_symlink():
            yield f"{name} is a link"
        elif CACHED.fullmatch(name):
            file.unlink()  # it would run in place of the source beside it
        elif source:
            code[name] = (source, _checkout.blob(file))
        elif not INERT.fullmatch(name):
            yield f"{name}: nobody expects such a file in a model"
    committed = [name for name, (source, blob) in code.items() if known.get(source) != blob]
    working = [name for name, (source, blob) in code.items() if _working(root / source) != blob]
    for name in min(working, committed, key=len):  # all of one, since parts of two were never run together
        yield f"{name} is not {code[name][0]} of the commit that it was registered from, nor of the working tree"


def _blobs(root: Path, commit: str) -> Mapping[str, str]:
    """Git's name for each file of code at a commit; {} where this branch does not have it, as a mere proposal."""
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        return {}
    try:
        _checkout.git(root, "merge-base", "--is-ancestor", commit, "HEAD")
        listed = _checkout.git(root, "ls-tree", "-r", commit, "malmoi", "tasks")
    except ConfigError:
        return {}
    pairs = (line.split("\t") for line in listed.splitlines())
    return {name: about.split()[2] for about, name in pairs}


def _working(file: Path) -> str:
    return _checkout.blob(file) if file.is_file() else ""


def _loader(folder: Path, seed: str) -> Iterator[str]:
    """What MLmodel would have MLflow import, run or read, beside the files that were compared. seed: of the bundle that was."""
    try:
        about = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
        function: Any = about["flavors"]["python_function"]
        paths = {name: str(one["path"]) for name, one in function["artifacts"].items()}
        other = sorted(set(about["flavors"]) - {"python_function"})
        odd = [f"{above}{key}" for above, keys in MLMODEL.items() for key in (function if above else about) if key not in keys.split()]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        yield "MLmodel cannot be read"
        return
    said = {"loader_module": function.get("loader_module"), "code": function.get("code")}
    wanted = {"loader_module": LOADER, "code": "code"}
    yield from (f"MLmodel: {name} is {said[name]!r}, should be {wanted[name]!r}" for name in wanted if said[name] != wanted[name])
    yield from (f"MLmodel has another flavour: {name}" for name in other)
    yield from (f"MLmodel has {name}, which this project never writes" for name in odd)
    if Path(str(function.get("model_code_path"))).name != MODEL_FILE:
        yield f"MLmodel: model_code_path is {function.get('model_code_path')!r}, should end in {MODEL_FILE}"
    there = {"bundle": f"artifacts/seed-{seed}", "model_card": "artifacts/model-card.md"}
    yield from (f"MLmodel: the artifact {name} is at {path!r}" for name, path in paths.items() if there.get(name) != path)
    if "bundle" not in paths:
        yield "MLmodel names no bundle"


def _weights(found: "ModelVersion", folder: Path, root: Path) -> tuple[list[str], list[str]]:
    """(files of the bundle that are not DVC's, what DVC's hashes say nothing of)."""
    experiment, seed = (found.tags.get(f"malmoi.{name}", "") for name in ("experiment", "seed"))
    bundle = folder / "artifacts" / f"seed-{seed}"
    if not re.fullmatch(r"[\w-]+", experiment) or not bundle.is_dir():
        return [f"its tags name {experiment!r}, seed {seed!r}, and its files have no such bundle"], []
    if (board := _board(bundle)) != found.name:
        return [f"its bundle is one of {board}"], []
    if _files.digest(bundle) in _champion_digests(root, found.name, experiment, seed):
        return [], []
    here = {file.relative_to(bundle).as_posix(): _md5(file) for file in bundle.rglob("*") if file.is_file()}
    for hashed, trained in _trainings(root, found.name, experiment):
        listed = _listed(root, hashed, trained)
        wanted = {name.partition("/")[2]: md5 for name, md5 in listed.items() if name.startswith(f"seed-{seed}/")}
        if wanted and wanted == here:
            return [], []
    return [], [f"no training that dvc.lock or champions/ names has these weights ({experiment}, seed {seed})"]


def _board(bundle: Path) -> str:
    """The registered model that a bundle may be a version of."""
    from malmoi.leaderboard import model_name

    about = _about(bundle)
    return model_name(f"{about.get('problem')}/{about.get('corpus')}")


def _about(bundle: Path) -> dict[str, Any]:
    """bundle.json. Raises ConfigError where it says nothing."""
    found = _files.load(bundle / "bundle.json")
    if not isinstance(found, dict):
        raise ConfigError(f"{bundle / 'bundle.json'}: should say what the bundle is, found {found!r:.80}")
    return found


def _champion_digests(root: Path, model: str, experiment: str, seed: str) -> set[str]:
    """Of the bundles that champions/history.yaml names: needs neither out/ nor DVC's cache, so that a clone that only serves can tell."""
    events = _champions.read(root / _champions.FOLDER).get(model, [])
    return {event.files for event in events if event.files and (event.experiment, str(event.seed)) == (experiment, seed)}


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
