"""Strict configuration: frozen dataclasses beside the code they configure, read by one reader.

An unknown key or a wrong type is an error that names file, entry and key, and says what would be right, before any slow work starts.
"""

import difflib
import json
import re
import unicodedata
from collections.abc import Hashable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast, dataclass_transform

import yaml

T = TypeVar("T")
NAME = re.compile(r"[^\W_][\w-]*")
NUMBER = re.compile(r"[\d_]+(e\d+)?|0[xob][\da-f_]+", re.IGNORECASE)  # what one of two YAML versions takes for a number
BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # where YAML ends a line
LONGEST = 150  # bytes of a name; it is a part of file names, which have 255


class ConfigError(ValueError):
    """What a person wrote in params/ (or gave as data) cannot be right; the message says where and how to mend it."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def params(cls: type[T]) -> type[T]:
    """Class decorator: a frozen, keyword-only dataclass that `read` checks strictly (no unknown keys, no silent conversions)."""
    cls.__pydantic_config__ = {"extra": "forbid", "strict": True}  # type: ignore[attr-defined]
    return dataclass(frozen=True, kw_only=True)(cls)


def read(schema: type[T], data: object, where: str) -> T:
    """`data` (from YAML) as a `schema`; `where` names file and entry for the error.

    >>> from malmoi.tokenizers.characters import Params
    >>> read(Params, {"limit": 3}, "params/experiments/law.yaml: tokens.law-characters")
    Traceback (most recent call last):
    malmoi.config.ConfigError: params/experiments/law.yaml: tokens.law-characters: unknown key 'limit'; ...
    """
    from pydantic import ValidationError

    _check_keys(data, where)
    try:
        # as JSON: there strict mode takes a mapping for a dataclass, yet no "3" for 3
        return _adapter(cast(Any, schema)).validate_json(json.dumps({} if data is None else data, default=str))
    except ValidationError as error:
        lines = [_explain(dict(problem), schema) for problem in error.errors(include_url=False)]
        raise ConfigError("\n".join(f"{where}: {line}" for line in lines)) from None


def _check_keys(data: object, where: str) -> None:
    """Raise ConfigError for a key of which YAML has made something else than what was written: `yes:` is True, `010:` is 8."""
    for key, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(key, str):
            kind = "a yes or no" if isinstance(key, bool) else "a number" if isinstance(key, int | float) else type(key).__name__
            raise ConfigError(f'{where}: YAML makes {kind} of a key ({key!r}); put it in quotation marks, as it is meant: "..."')
        _check_keys(value, f"{where}.{key}")
    for number, value in enumerate(data, 1) if isinstance(data, list) else ():
        _check_keys(value, f"{where}: number {number}")


@cache
def _adapter(schema: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(schema)


def _explain(problem: dict[str, Any], schema: type) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = _keys(schema, problem["loc"][:-1])
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"unknown key {path!r}; {hint}known keys: {', '.join(known) or 'none'}"
    if problem["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return f"missing key {path!r}"
    return f"{path or 'entry'}: {problem['msg'][0].lower()}{problem['msg'][1:]}, found {problem['input']!r}"


def _keys(schema: Any, path: tuple[Any, ...]) -> list[str]:
    for part in path:
        if not is_dataclass(schema):
            return []
        schema = next((field.type for field in fields(schema) if field.name == part), None)
    return [field.name for field in fields(schema)] if is_dataclass(schema) else []


class _SlipError(Exception):
    """What YAML allows and we do not, in a line of the file."""

    def __init__(self, line: int, said: str) -> None:
        super().__init__(said)
        self.line = line


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml, where PyYAML was built with it
    """Safe loader that refuses a key given twice (PyYAML keeps the last one and says nothing)."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key, _ in node.value:
        if key.tag == "tag:yaml.org,2002:merge":  # `<<: *other`
            continue
        name = loader.construct_object(key, deep=True)
        if not isinstance(name, Hashable):
            raise _SlipError(key.start_mark.line + 1, f"a key should be a name, found {type(name).__name__}")
        if name in seen:
            raise _SlipError(key.start_mark.line + 1, f"key {name!r} is given twice; keep one")
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises ConfigError where it is missing, is no YAML, no mapping, or names a key twice."""
    text = _text(path)
    try:
        loaded = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except _SlipError as error:
        raise ConfigError(f"{path}:{error.line}: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_place(error)}: not valid YAML: {_what(error, text)}") from None
    except ConfigError:
        raise
    except RecursionError:
        raise ConfigError(f"{path}: not valid YAML: nested too deeply; is a bracket missing?") from None
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # a day 2024-13-99, `!!timestamp x`, `!!bool x`
        raise ConfigError(f"{path}: not valid YAML: a value that is not of the kind that it is marked as ({error})") from None
    if line := _tabbed(text):
        raise ConfigError(f"{path}:{line}: not valid YAML: a tab stands after `:` or `-`; YAML wants spaces")
    if not isinstance(loaded, dict):
        found = "nothing" if loaded is None else type(loaded).__name__
        raise ConfigError(f"{path}: should hold a mapping (key: value), found {found}")
    return loaded


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder, should be a file") from None
    except OSError as error:
        raise ConfigError(f"{str(path)[:LONGEST]}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8") from None


def _tabbed(text: str) -> int:
    """The line (from 1) in which a tab parts a key from its value, or 0. libyaml takes it, but DVC does not and names no line."""
    if "\t" not in text:
        return 0
    lines = BREAK.split(text)
    tokens = list(yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for before, token in pairwise(tokens):
        end, start = before.end_mark, token.start_mark
        parts = isinstance(before, yaml.ValueToken | yaml.BlockEntryToken) and end.line == start.line
        if parts and "\t" in lines[start.line][end.column : start.column]:
            return int(start.line) + 1
    return 0


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _what(error: yaml.YAMLError, text: str) -> str:
    """What is wrong, in a line, with a cure where it is known."""
    said, mark = " ".join(str(getattr(error, "problem", None) or error).split()), getattr(error, "problem_mark", None)
    lines = BREAK.split(text)
    if mark and mark.line < len(lines) and lines[mark.line][: mark.column + 1].endswith("\t"):  # a file cut short: after its last line
        return "a tab stands in front of a key; YAML wants spaces"
    if "mapping values are not allowed" in said:
        return f"{said}; a value that holds a colon and a space wants quotation marks"
    return said


def check_name(name: object, where: str) -> str:
    """The name of an entry, where one can be worked with: it becomes part of file names, of DVC's stages and of commands.

    Raises ConfigError, beginning with `where`, for another one.

    >>> check_name("리뷰-2024", "params/corpora.yaml: corpora")
    '리뷰-2024'
    """
    if name is None or isinstance(name, bool):
        kind = "nothing" if name is None else "a yes or no"
        raise ConfigError(f"{where}: YAML makes {kind} of a name ({name!r}); put it in quotation marks")
    if isinstance(name, str) and unicodedata.normalize("NFC", name) != name:
        raise ConfigError(f"{where}: {name!r} cannot be a name: its letters are in parts (NFD, as on a Mac); type it anew")
    if isinstance(name, str) and NAME.fullmatch(name) and not NUMBER.fullmatch(name) and len(name.encode()) <= LONGEST:
        return name
    shown = repr(name) if len(str(name)) <= LONGEST else f"{str(name)[:LONGEST]!r}..."
    rule = f"letters of any script, digits, - and _, begins with a letter or digit, is no number, and takes at most {LONGEST} bytes"
    raise ConfigError(f"{where}: {shown} cannot be a name; one has {rule}")


def entry(path: Path, table: str, name: str) -> dict[str, Any]:
    """Entry `name` of the top-level `table` in a YAML file. Raises ConfigError with the names there are."""
    entries = load(path).get(table)
    if not isinstance(entries, dict):
        raise ConfigError(f"{path}: no table {table!r}")
    if name not in entries:
        near = difflib.get_close_matches(name, [str(key) for key in entries], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"{path}: {table} has no entry {name!r}; {hint}there are: {', '.join(map(str, entries))}")
    found = entries[name]
    if not isinstance(found, dict | None):
        raise ConfigError(f"{path}: {table}.{name} should be a table (KEY: value), found {type(found).__name__}")
    return dict(found or {})
