"""Files that only their owner may read."""

import os
import stat
from pathlib import Path

import pytest

from tasks.runtime.files import write_private


def test_a_private_file_is_its_owners_alone_from_its_first_moment_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes, opened = [], os.open

    def noted(name: str, flags: int, mode: int = 0o777) -> int:
        found = opened(name, flags, mode)
        modes.append(stat.S_IMODE(os.fstat(found).st_mode))
        return found

    monkeypatch.setattr(os, "open", noted)
    before = os.umask(0)
    try:
        write_private(tmp_path / "secret", "말모이")
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert (tmp_path / "secret").read_text(encoding="utf-8") == "말모이"
