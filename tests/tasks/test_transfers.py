"""A model's files may take longer than a question; a person's own setting is left as it is."""

import os

import pytest

from tasks import _store, _transfers

PATIENT = _transfers.SECONDS


@pytest.mark.parametrize(("before", "inside"), [(None, PATIENT), (_store.SETTINGS[_transfers.TIMEOUT], PATIENT), ("7", "7")])
def test_requests_are_given_time_and_then_hurried_again(before: str | None, inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if before is None:
        monkeypatch.delenv(_transfers.TIMEOUT, raising=False)
    else:
        monkeypatch.setenv(_transfers.TIMEOUT, before)

    @_transfers.unhurried()
    def bring() -> str:
        seen.append(os.environ[_transfers.TIMEOUT])
        raise OSError("S3 is gone")

    seen: list[str] = []
    with pytest.raises(OSError, match="S3 is gone"):
        bring()
    assert seen == [inside]
    assert os.environ[_transfers.TIMEOUT] == (before or _store.SETTINGS[_transfers.TIMEOUT])
