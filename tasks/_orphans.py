"""Models in MLflow that belong to no registered version: whoever was registering them was killed between the two."""

import time
from typing import TYPE_CHECKING

from tasks import _abandoned

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

    from tasks._tracking import Store

OLD = 3600.0  # seconds after which a model on a server is nobody's; a younger one may be somebody's who registers the same just now


def clear(store: "Store", experiment_id: str, key: str) -> int:
    """Delete models of the bundle with this key that no version refers to, and that nobody is at work on. Returns how many. On a local
    store hold `store.alone()`."""
    found = store.client.search_logged_models([experiment_id], filter_string=f"tags.`malmoi.key` = '{key}'")
    versions = store.client.search_model_versions(f"tags.`malmoi.key` = '{key}'") if found else []
    used = {str(version.source).removeprefix("models:/") for version in versions}
    lost = [model.model_id for model in found if model.model_id not in used and (store.folder is not None or _left(model))]
    for model_id in lost:
        store.client.delete_logged_model(model_id)
    return len(lost)


def _left(model: "LoggedModel") -> bool:
    """Whether whoever logged it is dead, or has failed to register it and is about to try again, or, where it cannot be seen from here,
    has had time enough."""
    writer = model.tags.get(_abandoned.WRITER, "")
    if writer == _abandoned.writer():
        return True
    if _abandoned.can_be_seen(writer):
        return not _abandoned.lives(writer)
    return bool(model.creation_timestamp <= (time.time() - OLD) * 1000)


def withdraw(store: "Store", version: "ModelVersion") -> None:
    """Delete a version that another process's is the same as, and the model that was logged for it."""
    store.client.delete_model_version(version.name, str(version.version))
    if str(version.source).startswith("models:/m-"):
        store.client.delete_logged_model(str(version.source).removeprefix("models:/"))
