"""What an MLflow model registry says, without what is never the same twice: ids, times, digests of files that hold such."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tasks import _claims

OWN = {"run_id", "model_uuid", "model_id", "utc_time_created", "artifact_path", "model_size_bytes"}  # of MLmodel


def registry(client: Any) -> dict[str, Any]:
    """Every registered model by name: what its page says, its aliases, and each version with all its files."""
    return {f"registered {model.name}": _model(client, model) for model in client.search_registered_models(max_results=1000)}


def _model(client: Any, model: Any) -> dict[str, Any]:
    versions = client.search_model_versions(f"name = '{model.name}'", max_results=1000)
    return {
        "description": model.description,
        "tags": dict(model.tags),
        "aliases": {alias: str(number) for alias, number in model.aliases.items()},
        "versions": {str(version.version): _version(client, version) for version in versions},
    }


def _version(client: Any, version: Any) -> dict[str, Any]:
    """whole: its files have the digest that it was registered with."""
    with tempfile.TemporaryDirectory(prefix="registered-") as name:
        folder = _claims.files(version, Path(name))
        whole, files = _claims.digest(folder) == version.tags.get(_claims.FILES), _files(folder)
    logged = client.get_logged_model(str(version.source).removeprefix("models:/"))
    return {
        "tags": {tag: value for tag, value in version.tags.items() if tag != _claims.FILES},
        "status": version.status,
        "description": version.description,
        "run": client.get_run(version.run_id).info.run_name,
        "model": (logged.status, logged.name, logged.tags.get("malmoi.key")),
        "whole": whole,
        "files": files,
    }


def _files(folder: Path) -> dict[str, str]:
    """Hash of each file, of MLmodel without what is its own."""
    found = {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
    kept = {file: data for file, data in found.items() if file.name not in _claims.OF_MLFLOW and "__pycache__" not in file.parts}
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(_about(data) if file.name == "MLmodel" else data).hexdigest()
        for file, data in kept.items()
    }


def _about(written: bytes) -> bytes:
    """MLmodel without what is its own, and without the places that its files were taken from."""
    said = {name: value for name, value in yaml.safe_load(written).items() if name not in OWN}
    flavor = said["flavors"]["python_function"]
    flavor["artifacts"] = {name: part["path"] for name, part in flavor["artifacts"].items()}
    flavor.pop("model_code_path", None)
    return yaml.safe_dump(said, sort_keys=True).encode()
