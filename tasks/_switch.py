"""The lines of dvc.yaml that switch the experiments of a corpus on: `- params/experiments/NAME.yaml`, with or without a `#` before it."""

import os
import re
import shutil
from pathlib import Path

from malmoi.config import ConfigError, load
from malmoi.registry import suggest

FOLDER = "params/experiments"
LINE = re.compile(rb"^(?P<indent>[ ]+)(?P<off>#[ ]*)?-[ ]+" + FOLDER.encode() + rb"/(?P<name>[\w.-]+)\.yaml(?P<rest>[ ]*(#.*)?\r?\n?)$")


def switch(name: str, pipeline: Path, *, on: bool) -> bool:
    """Switch the experiments of `name` on or off in `pipeline` (dvc.yaml). Returns whether anything changed.

    Only that line changes; where it is not there, `on` adds it after the last such line. Raises ConfigError for a name without a file in
    params/experiments, for a pipeline that has no such lines, and where nothing would be left switched on.
    """
    lines = _read(pipeline).splitlines(keepends=True)
    found = {match["name"].decode(): index for index, line in enumerate(lines) if (match := LINE.match(line))}
    if not found:
        raise ConfigError(f"{pipeline}: `vars:` lists no file of {FOLDER}, so nothing can be switched here")
    known = sorted({file.stem for file in (pipeline.parent / FOLDER).glob("*.yaml")} | (set() if on else set(found)))
    if name not in known:
        raise ConfigError(f"{FOLDER} has no {name}.yaml{suggest(name, known)}")
    if name not in found:
        return on and _insert(pipeline, lines, max(found.values()), name)
    match = LINE.match(lines[found[name]])
    if match is None or (match["off"] is None) is on:
        return False
    if not on and sum(1 for line in lines if (other := LINE.match(line)) and not other["off"]) == 1:
        raise ConfigError(f"{pipeline}: {name} is the only one that is switched on, and the pipeline needs one; enable another first")
    lines[found[name]] = _line(match["indent"], name, match["rest"], on=on)
    _write(pipeline, lines)
    return True


def missing(name: str, pipeline: Path, data: Path) -> list[str]:
    """Corpora that the experiments of `name` read and that are not in `data` yet."""
    corpora = load(pipeline.parent / FOLDER / f"{name}.yaml").get("ingest") or {}
    return [str(corpus) for corpus in corpora if not (data / str(corpus)).exists()]


def _insert(pipeline: Path, lines: list[bytes], after: int, name: str) -> bool:
    last = LINE.match(lines[after])
    end = b"\r\n" if lines[after].endswith(b"\r\n") else b"\n"
    if not lines[after].endswith(b"\n"):
        lines[after] += end
    lines.insert(after + 1, _line(last["indent"] if last else b"  ", name, end, on=True))
    _write(pipeline, lines)
    return True


def _line(indent: bytes, name: str, rest: bytes, *, on: bool) -> bytes:
    return indent + (b"" if on else b"# ") + f"- {FOLDER}/{name}.yaml".encode() + rest


def _read(pipeline: Path) -> bytes:
    try:
        return pipeline.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{pipeline}: no such file; run this in the project's root") from None


def _write(pipeline: Path, lines: list[bytes]) -> None:
    fresh = pipeline.with_name(f".{pipeline.name}.new")
    fresh.write_bytes(b"".join(lines))
    shutil.copymode(pipeline, fresh)
    os.replace(fresh, pipeline)
