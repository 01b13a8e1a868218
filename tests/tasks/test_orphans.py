"""Models that belong to no version are what a kill between the two has left."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import _abandoned, _orphans, _tracking


def test_only_models_that_no_version_refers_to_are_deleted(
    empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = _tracking.store()
    place = _tracking.place(store, "classify", "bills")
    names = {"used": "one", "lost": "one", "other": "two"}
    made = {name: store.client.create_logged_model(place, name, tags={"malmoi.key": key}).model_id for name, key in names.items()}
    store.client.create_registered_model("classify-bills")
    store.client.create_model_version("classify-bills", f"models:/{made['used']}", tags={"malmoi.key": "one"}, model_id=made["used"])
    time.sleep(0.002)  # a model's age is counted in milliseconds
    assert _orphans.clear(replace(store, folder=None), place, "one") == 0  # on a server it may be somebody's who registers it just now
    assert _orphans.clear(store, place, "one") == 1
    assert {model.name for model in store.client.search_logged_models([place])} == {"used", "other"}
    [version] = store.client.search_model_versions("name = 'classify-bills'")
    _orphans.withdraw(store, version)
    assert {model.name for model in store.client.search_logged_models([place])} == {"other"}
    assert store.client.search_model_versions("name = 'classify-bills'") == []


def test_on_a_server_the_dead_leave_models_to_whoever_comes_next(
    empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of a process that is dead, or of an earlier try of this one; not of one that lives, nor of another machine's."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = replace(_tracking.store(), folder=None)
    place = _tracking.place(store, "classify", "bills")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        dead = _abandoned.writer().rpartition(":")[0] + ":1"  # this PID, of a process that began with the machine
        writers = {"dead": dead, "mine": _abandoned.writer(), "living": _abandoned.writer(other.pid), "elsewhere": "another-machine:7:1"}
        for name, writer in writers.items():
            store.client.create_logged_model(place, name, tags={"malmoi.key": "one", _abandoned.WRITER: writer})
        assert _orphans.clear(store, place, "one") == 2
        other.communicate(b"\n")
    assert {model.name for model in store.client.search_logged_models([place])} == {"living", "elsewhere"}
