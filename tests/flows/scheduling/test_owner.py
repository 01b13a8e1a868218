"""Whose a deployment is, and whether its owner still serves it."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.scheduling import owner
from tasks.runtime import processes


def deployment(tags: list[str], status: str = "NOT_READY") -> Any:
    return SimpleNamespace(tags=["malmoi", *tags], status=SimpleNamespace(value=status))


def test_a_folder_keeps_its_id_and_a_copy_is_another(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = owner.of_this(tmp_path / "one")
    assert owner.of_this(tmp_path / "one") == first
    (tmp_path / "two/.malmoi").mkdir()
    (tmp_path / "two/.malmoi/serve-id").write_text((tmp_path / "one/.malmoi/serve-id").read_text())
    assert owner.of_this(tmp_path / "two").folder != first.folder
    shutil.move(tmp_path / "one", tmp_path / "backup")
    shutil.copytree(tmp_path / "backup", tmp_path / "one")  # the same path, as on another machine
    assert owner.of_this(tmp_path / "one").folder != first.folder
    shutil.rmtree(tmp_path / "one")
    shutil.move(tmp_path / "backup", tmp_path / "one")
    assert owner.owner_of(deployment(first.tags)) == first
    assert owner.owner_of(deployment([])) is None


def test_another_owner_is_one_of_another_folder_that_serves_now(tmp_path: Path) -> None:
    me = owner.of_this(tmp_path)
    living = replace(me, folder="another")
    child = subprocess.Popen(["sleep", "60"])
    dead = replace(living, process=str(processes.identify(child.pid)))
    child.kill()
    child.wait()
    container = replace(living, process=str(replace(processes.identify(), namespace="pid1")))
    assert owner.other_owner(deployment(me.tags, "READY"), me) is None
    assert owner.other_owner(deployment([]), me) is None
    assert "an earlier version" in owner.other_owner(deployment([], "READY"), me).place
    for status in ("READY", "NOT_READY"):
        assert owner.other_owner(deployment(living.tags, status), me) == living
        assert owner.other_owner(deployment(dead.tags, status), me) is None
    assert owner.other_owner(deployment(container.tags, "READY"), me) == container
    assert owner.other_owner(deployment(container.tags, "NOT_READY"), me) is None


def test_only_what_is_known_to_have_ended_is_marked_as_crashed(tmp_path: Path) -> None:
    me = owner.of_this(tmp_path)
    living = replace(me, folder="another")
    cases = {
        "mine": (me, True),
        "living": (living, False),
        "dead": (replace(living, process=str(replace(processes.identify(), began=1))), True),
        "container": (replace(living, process=str(replace(processes.identify(), namespace="pid1"))), False),
        "machine": (replace(living, process="boot:pid1:7:9"), False),
    }
    assert {name: owner.ended(deployment(one.tags), me) for name, (one, _) in cases.items()} == {
        name: it for name, (_, it) in cases.items()
    }
    assert not owner.ended(deployment([]), me)


@pytest.mark.parametrize("process", ["", "a host:7"])
def test_a_refusal_names_the_other_as_far_as_it_is_known(process: str, tmp_path: Path) -> None:
    said = owner.refusal("retrain/scheduled", owner.Owner("another", process, "a-host:/srv/malmoi"))
    assert "retrain/scheduled is served by a-host:/srv/malmoi; end that one" in said
