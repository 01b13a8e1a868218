"""data.dvc as DVC writes it, checked against DVC itself."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from malmoi.config import ConfigError
from tasks import _pins
from tasks._pins import Pin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "bills"
    (path / "more").mkdir(parents=True)
    (path / "1.txt").write_text("하나\n", encoding="utf-8")
    (path / "가.txt").write_text("", encoding="utf-8")
    (path / "more" / "2.txt").write_text("two\r\n", encoding="utf-8")
    return path


def test_a_pin_counts_files_and_bytes_and_depends_on_names_and_content(folder: Path) -> None:
    pin = _pins.of_folder(folder)
    assert (pin.size, pin.nfiles) == (12, 3)  # 하나 is six bytes
    (folder / "1.txt").rename(folder / "0.txt")
    assert _pins.of_folder(folder).md5 != pin.md5


def test_pins_are_sorted_kept_and_replaced(tmp_path: Path) -> None:
    pins = tmp_path / "data.dvc"
    assert _pins.find(pins, tmp_path / "data" / "b") is None
    assert _pins.put(pins, tmp_path / "data" / "b", Pin("2.dir", 2, 1))
    pins.write_text(pins.read_text() + "  desc: mine\n")
    assert _pins.put(pins, tmp_path / "data" / "a", Pin("1.dir", 1, 1))
    assert not _pins.put(pins, tmp_path / "data" / "a", Pin("1.dir", 1, 1))
    assert _pins.put(pins, tmp_path / "data" / "b", Pin("3.dir", 3, 1))
    assert yaml.safe_load(pins.read_text()) == {
        "outs": [
            {"path": "data/a", "md5": "1.dir", "size": 1, "nfiles": 1, "hash": "md5"},
            {"path": "data/b", "md5": "3.dir", "size": 3, "nfiles": 1, "hash": "md5", "desc": "mine"},
        ]
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [".malmoi", "data.dvc"]  # its lock is in a folder that git ignores


@pytest.mark.parametrize(
    "content",
    ["outs: [", "outs: 3", "- a", "outs: [{path: 1}]", "outs: [{path: data/a, size: 2024-13-99}]", "outs: [{path: data/a, size: x}]"],
)
def test_a_damaged_file_is_an_error(tmp_path: Path, content: str) -> None:
    pins = tmp_path / "data.dvc"
    pins.write_text(content)
    with pytest.raises(ConfigError, match=r"data\.dvc"):
        _pins.find(pins, tmp_path / "data" / "a")


def test_dvc_finds_the_same(folder: Path, tmp_path: Path) -> None:
    """What is written here is what `dvc commit` would write, and `dvc status` finds nothing changed."""
    pins = tmp_path / "data.dvc"
    _pins.put(pins, folder, _pins.of_folder(folder))
    written = pins.read_text()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "DVC_NO_ANALYTICS": "1", "LANG": "C.UTF-8"}

    def run(*command: str) -> str:
        return subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout

    run(sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet")
    run(sys.executable, "-m", "dvc", "commit", "--force", "--quiet", "data.dvc")
    assert yaml.safe_load(pins.read_text()) == yaml.safe_load(written)
    assert "up to date" in run(sys.executable, "-m", "dvc", "status", "data.dvc")
