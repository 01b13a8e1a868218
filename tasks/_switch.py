"""The lines of dvc.yaml that switch the experiments of a corpus on: `- params/experiments/NAME.yaml`, with or without a `#` before it;
and those of other files in params/ that it lists, as probes.yaml."""

import re
import shutil
from pathlib import Path

from malmoi.config import ConfigError, check_name, load
from malmoi.registry import suggest
from tasks._catalogue import same_name
from tasks.runtime.files import unfinished
from tasks.runtime.locks import lock, path_for

FOLDER = "params/experiments"
LINE = re.compile(
    r"^(?P<indent>[ ]+)(?P<off>#[ ]*)?-[ ]+(?P<folder>params(/experiments)?)/(?P<name>[\w.-]+)\.yaml(?P<rest>[ ]*(#.*)?\r?\n?)$"
)


def switch(name: str, pipeline: Path, *, on: bool) -> bool:
    """Switch the experiments of `name` on or off in `pipeline` (dvc.yaml). Returns whether anything changed.

    Only that line changes; where it is not there, `on` adds it after the last such line. Raises ConfigError for a name without a file in
    params/experiments, for a pipeline that has no such lines, and where nothing would be left switched on.
    """
    with lock(path_for(pipeline), f"switches {name} {'on' if on else 'off'}"):
        return _switched(name, pipeline, on)


def _switched(name: str, pipeline: Path, on: bool) -> bool:
    check_name(name, FOLDER)
    lines = _read(pipeline)
    found = {match["name"]: (index, match) for index, line in enumerate(lines) if (match := LINE.match(line))}
    own = {one: index for one, (index, match) in found.items() if match["folder"] == FOLDER}
    if not own:
        raise ConfigError(f"{pipeline}: `vars:` lists no file of {FOLDER}, so nothing can be switched here")
    files = {file.stem for file in (pipeline.parent / FOLDER).glob("*.yaml")}
    if name not in files and (same := same_name(name, files)):
        why = "the letters of its name are in parts (NFD, as on a Mac), and DVC would not find it"
        raise ConfigError(f"{FOLDER}/{same[0]}.yaml: {why}; type its name anew: mv {same[0]}.yaml {name}.yaml")
    known = sorted(files | set(found) - (set(own) if on else set()))
    if name not in known:
        raise ConfigError(f"{FOLDER} has no {name}.yaml{suggest(name, known)}")
    if name not in found:
        return on and _insert(pipeline, lines, max(own.values()), name)
    index, match = found[name]
    if (match["off"] is None) is on:
        return False
    if not on and name in own and sum(not found[one][1]["off"] for one in own) == 1:
        raise ConfigError(f"{pipeline}: {name} is the only one that is switched on, and the pipeline needs one; enable another first")
    lines[index] = _line(match["indent"], f"{match['folder']}/{match['name']}", match["rest"], on=on)
    _write(pipeline, lines)
    return True


def missing(name: str, pipeline: Path, data: Path) -> list[str]:
    """Corpora that the experiments of `name` read and that are not in `data` yet."""
    path = pipeline.parent / FOLDER / f"{name}.yaml"
    corpora = load(path).get("ingest") or {} if path.is_file() else {}
    if not isinstance(corpora, dict):
        raise ConfigError(f"{path}: ingest should be a table (NAME: {{}}), found {type(corpora).__name__}")
    return [str(corpus) for corpus in corpora if not (data / str(corpus)).exists()]


def _insert(pipeline: Path, lines: list[str], after: int, name: str) -> bool:
    last = LINE.match(lines[after])
    end = "\r\n" if lines[after].endswith("\r\n") else "\n"
    if not lines[after].endswith("\n"):
        lines[after] += end
    lines.insert(after + 1, _line(last["indent"] if last else "  ", f"{FOLDER}/{name}", end, on=True))
    _write(pipeline, lines)
    return True


def _line(indent: str, path: str, rest: str, *, on: bool) -> str:
    return f"{indent}{'' if on else '# '}- {path}.yaml{rest}"


def _read(pipeline: Path) -> list[str]:
    """Lines with their ends, so that those that stay are the same bytes."""
    if not pipeline.is_file():
        raise ConfigError(f"{pipeline}: no such file; run this in the project's root")
    load(pipeline)  # no line is changed in a file that is not in order
    return re.findall(r"[^\n]*\n|[^\n]+", pipeline.read_bytes().decode("utf-8"))


def _write(pipeline: Path, lines: list[str]) -> None:
    with unfinished(pipeline) as fresh:
        fresh.write_bytes("".join(lines).encode("utf-8"))
        shutil.copymode(pipeline, fresh)
