"""Trainings killed with kill -9, at steps and in the middle of a saving, through the stage itself: the same bytes as undisturbed ones."""

import csv
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import PARAMS, Tiny

from malmoi.batches import Epoch
from malmoi.experiments import Experiment
from tasks import _checkpoints, train

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def killed(tiny: Tiny, name: str, folder: Path, step: int = 0, save: int = 0) -> subprocess.CompletedProcess[str]:
    features = tiny.features(str(PARAMS["experiments"][name]["features"]))
    command = [sys.executable, str(ROOT / "tests/support/killed.py"), str(step), str(save), "train", name, "--params", str(tiny.params)]
    command += ["--features", str(features), "--out", str(folder / "out"), "--checkpoints", str(folder / "checkpoints")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MALMOI_TRACKING": "off"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


# review-gru: two seeds of 2 epochs of 2 batches; law-lstm: 2 epochs of some 20 windows. Steps are counted from where it goes on.
@pytest.mark.parametrize(
    ("name", "kills"),
    [("review-gru", [{"step": 3}, {"step": 4}]), ("law-lstm", [{"save": 15}, {"step": 11}])],
)
def test_killed_and_started_again_it_ends_with_the_same_bytes(tiny: Tiny, tmp_path: Path, name: str, kills: list[dict[str, int]]) -> None:
    for kill in kills:
        assert killed(tiny, name, tmp_path, **kill).returncode == -signal.SIGKILL
        assert any((tmp_path / "checkpoints" / name).rglob("training.npz"))
    ended = killed(tiny, name, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "taken up again after" in ended.stdout
    assert content(tmp_path / "out") == content(tiny.train(name))
    assert not (tmp_path / "checkpoints" / name).exists()


def test_seeds_that_are_through_are_not_trained_again(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = content(tiny.train("review-gru"))
    features, out, kept = tiny.features("review-ids"), tmp_path / "out", tmp_path / "checkpoints"
    learn, learned = train._learn, list[int]()

    def stop(model, splits, listener, place):  # type: ignore[no-untyped-def]
        learned.append(listener.about["seed"])
        if len(learned) == 2:
            raise KeyboardInterrupt
        return learn(model, splits, listener, place)

    monkeypatch.setattr(train, "_learn", stop)
    with pytest.raises(KeyboardInterrupt):
        train.run("review-gru", tiny.params, features, out, checkpoints=kept)
    train.run("review-gru", tiny.params, features, out, tmp_path / "cost.json", kept)
    assert learned == [1, 2, 2]
    assert content(out) == expected
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert [(row["seed"], row["epoch"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert not kept.joinpath("review-gru").exists()


def test_what_was_kept_and_is_damaged_is_trained_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Model:
        def save(self, folder: Path) -> None:
            folder.mkdir()
            (folder / "weights").write_text("1 2 3")

    place = _checkpoints.Places(tmp_path, "gru").of("a" * 64)
    assert place.finished() is None
    place.finish(Model(), {"history": [0.1]})
    assert place.finished() == {"history": [0.1]}
    assert _checkpoints.Places(tmp_path, "gru").of("b" * 64).finished() is None
    place.deliver(None, tmp_path / "bundle")
    assert (tmp_path / "bundle/weights").read_text() == "1 2 3"
    next(tmp_path.glob("gru/*/finished/model/weights")).write_text("1 2 4")
    assert place.finished() is None
    assert "is not what this seed would be now; it is trained anew" in capsys.readouterr().err
    assert not list(tmp_path.glob("gru/*/finished"))
    _checkpoints.Places(tmp_path, "gru").remove()
    assert not (tmp_path / "gru").exists()
    _checkpoints.Places(None, "gru").of("a").finish(Model(), {})
    assert list(tmp_path.iterdir()) == [tmp_path / "bundle"]


def test_epochs_of_before_are_told_once_and_without_a_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[tuple[int, dict[str, float], float, float]] = []

    class Live:
        def epoch(self, *told) -> None:  # type: ignore[no-untyped-def]
            sent.append(told)

    monkeypatch.setattr("tasks._tracking.live", lambda **header: Live())
    experiment = Experiment(problem="classify", corpus="review", features="review-ids", model={"family": "recurrent"})
    listener = train.Listener("gru", experiment, 7, {"key": "k", "recipe": "r"})
    listener.resumed([Epoch(1, 3, 0.5, 0.25, {"learning_rate": 0.1})], 4)
    listener.epoch(Epoch(2, 3, 0.4, 0.2))
    assert [(number, math.isnan(seconds)) for number, _, seconds, _ in sent] == [(1, True), (2, False)]
    assert sent[0][1] == {"train_loss": 0.5, "valid_loss": 0.25, "learning_rate": 0.1}
    assert [(row["seed"], row["epoch"], row["valid_loss"]) for row in listener.history] == [(7, 1, 0.25), (7, 2, 0.2)]
    assert "gru seed 7: taken up again after 1 epochs and 4 batches" in capsys.readouterr().out
