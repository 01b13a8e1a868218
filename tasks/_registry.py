"""The model registry: the champion of each problem and corpus as a registered model with the alias `champion`.

A version carries where it comes from (key, run, git commit) and why it was chosen. The same bundle is one version however often it is
registered; an earlier champion that wins again gets the alias back. Its description is its model card, shortened; the whole card is with
the run, and, as it was when the version was made, inside the model.
"""

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _abandoned, _cards, _claims, _hardware, _lineage, _orphans, _requirements, _runs, _tracking, _transfers

if TYPE_CHECKING:
    from mlflow.entities import Run as Tracked
    from mlflow.entities.model_registry import ModelVersion

    from malmoi.model_card import Facts

ALIAS = "champion"
EXAMPLES = {
    "ko": ["모든 국민은 법 앞에 평등하다.", "이 법은 공포한 날부터 시행한다."],
    "en": ["A moving and funny film.", "The first of many."],
}
KINDS = {"classify": "Classifiers", "language_model": "Language models"}
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


def versions(store: _tracking.Store, name: str, key: str) -> "list[ModelVersion]":
    """Versions of `name` that are the bundle with this key, the oldest first."""
    found = store.client.search_model_versions(f"name = '{name}' and tags.`malmoi.key` = '{key}'")
    return sorted(found, key=lambda one: int(one.version))


@_transfers.unhurried()
def publish(store: _tracking.Store, name: str, run: _runs.Run, decision: Mapping[str, Any]) -> None:
    """Make a version of `name` from this bundle. decision: of `promote`, for why it was chosen."""
    from mlflow.exceptions import MlflowException

    tags = _runs.tags(run)
    place = _tracking.place(store, run.bundle["problem"], run.bundle["corpus"])
    tracked = _tracking.begin(store, place, tags)
    _orphans.clear(store, place, tags["malmoi.key"])
    commits = {key: value for key, value in tracked.data.tags.items() if key in ("mlflow.source.git.commit", "malmoi.dirty")}
    logged = _log(run, tracked, tags, _cards.render(_facts(name, run, decision, commits)))
    kind = KINDS[str(run.bundle["problem"])]
    about = f"{kind} of the corpus {run.bundle['corpus']}: `models:/{name}@{ALIAS}` is the one to use, `@challenger` who would be next."
    try:
        store.client.create_registered_model(
            name, {"malmoi.problem": tags["malmoi.problem"], "malmoi.corpus": tags["malmoi.corpus"]}, about
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    commits |= {_claims.SHIPPED: _lineage.commit().get("mlflow.source.git.commit", "")}  # of the code that is shipped
    commits |= {_claims.FILES: _claims.logged(logged.model_uri), _claims.HARDWARE: _hardware.name()}
    scores = {key: f"{value:.6g}" for key, value in _runs.scores(run).items()}
    store.client.create_model_version(name, logged.model_uri, tracked.info.run_id, tags | commits | scores, model_id=logged.model_id)


def describe(store: _tracking.Store, version: "ModelVersion", run: _runs.Run, decision: Mapping[str, Any]) -> None:
    """Bring a version's description, and the card with its run, to what `out/` says now. A card that knew its data keeps it where the data
    is no longer there."""
    known = _facts(version.name, run, decision, version.tags)
    text = _cards.brief(known)
    if version.description == text or (version.description and not known.data):
        return
    if version.run_id:
        store.client.log_text(version.run_id, _cards.render(known), _cards.FILE)
    store.client.update_model_version(version.name, str(version.version), text)


def _facts(name: str, run: _runs.Run, decision: Mapping[str, Any], tags: Mapping[str, str]) -> "Facts":
    commit = tags.get("mlflow.source.git.commit", "")
    return _cards.facts(run, name, str(decision.get("why", "")), commit, _examples(run))


def _examples(run: _runs.Run) -> list[str]:
    return EXAMPLES.get(str(run.bundle.get("language")), EXAMPLES["en"])


def _log(run: _runs.Run, tracked: "Tracked", tags: Mapping[str, str], card: str) -> Any:
    """The bundle as an MLflow model of its run, with signature, example and pins. Raises ConfigError where it does not answer that."""
    import mlflow
    from mlflow.models import Model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # mlflow.pyfunc warns of its own type hints when it is imported
        import mlflow.pyfunc
    texts = _examples(run)
    needs = _requirements.requirements(folder(run), texts)  # raises where it does not answer, of which MLflow itself only warns
    mlflow.set_experiment(experiment_id=tracked.info.experiment_id)  # else the model is put with the default experiment
    with tempfile.TemporaryDirectory(prefix="malmoi-") as name:
        pins, written = Path(name) / "constraints.txt", Path(name) / _cards.FILE
        written.write_text(card, encoding="utf-8")
        pins.write_text("\n".join(_requirements.constraints(needs)) + "\n", encoding="utf-8")
        return Model.log(
            None,
            mlflow.pyfunc,
            run_id=tracked.info.run_id,
            name=run.name,
            model_type=str(run.bundle["problem"]),
            tags={**tags, _abandoned.WRITER: _abandoned.writer()},
            python_model=str(Path(__file__).with_name("_served.py")),
            artifacts={"bundle": str(folder(run)), "model_card": str(written)},
            code_paths=[str(_tracking.ROOT / "malmoi")],
            input_example=(texts, OPTIONS[str(run.bundle["problem"])]),
            pip_requirements=[*needs, f"-c {pins}"],
        )


def folder(run: _runs.Run) -> Path:
    """The run's bundle."""
    return run.out / "train" / run.name / f"seed-{run.bundle['seed']}"
