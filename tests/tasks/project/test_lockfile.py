"""dvc.lock is parsed once for the same content, and as PyYAML's own parser does."""

from pathlib import Path

import yaml

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
