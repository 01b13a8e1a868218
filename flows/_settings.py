"""One key of a params file: found as DVC names it, and changed in place, so that comments and layout stay as a person wrote them.

`params/experiments/bills.yaml:experiments.bills-gru.model.units` is a file and a dotted key; without a file it is in params.yaml. A `+`
before the key, `bills.yaml:+experiments.bills-gru.model.dropout`, adds one that is not there, as in `dvc exp run -S`.
"""

import difflib
from pathlib import Path
from typing import Any

import yaml

from malmoi.config import ConfigError
from tasks.runtime.files import write_whole

FILE = "params.yaml"  # what DVC takes where a key names no file


def split(name: str) -> tuple[str, str]:
    """File and dotted key, without a `+`.

    >>> split("params/x.yaml:model.units"), split("level")
    (('params/x.yaml', 'model.units'), ('params.yaml', 'level'))
    """
    file, _, key = name.rpartition(":")
    return file or FILE, key.removeprefix("+")


def is_new(name: str) -> bool:
    """Whether the key is to be added."""
    return name.rpartition(":")[2].startswith("+")


def look(root: Path, name: str, where: str) -> Any:
    """The value that a key has now, None for one that is to be added.

    Raises ConfigError, naming `where` and what there is, for a file or key that does not exist, or does but should not.
    """
    file, key = split(name)
    if not (root / file).is_file():
        near = difflib.get_close_matches(file, [str(path.relative_to(root)) for path in _files(root)], n=1)
        raise ConfigError(f"{where}: no such file: {file}{f'; did you mean {near[0]}?' if near else ''} A key is written FILE:KEY.NAME")
    found, parts = _load(root / file, where), key.split(".")
    for depth, part in enumerate(parts[:-1] if is_new(name) else parts):
        if not isinstance(found, dict) or part not in found:
            place = f"{file}: {'.'.join(parts[:depth])}" if depth else file
            raise ConfigError(f"{where}: {place} has no key {part!r}; {_there(found, part)} (a + before the key adds a new one)")
        found = found[part]
    return _new(found, parts, f"{where}: {file}") if is_new(name) else found


def _new(parent: Any, parts: list[str], where: str) -> None:
    """A key that is to be added to `parent`."""
    if not isinstance(parent, dict):
        raise ConfigError(f"{where}: {'.'.join(parts[:-1])} is {parent!r}, to which no key can be added")
    if parts[-1] in parent:
        raise ConfigError(f"{where}: {'.'.join(parts[:-1]) or 'the file'} has a key {parts[-1]!r} already; take the + away")


def _there(found: Any, part: str) -> str:
    """What a person may have meant."""
    if not isinstance(found, dict):
        return f"there is a value: {found!r}"
    names = [str(name) for name in found]
    near = difflib.get_close_matches(part, names, n=1)
    return f"{f'did you mean {near[0]!r}? ' if near else ''}there are: {', '.join(names)}"


def _files(root: Path) -> list[Path]:
    return [*root.glob("*.yaml"), *root.glob("params/**/*.yaml")]


def _load(path: Path, where: str) -> Any:
    from dvc.utils.serialize import LOADERS, ParseError

    try:
        return LOADERS[path.suffix](str(path))
    except ParseError as error:
        raise ConfigError(f"{where}: {path.name} cannot be read: {error}") from None


def change(root: Path, values: dict[str, Any]) -> None:
    """Give keys that `look` has found new values.

    A value on one line of a YAML file is replaced where it stands; for others the file is written anew as `dvc exp run -S` does it.
    """
    for name, value in values.items():
        file, key = split(name)
        path, parts = root / file, key.split(".")
        if path.suffix not in (".yaml", ".yml") or not _replaced(path, parts, value):
            _rewritten(path, parts, value)


def _replaced(path: Path, parts: list[str], value: Any) -> bool:
    """Whether the text of one value could be replaced by that of another, and the file then says what it should."""
    text = path.read_bytes().decode("utf-8")
    tree = yaml.compose(text)
    node, parent = _node(tree, parts), _node(tree, parts[:-1])
    if node is not None and (isinstance(node, yaml.ScalarNode) or node.flow_style):
        fresh = text[: node.start_mark.index] + written(value) + text[node.end_mark.index :]
    elif node is None and isinstance(parent, yaml.MappingNode) and parent.flow_style:
        end = parent.end_mark.index - 1
        fresh = f"{text[:end].rstrip()}{', ' if parent.value else ''}{parts[-1]}: {written(value)}{text[end:]}"
    else:
        return False
    wanted = inner = yaml.safe_load(text)
    for part in parts[:-1]:
        inner = inner[part]
    inner[parts[-1]] = value
    try:
        if yaml.safe_load(fresh) != wanted:  # an anchor that other keys use, say
            return False
    except yaml.YAMLError:
        return False
    write_whole(path, fresh)
    return True


def written(value: Any) -> str:
    """A value as YAML on one line, which PyYAML (1.1) and ruamel (1.2) read alike.

    >>> written(1e-05), written([1, 2]), written("lstm"), written(None)
    ('1.0e-05', '[1, 2]', 'lstm', 'null')
    """
    lines = yaml.safe_dump(value, default_flow_style=True, width=10**9, allow_unicode=True).splitlines()
    return lines[0]


def _node(node: Any, parts: list[str]) -> Any:
    """The node of a key, or None."""
    for part in parts:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == part), None)
    return node


def _rewritten(path: Path, parts: list[str], value: Any) -> None:
    from dvc.utils.serialize import MODIFIERS

    with MODIFIERS[path.suffix](str(path)) as data:
        inner = data
        for part in parts[:-1]:
            inner = inner[part]
        inner[parts[-1]] = value
