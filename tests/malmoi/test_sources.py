"""Which code a file runs."""

from pathlib import Path

import pytest

from malmoi import sources


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "models/deep.py": "def build():\n    from malmoi.models import _layer\n",
        "models/_layer.py": "import numpy\nfrom malmoi.arrays import zeros\nfrom malmoi import config\n",
        "arrays.py": "from malmoi.models import deep\n",
        "config.py": "",
        "unused.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "malmoi" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_imports_are_followed_round_and_round(project: Path) -> None:
    found = sources.closure("malmoi/models/deep.py", root=project)
    assert found == {"malmoi/models/deep.py", "malmoi/models/_layer.py", "malmoi/arrays.py"}


def test_the_digest_changes_with_the_code_that_is_run_and_no_other(project: Path) -> None:
    before = sources.digest("malmoi/models/deep.py", root=project)
    for name in ("unused.py", "config.py"):
        (project / "malmoi" / name).write_text("x = 1\n")
    assert sources.digest("malmoi/models/deep.py", root=project) == before
    (project / "malmoi/arrays.py").write_text("x = 1\n")
    assert sources.digest("malmoi/models/deep.py", root=project) != before


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        sources.digest("malmoi/models/none.py")
