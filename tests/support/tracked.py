"""What an MLflow store says, without what is never the same twice: ids, times, who wrote it. Two stores that say the same are equal."""

import hashlib
from pathlib import Path
from typing import Any

VOLATILE = {"malmoi.writer", "malmoi.alive", "mlflow.parentRunId", "mlflow.note.content", "mlflow.loggedModels"}
MEASURED = ("epoch_seconds", "system/")  # live only: `out/` holds no times
DECISION = "mlflow.log-model"


def content(client: Any, artifacts: bool = True) -> dict[str, Any]:
    """Every run by name (a name that occurs twice is an error: something was doubled), and every registered model."""
    places = {place.experiment_id: place.name for place in client.search_experiments(max_results=1000)}
    runs = _all(client, list(places))
    titles = {run.info.run_id: run.info.run_name for run in runs}
    found: dict[str, Any] = {}
    for run in runs:
        name = f"{places[run.info.experiment_id]}: {run.info.run_name} {run.data.tags.get('malmoi.key', '')[:16]}"
        assert name not in found, f"{name} is there twice"
        found[name] = _run(client, run, titles) | ({"artifacts": _artifacts(client, run.info.run_id)} if artifacts else {})
    return found | {f"model {model.name}": _model(client, model) for model in client.search_registered_models(max_results=1000)}


def _all(client: Any, places: list[str]) -> list[Any]:
    found, token = [], None
    while True:
        page = client.search_runs(places, max_results=1000, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _run(client: Any, run: Any, titles: dict[str, str]) -> dict[str, Any]:
    history = {
        name: sorted((point.step, point.value) for point in client.get_metric_history(run.info.run_id, name))
        for name in run.data.metrics
        if not name.startswith(MEASURED)
    }
    tags = {name: value for name, value in run.data.tags.items() if name not in VOLATILE and not name.startswith(DECISION)}
    return {
        "status": run.info.status,
        "above": titles.get(run.data.tags.get("mlflow.parentRunId", "")),
        "tags": tags,
        "params": dict(run.data.params),
        "metrics": history,
        "inputs": sorted((one.dataset.name, one.dataset.digest, one.tags[0].value) for one in run.inputs.dataset_inputs),
        "models": sum(one.source_run_id == run.info.run_id for one in client.search_logged_models([run.info.experiment_id])),
    }


def _artifacts(client: Any, run_id: str, folder: str | None = None) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in client.list_artifacts(run_id, folder):
        if file.is_dir:
            found |= _artifacts(client, run_id, file.path)
        else:
            found[file.path] = hashlib.sha256(Path(client.download_artifacts(run_id, file.path)).read_bytes()).hexdigest()
    return found


def _model(client: Any, model: Any) -> dict[str, Any]:
    versions = client.search_model_versions(f"name = '{model.name}'")
    keys = {str(version.version): version.tags.get("malmoi.key") for version in versions}
    return {"versions": keys, "aliases": {alias: str(version) for alias, version in model.aliases.items()}}
