"""Models in MLflow that belong to no registered version: whoever was registering them was killed between the two."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from tasks._tracking import Store

OLD = 3600.0  # seconds after which a model on a server is nobody's; a younger one may be somebody's who registers the same just now


def clear(store: "Store", experiment_id: str, key: str) -> int:
    """Delete models of the bundle with this key that no version refers to. Returns how many. On a local store hold `store.alone()`."""
    found = store.client.search_logged_models([experiment_id], filter_string=f"tags.`malmoi.key` = '{key}'")
    versions = store.client.search_model_versions(f"tags.`malmoi.key` = '{key}'") if found else []
    used = {str(version.source).removeprefix("models:/") for version in versions}
    youngest = time.time() * 1000 - (OLD * 1000 if store.folder is None else 0)
    lost = [model.model_id for model in found if model.model_id not in used and model.creation_timestamp <= youngest]
    for model_id in lost:
        store.client.delete_logged_model(model_id)
    return len(lost)


def withdraw(store: "Store", version: "ModelVersion") -> None:
    """Delete a version that another process's is the same as, and the model that was logged for it."""
    store.client.delete_model_version(version.name, str(version.version))
    if str(version.source).startswith("models:/m-"):
        store.client.delete_logged_model(str(version.source).removeprefix("models:/"))
