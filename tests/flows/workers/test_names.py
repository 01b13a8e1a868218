"""A worker's name says where it runs, also where containers share the machine's name."""

from dataclasses import replace

import pytest

from flows.workers import names
from tasks.runtime import processes


def test_a_worker_of_another_container_is_not_of_here(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, me = names.new(), processes.identify()
    assert names.here(mine)
    for other in (replace(me, namespace="pid1"), replace(me, boot="another")):
        with monkeypatch.context() as patch:
            patch.setattr(processes, "identify", lambda other=other: other)
            theirs = names.new()
            assert names.here(theirs)
        assert not names.here(theirs)
