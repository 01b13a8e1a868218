"""Checkpoints: there whole or not at all, read only by what made them, set aside where they are broken."""

import json
from pathlib import Path

import numpy as np
import pytest

from malmoi.batches import Epoch
from malmoi.checkpoints import Checkpoint, heard, told


def saved(path: Path, made_by: str = "x") -> Checkpoint:
    checkpoint = Checkpoint(path, made_by, 0.0)
    parts = {"weights": [np.full(3, place, np.float32) for place in range(12)], "none": [], "seed": [np.array([2**64 - 1], np.uint64)]}
    checkpoint.save({"best": float("inf"), "random": {"state": 2**100}, "first": 0.1}, parts)
    return checkpoint


def test_what_is_saved_comes_back_exactly(tmp_path: Path) -> None:
    found = saved(tmp_path / "deep/training.npz").load()
    assert found is not None
    assert (found.about["best"], found.about["random"], found.about["first"]) == (float("inf"), {"state": 2**100}, 0.1)
    assert [int(one[0]) for one in found.part("weights")] == list(range(12)), "in their order, 10 after 9"
    assert found.part("none") == []
    assert found.part("seed")[0].tolist() == [2**64 - 1]
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["training.npz"]


def test_a_save_that_was_killed_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = saved(tmp_path / "training.npz")

    def die(handle: int) -> None:
        raise MemoryError

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(MemoryError):
        checkpoint.save({"first": 7.0}, {"weights": [np.zeros(3)]})
    monkeypatch.undo()
    assert (tmp_path / "training.part").exists()
    found = checkpoint.load()
    assert found is not None
    assert found.about["first"] == 0.1
    assert saved(tmp_path / "training.npz").load() is not None, "and the half-written one is written over"


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_one_that_is_broken_is_set_aside_and_said(tmp_path: Path, damage: str) -> None:
    checkpoint = saved(tmp_path / "training.npz")
    whole = bytearray(checkpoint.path.read_bytes())
    place = whole.index(np.full(3, 5, np.float32).tobytes())
    flipped = bytes(whole[:place] + b"\xff" + whole[place + 1 :])
    broken = {"cut": bytes(whole[: len(whole) // 2]), "flipped": flipped, "empty": b"", "text": b"no numbers"}
    checkpoint.path.write_bytes(broken[damage])
    warnings: list[str] = []
    checkpoint.warn = warnings.append
    assert checkpoint.load() is None
    assert len(warnings) == 1
    assert "it is now training.broken, and training starts anew" in warnings[0]
    assert (tmp_path / "training.broken").read_bytes() == broken[damage]
    assert not checkpoint.path.exists()


def test_another_training_does_not_take_it_up(tmp_path: Path) -> None:
    saved(tmp_path / "training.npz", "one version")
    other, warnings = Checkpoint(tmp_path / "training.npz", "another version", 0.0), list[str]()
    other.warn = warnings.append
    assert other.load() is None
    assert "other code, or on other libraries" in warnings[0]
    assert Checkpoint(tmp_path / "nothing.npz", "x", 0.0).load() is None


def test_it_is_due_by_the_clock(tmp_path: Path) -> None:
    assert not Checkpoint(tmp_path / "a", "x", 1e6).due
    assert saved(tmp_path / "training.npz").due
    with pytest.raises(ValueError, match="allow_pickle"):
        Checkpoint(tmp_path / "b", "x", 0.0).save({}, {"weights": [np.array([{}])]})


def test_epochs_go_through_json() -> None:
    epochs = [Epoch(1, 9, 0.1 + 0.2, 1e-17, {"learning_rate": 0.3}), Epoch(2, 9, float("inf"), 1.0)]
    assert heard(json.loads(json.dumps(told(epochs)))) == epochs
