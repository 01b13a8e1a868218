"""Strict configuration: errors name file, entry and key, and say what would be right."""

import unicodedata
from dataclasses import field
from pathlib import Path
from typing import Literal

import pytest

from malmoi import config
from malmoi.config import ConfigError


@config.params
class Inner:
    units: int = 3


@config.params
class Outer:
    name: str
    kind: Literal["a", "b"] = "a"
    rate: float = 0.1
    sizes: list[int] = field(default_factory=list)
    inner: Inner = field(default_factory=Inner)


def test_reads_what_is_right() -> None:
    found = config.read(Outer, {"name": "x", "rate": 1, "sizes": [1, 2], "inner": {"units": 4}}, "here")
    assert found == Outer(name="x", rate=1.0, sizes=[1, 2], inner=Inner(units=4))
    with pytest.raises(AttributeError):
        found.name = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "x", "rat": 1}, "f.yaml: t.e: unknown key 'rat'; did you mean 'rate'? known keys: name, kind, rate, sizes, inner"),
        ({"name": "x", "inner": {"unit": 1}}, "unknown key 'inner.unit'; did you mean 'units'? known keys: units"),
        ({}, "f.yaml: t.e: missing key 'name'"),
        ({"name": 3}, "f.yaml: t.e: name: input should be a valid string, found 3"),
        ({"name": "x", "sizes": ["1"]}, "sizes.0: input should be a valid integer, found '1'"),
        ({"name": "x", "kind": "c"}, "kind: input should be 'a' or 'b', found 'c'"),
        ({"name": "x", "inner": 3}, "inner:"),
        ([1], "f.yaml: t.e: entry:"),
    ],
)
def test_errors_teach(data: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read(Outer, data, "f.yaml: t.e")
    assert message in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        config.read(Outer, {"rate": "x", "sizes": 1}, "here")
    assert len(str(caught.value).splitlines()) == 3


def test_entry_suggests_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("models:\n  lstm: {units: 3}\n  gru:\n")
    assert config.entry(tmp_path / "p.yaml", "models", "lstm") == {"units": 3}
    assert config.entry(tmp_path / "p.yaml", "models", "gru") == {}
    with pytest.raises(ConfigError, match="models has no entry 'lst'; did you mean 'lstm'"):
        config.entry(tmp_path / "p.yaml", "models", "lst")
    with pytest.raises(ConfigError, match="no table 'model'"):
        config.entry(tmp_path / "p.yaml", "model", "lstm")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", r"p.yaml:3: key 'a' is given twice"),
        ("a: {b: 1, b: 2}\n", "key 'b' is given twice"),
        ("- 1\n", "should hold a mapping"),
        ("a: [1\n", "not valid YAML"),
        ("a: [[[", r"p.yaml:2: not valid YAML"),  # cut short: the place is after the last line
        ("b: 가\na:\t1\n", r"p.yaml:2: .* a tab stands after `:` or `-`"),  # libyaml takes it, DVC does not
        ("a:\n  b: 1\n\tc: 2\n", r"p.yaml:3: .* a tab stands in front of a key"),
        ("a: !!timestamp x\n", "not of the kind that it is marked as"),
        ("a: !!bool x\n", "not of the kind that it is marked as"),
        ("a: 2024-13-99\n", "not of the kind that it is marked as"),
        (f"a: {'[' * 3000}{']' * 3000}\n", "nested too deeply"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        config.load(tmp_path / "p.yaml")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.load(tmp_path / "none.yaml")


def test_what_yaml_allows_is_allowed(tmp_path: Path) -> None:
    """A merge key; tabs in texts, comments and flow style."""
    (tmp_path / "p.yaml").write_text("a: &x {b: 1}\nc:\n  <<: *x\n  d: 'x\ty' #\tz\ne: {f: 1,\n\tg: 2}\n")
    assert config.load(tmp_path / "p.yaml") == {"a": {"b": 1}, "c": {"b": 1, "d": "x\ty"}, "e": {"f": 1, "g": 2}}


def test_an_entry_that_is_no_table_and_a_path_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("models: {lstm: [1, 2]}\n")
    with pytest.raises(ConfigError, match=r"models\.lstm should be a table"):
        config.entry(tmp_path / "p.yaml", "models", "lstm")
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        config.load(tmp_path / ("x" * 400))


@pytest.mark.parametrize("name", ["리뷰", "리뷰-2024", "10e", "nsmc_2", "Inf"])
def test_names(name: str) -> None:
    assert config.check_name(name, "f") == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(
            (name, "cannot be a name; one has letters of any script")
            for name in ("1e3", "1_000", "0o17", "0x1F", "2024", 2024, "a b", "a.b", "a/b")
        ),
        ("가" * 51, "at most 150 bytes"),  # 153 bytes
        (True, "YAML makes a yes or no of a name"),
        (None, "YAML makes nothing of a name"),
        (unicodedata.normalize("NFD", "리뷰"), "in parts"),
    ],
)
def test_names_that_cannot_work(name: object, said: str) -> None:
    """DVC reads YAML 1.2, where 1e3 and 0o17 are numbers, this project YAML 1.1, where 0x1F and 1_000 are."""
    with pytest.raises(ConfigError, match=said):
        config.check_name(name, "f")


def test_keys_inside_lists_are_looked_at_too() -> None:
    with pytest.raises(ConfigError, match=r"bills: number 2: YAML makes a yes or no of a key \(True\)"):
        config.read(dict[str, list[dict[str, int]]], {"bills": [{"a": 1}, {True: 1}]}, "x.yaml")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_a_tab_is_found_whatever_ends_the_lines(tmp_path: Path, end: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(f"a: 1{end}b:\t2{end}".encode())
    with pytest.raises(ConfigError, match=r"x\.yaml:2: .*a tab stands"):
        config.load(path)
