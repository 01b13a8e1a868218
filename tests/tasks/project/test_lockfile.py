"""dvc.lock is parsed once for the same content, and as PyYAML's own parser does."""

from pathlib import Path

import pytest
import yaml

from malmoi.config import ConfigError
from tasks.project import lockfile

ROOT = Path(__file__).resolve().parents[3]


def test_the_projects_own_is_read_as_pyyaml_reads_it() -> None:
    file = ROOT / lockfile.NAME
    assert lockfile.stages(file) == yaml.safe_load(file.read_text(encoding="utf-8"))["stages"]
    assert lockfile.stages(file) is lockfile.stages(file)


def test_none_is_empty_and_a_new_content_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "dvc.lock"
    assert lockfile.stages(file) == {}
    file.write_text("schema: '2.0'\n")
    assert lockfile.stages(file) == {}
    file.write_text("stages: {a: {cmd: true}}\n")
    assert lockfile.stages(file) == {"a": {"cmd": True}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages:\n<<<<<<< HEAD\n  a: {}\n=======\n  b: {}\n>>>>>>> theirs\n", "git left a conflict in it: take either side"),
        ("stages:\n  a:\n    cmd: b: c\n", r"not as DVC writes it \(line 3\): take that of a commit"),
        ("stages:\n  a: !!int x\n", "take that of a commit"),
        ("stages: 3\n", "take that of a commit"),
        ("[1]\n", "take that of a commit"),
    ],
)
def test_what_is_none_says_how_to_mend_it(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "dvc.lock"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        lockfile.stages(file)
    file.write_bytes(text.encode() + b"\xff")
    with pytest.raises(ConfigError, match=said):
        lockfile.stages(file)
