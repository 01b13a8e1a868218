"""data.dvc: what each folder of data/ must hold, byte for byte. Reads and writes DVC's file and its directory hash without importing DVC.

DVC's hash of a folder is the MD5 of a JSON list of its files, each with its own MD5, sorted by path; ".dir" is put after it.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from malmoi.config import ConfigError, load
from tasks.runtime.files import write_whole
from tasks.runtime.locks import lock, path_for

PATH = Path("data.dvc")


@dataclass(frozen=True)
class Pin:
    """A folder's content as DVC writes it down. size: bytes of all files, nfiles: how many there are."""

    md5: str
    size: int
    nfiles: int


def of_folder(folder: Path) -> Pin:
    """The pin of what is in `folder` now."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [{"md5": _md5(path), "relpath": path.relative_to(folder).as_posix()} for path in files]
    listed.sort(key=lambda entry: entry["relpath"])
    digest = hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    return Pin(f"{digest}.dir", sum(path.stat().st_size for path in files), len(files))


def _md5(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def find(pins: Path, folder: Path) -> Pin | None:
    """The pin that the file `pins` has for `folder`, or None."""
    for out in _load(pins).get("outs", []):
        if out.get("path") == _relative(pins, folder):
            return Pin(str(out.get("md5")), int(out.get("size", 0)), int(out.get("nfiles", 0)))
    return None


def put(pins: Path, folder: Path, pin: Pin) -> bool:
    """Write the pin of `folder` into the file `pins` (made if it is not there), outs sorted by path. Returns whether that changed it."""
    with lock(path_for(pins), f"pins {folder}"):
        if find(pins, folder) == pin:
            return False
        content = _load(pins)
        path = _relative(pins, folder)
        outs = {str(out["path"]): out for out in content.get("outs", [])}
        outs[path] = outs.get(path, {}) | {"path": path, **asdict(pin), "hash": "md5"}
        _save(pins, content, outs)
        return True


def remove(pins: Path, folder: Path) -> bool:
    """Take the pin of `folder` out of the file `pins`. Returns whether it was there."""
    with lock(path_for(pins), f"takes out the pin of {folder}"):
        content = _load(pins)
        outs = {str(out["path"]): out for out in content.get("outs", [])}
        if outs.pop(_relative(pins, folder), None) is None:
            return False
        _save(pins, content, outs)
        return True


def folders(pins: Path) -> list[Path]:
    """The folders that are pinned, in the file's order."""
    return [pins.parent / str(out["path"]) for out in _load(pins).get("outs", [])]


def _save(pins: Path, content: dict[str, Any], outs: dict[str, Any]) -> None:
    text = yaml.safe_dump({**content, "outs": [outs[name] for name in sorted(outs)]}, sort_keys=False, allow_unicode=True)
    write_whole(pins, text)


def _relative(pins: Path, folder: Path) -> str:
    return Path(os.path.relpath(folder, pins.parent)).as_posix()


def _load(pins: Path) -> dict[str, Any]:
    if not pins.exists():
        return {}
    cure = "take it back from git"
    if not pins.read_bytes().strip():
        return {}
    try:
        content = load(pins)
    except ConfigError as error:
        raise ConfigError(f"{error}; {cure}") from None
    outs = content.get("outs", [])
    if not isinstance(outs, list) or not all(isinstance(out, dict) and isinstance(out.get("path"), str) for out in outs):
        raise ConfigError(f"{pins}: should hold a list `outs`, each with a `path`, as DVC writes it; {cure}")
    for out in outs:
        if not all(isinstance(out.get(key, 0), int) for key in ("size", "nfiles")):
            raise ConfigError(f"{pins}: {out['path']}: size and nfiles should be whole numbers; {cure}")
    return content
