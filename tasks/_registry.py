"""The model registry: the champion of each problem and corpus as a registered model with the alias `champion`.

A version carries where it comes from (key, run, git commit) and why it was chosen. The same bundle is one version however often it is
registered; an earlier champion that wins again gets the alias back.
"""

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError
from tasks import _results, _runs, _tracking

if TYPE_CHECKING:
    from mlflow.entities import Run as Tracked
    from mlflow.entities.model_registry import ModelVersion

ALIAS = "champion"
EXAMPLES = {
    "ko": ["모든 국민은 법 앞에 평등하다.", "이 법은 공포한 날부터 시행한다."],
    "en": ["A moving and funny film.", "The first of many."],
}
OPTIONS: dict[str, dict[str, Any]] = {  # params of a request and what they are when left out
    "classify": {"return_probabilities": False},
    "language_model": {  # malmoi.decoding.Decoding; the empty string says that the list is one of strings, and stops nothing
        "length": 100,
        "temperature": 0.8,
        "top_k": 0,
        "top_p": 1.0,
        "beams": 1,
        "length_penalty": 0.6,
        "repetition_penalty": 1.0,
        "no_repeat": 0,
        "stop": [""],
        "stop_at_end": False,
        "seed": 1,
    },
}


def register(store: _tracking.Store, out: Path) -> list[str]:
    """Register the champions that `out/promote/decisions.json` names. Returns "name version N" for each that is new or has changed."""
    file = out / "promote" / "decisions.json"
    decisions = _results.load(file) if file.is_file() else {}
    runs = {(run.name, int(run.bundle["seed"])): run for run in _runs.read(out)}
    changed = []
    with store.alone():
        for name, decision in decisions.items():
            run = runs.get((str(decision["champion"]), int(decision["seed"] or 0)))
            if run is None:
                continue  # no champion was named: its "why" says so
            said = _promote(store, str(decision.get("model", name.replace("_", "-"))), run, decision)
            changed += [said] if said else []
    return changed


def champions(store: _tracking.Store) -> dict[str, str]:
    """Key of the bundle behind each registered model that has a champion, by the model's name."""
    found = {}
    for model in store.client.search_registered_models():
        if number := model.aliases.get(ALIAS):
            found[str(model.name)] = str(store.client.get_model_version(model.name, str(number)).tags.get("malmoi.key", ""))
    return found


def _promote(store: _tracking.Store, name: str, run: _runs.Run, decision: Mapping[str, Any]) -> str:
    """Point the alias of `name` at the version of this bundle, making it if need be. Returns what changed; "" for nothing."""
    found = _versions(store, name, run)
    if not found:
        _publish(store, name, run, decision)
        found = _versions(store, name, run)
    for double in found[1:]:  # another process registered it at the same moment: the first one stays
        store.client.delete_model_version(name, double.version)
    if int(store.client.get_registered_model(name).aliases.get(ALIAS) or 0) == int(found[0].version):
        return ""
    store.client.set_registered_model_alias(name, ALIAS, str(found[0].version))
    return f"{name} version {found[0].version} ({_runs.title(run.name, int(run.bundle['seed']))})"


def _versions(store: _tracking.Store, name: str, run: _runs.Run) -> "list[ModelVersion]":
    """Versions of `name` that are this bundle, the oldest first."""
    found = store.client.search_model_versions(f"name = '{name}' and tags.`malmoi.key` = '{run.bundle['key']}'")
    return sorted(found, key=lambda one: int(one.version))


