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

from malmoi.config import ConfigError

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
    if find(pins, folder) == pin:
        return False
    content = _load(pins)
    path = _relative(pins, folder)
    outs = {str(out["path"]): out for out in content.get("outs", [])}
    outs[path] = outs.get(path, {}) | {"path": path, **asdict(pin), "hash": "md5"}
    content["outs"] = [outs[name] for name in sorted(outs)]
    unfinished = pins.with_name(f".{pins.name}.unfinished")
    unfinished.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    os.replace(unfinished, pins)
    return True


def _relative(pins: Path, folder: Path) -> str:
    return Path(os.path.relpath(folder, pins.parent)).as_posix()


def _load(pins: Path) -> dict[str, Any]:
    if not pins.exists():
        return {}
    try:
        content = yaml.safe_load(pins.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{pins}: not valid YAML: {error}; take it back from git") from None
    if not isinstance(content, dict) or not isinstance(content.get("outs", []), list):
        raise ConfigError(f"{pins}: should hold a list `outs`, as DVC writes it; take it back from git")
    return content
