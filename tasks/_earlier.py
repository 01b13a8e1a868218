"""Finding an earlier champion, and its bundle: in champions/, in out/train, or else in MLflow's registry, from which it is brought back."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError
from tasks import _champions, _claims, _failures, _files, _runs, _tracking, _transfers

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def champion(model: str, events: list[_champions.Event]) -> _champions.Event:
    """Who was champion before the one who stands. Raises ConfigError where nobody was."""
    for event in reversed(events[:-1]):
        if (event.train, event.seed) != (events[-1].train, events[-1].seed):
            return event
    raise ConfigError(f"{model}: champions/{_champions.HISTORY} knows no earlier champion; name a version: --to VERSION")


def version(model: str, number: int, folders: tuple[Path, Path], events: list[_champions.Event]) -> _champions.Event:
    """Who is version `number` of the registered model; folders: out, champions. Raises ConfigError where there is no such version, where
    it stands already, or where MLflow does not answer."""
    out, champions = folders
    try:
        store = _tracking.store()
    except _failures.UnreachableError as error:
        raise ConfigError(f"{error}; without it the champion before can be had: leave --to out") from None
    found = _find(store, model, number)
    key, experiment, seed = (found.tags.get(f"malmoi.{name}", "") for name in ("key", "experiment", "seed"))
    if events and events[-1].key == key:
        raise ConfigError(f"{model}: version {number} ({_runs.title(experiment, int(seed))}) is the champion")
    known = [event for event in events if event.key == key]
    if known:
        return known[-1]
    bundle = out / "train" / experiment / f"seed-{seed}" / "bundle.json"
    if bundle.is_file() and _files.load(bundle)["key"] == key:
        return _kept(champions, model, out, experiment, int(seed))
    with tempfile.TemporaryDirectory(prefix="malmoi-") as name:
        _download(found, Path(name), experiment)
        return _kept(champions, model, Path(name), experiment, int(seed))


def again(event: _champions.Event, reason: str) -> _champions.Event:
    """The event of going back to an earlier one's champion."""
    return replace(event, by="rollback", reason=reason, decided="")


def _find(store: _tracking.Store, model: str, number: int) -> "ModelVersion":
    versions = {int(one.version): one for one in store.client.search_model_versions(f"name = '{model}'")}
    if number not in versions:
        there = ", ".join(f"{other} ({one.tags.get('malmoi.experiment', '?')})" for other, one in sorted(versions.items()))
        raise ConfigError(f"{model}: the registry has no version {number}; there are: {there or 'none'}")
    return _claims.checked(versions[number])


def _kept(champions: Path, model: str, out: Path, experiment: str, seed: int) -> _champions.Event:
    event = _champions.event_of(out, "rollback", experiment, seed)
    _champions.keep(champions, model, event, out)
    return event


def _entry(about: Mapping[str, Any], params: Mapping[str, str]) -> dict[str, Any]:
    """experiment.json of one seed, with nothing to write for a language model. params: of its run, as `_runs.parameters` named them."""
    groups: dict[str, dict[str, Any]] = {"model": {"family": about["family"]}, "training": {}}
    for name, text in params.items():
        group, _, key = name.partition(".")
        if group in groups and key != "family":
            groups[group][key] = _value(text)
    told = {name: about[name] for name in ("problem", "corpus", "parameters")}
    return told | groups | {"features": params.get("features", ""), "seeds": [about["seed"]], "prompts": []}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _check(found: "ModelVersion", folder: Path) -> None:
    """Raise ConfigError where a version's files are not those that were registered."""
    wanted, digest = found.tags.get(_claims.FILES), _claims.digest(folder)
    if wanted != digest:
        said = f"SHA-256 {wanted[:12]}... when it was registered, {digest[:12]}... now" if wanted else "no digest of them was registered"
        raise ConfigError(
            f"{found.name} version {found.version}: MLflow's files are not known to be what was registered ({said}), so it is not gone "
            f"back to. Look into it: python -m tasks verify {found.name}/{found.version}"
        )


@_transfers.unhurried()
def _download(found: "ModelVersion", out: Path, experiment: str) -> None:
    """A small `out/` from what MLflow has of a version: its bundle, and the scores of its run. It has this one seed alone.

    Raises ConfigError where its files are not those that were registered.
    """
    import mlflow

    got = _claims.files(found, out / "got")
    _check(found, got)
    bundle = _claims.bundle_in(got, f"{found.name} version {found.version}") / "bundle.json"
    about = _files.load(bundle)
    tags = tuple(found.tags.get(f"malmoi.{name}") for name in ("key", "experiment", "seed"))
    if (about["key"], about["experiment"], str(about["seed"])) != tags:
        raise ConfigError(
            f"{found.name} version {found.version}: its bundle is of {about['experiment']} (key {str(about['key'])[:12]}), its tags say "
            f"{experiment} (key {found.tags.get('malmoi.key', '')[:12]}); it is not gone back to"
        )
    trained = out / "train" / experiment
    shutil.copytree(bundle.parent, trained / f"seed-{about['seed']}")
    _files.save(trained / "experiment.json", {"name": experiment, **_entry(about, mlflow.get_run(found.run_id).data.params)})
    _files.save_table(trained / "history.csv", ["seed", "epoch", "train_loss", "valid_loss"], [])
    scores = mlflow.artifacts.download_artifacts(run_id=found.run_id, artifact_path="metrics.json", dst_path=str(out / "got"))
    (out / "evaluate" / experiment).mkdir(parents=True)
    shutil.copy(scores, out / "evaluate" / experiment / "metrics.json")