def _publish(store: _tracking.Store, name: str, run: _runs.Run, decision: Mapping[str, Any]) -> None:
    from mlflow.exceptions import MlflowException

    tags = _runs.tags(run)
    place = _tracking.place(store, run.bundle["problem"], run.bundle["corpus"])
    tracked = _tracking.begin(store, place, tags)
    logged = _log(run, tracked, tags)
    about = f"Champion of {run.bundle['problem'].replace('_', ' ')} on the corpus {run.bundle['corpus']}; ask for `models:/{name}@{ALIAS}`."
    try:
        store.client.create_registered_model(
            name, {"malmoi.problem": tags["malmoi.problem"], "malmoi.corpus": tags["malmoi.corpus"]}, about
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    commits = {key: value for key, value in tracked.data.tags.items() if key in ("mlflow.source.git.commit", "malmoi.dirty")}
    scores = {key: f"{value:.6g}" for key, value in _runs.scores(run).items()}
    evidence = f"{decision.get('why', '')}\n\n{_runs.describe(run)}"
    store.client.create_model_version(
        name, logged.model_uri, tracked.info.run_id, tags | commits | scores, None, evidence, model_id=logged.model_id
    )


def _log(run: _runs.Run, tracked: "Tracked", tags: Mapping[str, str]) -> Any:
    """The bundle as an MLflow model of its run, with signature and example. Raises ConfigError where it does not answer the example."""
    import mlflow
    from mlflow.models import Model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # mlflow.pyfunc warns of its own type hints when it is imported
        import mlflow.pyfunc
    texts = EXAMPLES.get(str(run.bundle.get("language")), EXAMPLES["en"])
    _ask(run, texts)
    mlflow.set_experiment(experiment_id=tracked.info.experiment_id)  # else the model is put with the default experiment
    return Model.log(
        None,
        mlflow.pyfunc,
        run_id=tracked.info.run_id,
        name=run.name,
        model_type=str(run.bundle["problem"]),
        tags=dict(tags),
        python_model=str(Path(__file__).with_name("_served.py")),
        artifacts={"bundle": str(folder(run))},
        code_paths=[str(_tracking.ROOT / "malmoi")],
        input_example=(texts, OPTIONS[str(run.bundle["problem"])]),
        pip_requirements=requirements(run),
    )


def _ask(run: _runs.Run, texts: list[str]) -> None:
    """What cannot answer is not registered (MLflow itself only logs a warning)."""
    from malmoi.predictor import Predictor

    try:
        Predictor.load(folder(run)).answer(texts)
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{folder(run)}: does not answer ({error}); make it again: dvc repro -f train@{run.name}") from error


def folder(run: _runs.Run) -> Path:
    """The run's bundle."""
    return run.out / "train" / run.name / f"seed-{run.bundle['seed']}"


def requirements(run: _runs.Run) -> list[str]:
    """Packages that this bundle needs to answer, with the versions of requirements.lock: those that its own modules import.

    >>> requirements(run_of_a_linear_model)  # doctest: +SKIP
    ['mlflow==3.17.2', 'numpy==2.4.1', 'pydantic==2.12.4', ...]
    """
    pipeline = run.pipeline
    rooms = {"models": run.bundle["family"], "tokenizers": pipeline["tokenizer"]["name"], "features": pipeline["feature"]["kind"]}
    modules = ["malmoi.predictor", *(f"malmoi.{room}.{member}" for room, member in rooms.items())]
    names = {name.partition(".")[0] for name in _imports(modules)} - sys.stdlib_module_names - {"malmoi"}
    known = packages_distributions()
    return sorted({_pin(package) for name in names for package in known.get(name, [])[:1]} | {_pin("mlflow")}, key=str.lower)


def _imports(modules: Iterable[str]) -> Iterator[str]:
    """What these modules of `malmoi`, and those that they import, import from elsewhere."""
    waiting, seen = list(modules), set()
    while waiting:
        name = waiting.pop()
        file = _tracking.ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if name in seen or not file.is_file():
            continue
        seen.add(name)
        found = set(_named(ast.parse(file.read_text(encoding="utf-8"))))
        waiting += [other for other in found if other.startswith("malmoi.")]
        yield from found


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _pin(package: str) -> str:
    lock = _tracking.ROOT / "requirements.lock"
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    normal = re.sub(r"[-_.]+", "[-_.]+", package)
    found = re.search(rf"(?im)^{normal}==([^\s;\\]+)", text)
    try:
        return f"{package}=={found.group(1) if found else version(package)}"
    except PackageNotFoundError:
        return package
