"""What a registered version says of itself: its tags, those of its run, its params and scores, and the files that it is made of."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError
from tasks import _files, _tracking, _transfers

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

COMMIT, SHIPPED, FILES = "mlflow.source.git.commit", "malmoi.registered.commit", "malmoi.files"
HARDWARE = "malmoi.registered.hardware"
NAME = re.compile(r"\w[\w.-]*")  # of what becomes a part of a path
OF_MLFLOW = ("registered_model_meta",)  # a file that MLflow adds where a model is loaded from the registry


@dataclass(frozen=True)
class Claim:
    """A version: `name` in the registry with its number; tags of the version, and `run`'s tags, params and metrics; folder: its files."""

    name: str
    version: str
    tags: Mapping[str, str]
    run: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    folder: Path

    @property
    def experiment(self) -> str:
        """The experiment, an entry of params/."""
        return str(self.tags["malmoi.experiment"])

    @property
    def corpus(self) -> str:
        """The corpus that it was trained and tested on."""
        return str(self.tags["malmoi.corpus"])

    @property
    def seed(self) -> int:
        """The one seed that this model was trained with."""
        return int(self.tags["malmoi.seed"])

    @property
    def bundle(self) -> Path:
        """The trained bundle among its files. Raises ConfigError where there is none."""
        return bundle_in(self.folder, f"{self.name} version {self.version}")


@contextmanager
def claim(store: _tracking.Store, model: str) -> Iterator[Claim]:
    """The version that `model` names (see `version`), with its files in a folder that is gone afterwards.

    Raises ConfigError where it, or its run, is not there, or it was not registered by `python -m tasks record`.
    """
    from mlflow.exceptions import MlflowException

    found = version(store, model)
    where = f"{found.name} version {found.version}"
    missing = [tag for tag in ("malmoi.experiment", "malmoi.corpus", "malmoi.seed", "malmoi.key") if not found.tags.get(tag)]
    if missing:
        raise ConfigError(f"{where}: without {', '.join(missing)} among its tags nobody can tell what it was made from")
    try:
        data = store.client.get_run(found.run_id).data
    except MlflowException:
        raise ConfigError(f"{where}: its run {found.run_id!r} is not in MLflow; run: python -m tasks record") from None
    with tempfile.TemporaryDirectory(prefix="malmoi-model-") as name:
        yield Claim(found.name, str(found.version), found.tags, data.tags, data.params, data.metrics, files(found, Path(name)))


@contextmanager
def bundle(store: _tracking.Store, model: str) -> Iterator[Path]:
    """The bundle of the version that `model` names, in a folder that is gone afterwards. Raises ConfigError where there is none."""
    found = version(store, model)
    with tempfile.TemporaryDirectory(prefix="malmoi-model-") as name:
        yield bundle_in(files(found, Path(name)), f"{found.name} version {found.version}")


def version(store: _tracking.Store, model: str) -> "ModelVersion":
    """The version that a person names: NAME (its champion), NAME@ALIAS, NAME/NUMBER, each also with `models:/` before it.

    Raises ConfigError, with the models or versions there are, where there is no such.
    """
    from mlflow.exceptions import MlflowException

    name, sign, which = parts(model)
    try:
        ask = store.client.get_model_version if sign == "/" else store.client.get_model_version_by_alias
        return checked(ask(name, which))
    except MlflowException:
        models = {one.name: one for one in store.client.search_registered_models()}
    if name not in models:
        known = ", ".join(sorted(models)) or "none; register the champions: python -m tasks record"
        raise ConfigError(f"no model is registered as {name!r}; there are: {known}")
    numbers = sorted(int(one.version) for one in store.client.search_model_versions(f"name = '{name}'"))
    aliases = ", ".join(f"@{alias} is {number}" for alias, number in sorted(models[name].aliases.items()))
    raise ConfigError(f"{name} has no version {sign}{which}; there are: {', '.join(map(str, numbers))} ({aliases or 'no aliases'})")


def checked(found: "ModelVersion") -> "ModelVersion":
    """The version, once its tags can be used in paths: a server that anybody may write to could have `../..` as an experiment's name.

    Raises ConfigError, naming the tag, where one cannot.
    """
    wrong = [name for name in ("experiment", "corpus") if not NAME.fullmatch(found.tags.get(f"malmoi.{name}") or "x")]
    wrong += ["seed"] if not re.fullmatch("[0-9]+", found.tags.get("malmoi.seed") or "0") else []
    if wrong or not NAME.fullmatch(found.name):
        said = "; ".join(f"malmoi.{name} is {found.tags[f'malmoi.{name}']!r:.80}" for name in wrong) or "its name"
        raise ConfigError(
            f"{found.name} version {found.version}: {said}, which no training of this project is called (letters, digits, . _ - for names, "
            "digits for a seed), so nothing is done with it"
        )
    return found


@_transfers.unhurried()
def files(found: "ModelVersion", folder: Path) -> Path:
    """All files of a version, brought into `folder`. Raises ConfigError where they are gone."""
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(f"models:/{found.name}/{found.version}", dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        raise ConfigError(f"{found.name} version {found.version}: its files cannot be had: {error}") from None


def logged(uri: str) -> str:
    """The digest of a model that was just logged, as the store has it."""
    import mlflow

    with tempfile.TemporaryDirectory(prefix="malmoi-model-") as name:
        return digest(Path(mlflow.artifacts.download_artifacts(uri, dst_path=name)))


def digest(folder: Path) -> str:
    """SHA-256 of a model's files, names included, less what MLflow adds and what Python leaves."""
    return _files.digest(folder, (*OF_MLFLOW, "__pycache__"))


def bundle_in(folder: Path, where: str) -> Path:
    """The one bundle among a version's files. Raises ConfigError, beginning with `where`, where there is none, or more."""
    found = [file.parent for file in sorted(folder.glob("artifacts/*/bundle.json"))]
    if len(found) != 1:
        raise ConfigError(f"{where}: {len(found)} bundles (artifacts/*/bundle.json), should be 1")
    return found[0]


def parts(model: str) -> tuple[str, str, Any]:
    """(name, "@" or "/", alias or number) of what a person names; without either its champion."""
    name = model.removeprefix("models:/")
    sign = "@" if "@" in name else "/"
    name, found, which = name.partition(sign)
    return (name, sign, which) if found else (name, "@", "champion")
