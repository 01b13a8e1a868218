"""The clone of a trial: it has what it needs of DVC's local settings, and no credential."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows import trials

LOCAL = """\
[core]
    autostage = false
['remote "team"']
    url = s3://team/store
    endpointurl = https://name:s3cret@s3.example.org
    access_key_id = s3cret
    secret_access_key = s3cret
['remote "shelf"']
    url = ssh://somebody:s3cret@example.org/store
    password = s3cret
[studio]
    token = s3cret
"""


def call(folder: Path, *command: str) -> str:
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def trial(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """DVC's root in the clone of a trial of a project whose local settings hold credentials."""
    call(project, sys.executable, "-m", "dvc", "config", "core.remote", "team")
    call(project, "git", "add", "-A")
    call(project, "git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "as it is")
    (project / ".dvc/config.local").write_text(LOCAL)
    monkeypatch.chdir(project)
    before = os.umask(0o022)
    try:
        return trials.make(trials.project(), tmp_path / "trial", {})
    finally:
        os.umask(before)


def test_no_credential_is_copied(trial: Path) -> None:
    settings = trial / ".dvc/config.local"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    found = [path for path in trial.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert found == []


def test_it_still_knows_the_cache_and_where_remotes_are(trial: Path, project: Path) -> None:
    listed = call(trial, sys.executable, "-m", "dvc", "remote", "list")
    assert "s3://team/store" in listed
    assert "ssh://example.org/store" in listed
    assert call(trial, sys.executable, "-m", "dvc", "cache", "dir").strip() == str(project / ".dvc/cache")
    assert call(trial, sys.executable, "-m", "dvc", "config", "core.autostage").strip() == "false"
