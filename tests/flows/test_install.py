"""Setting up: what is wrong with a Python is said before anything is made, and the lock is one that any index can serve."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows import install

ROOT = Path(__file__).resolve().parents[2]


def test_a_python_that_cannot_run_this_is_told_so() -> None:
    assert "Python 3.9 cannot run this" in install.problem((3, 9), True)
    assert "3.14 cannot" in install.problem((3, 14), True)
    assert "python3-venv" in install.problem((3, 12), False)
    assert install.problem((3, 11), True) == ""


def test_it_imports_nothing_that_is_not_there_before_the_installation() -> None:
    code = "import sys; sys.argv = ['x']; import runpy; runpy.run_path('flows/install.py', run_name='not main')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_stamp_is_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    (tmp_path / "lock").write_text("a==1\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    assert not install.up_to_date()
    (tmp_path / "stamp").write_text("a==1\n")
    assert install.up_to_date()
    (tmp_path / "lock").write_text("a==2\n")
    assert not install.up_to_date()


def test_packages_are_counted() -> None:
    assert install.pinned("a==1 \\\n    --hash=sha256:00\n# b==3\nc==2 ; sys_platform == 'linux' \\\n    --hash=sha256:11\n") == 2
