"""What is said of a training, and what is kept."""

import csv
import math
from pathlib import Path

import pytest

from malmoi.batches import Epoch, Step
from tasks import _teller


class Told(_teller.Teller):
    """Remembers what it was told to tell others."""

    def __init__(self) -> None:
        super().__init__("gru seed 7", {"seed": 7})
        self.sent: list[tuple[int, dict[str, float], float, float]] = []

    def passed(self, number: int, losses: dict[str, float], seconds: float, left: float) -> None:
        self.sent.append((number, losses, seconds, left))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that is told, as its last number."""
    times = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: times[-1])
    return times


def test_an_epoch_is_said_with_what_is_left(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()
    clock.append(130.0)
    told.epoch(Epoch(1, 3, 0.5, 0.25, {"learning_rate": 0.1}))
    said = "gru seed 7: epoch 1/3, train_loss 0.5000, valid_loss 0.2500, learning_rate 0.1000, 30.0 s, about 60 s left\n"
    assert capsys.readouterr().out == said
    losses = {"train_loss": 0.5, "valid_loss": 0.25, "learning_rate": 0.1}
    assert told.history == [{"seed": 7, "epoch": 1, **losses}]
    assert told.sent == [(1, losses, 30.0, 60.0)]


def test_what_was_before_counts_for_no_time(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()
    told.resumed([Epoch(1, 3, 0.5, 0.25)], 4)
    assert math.isnan(told.sent[0][2])
    clock.append(101.0)
    told.step(Step(2, 5, 10, 0.75))
    clock.append(111.0)
    told.step(Step(2, 7, 10, 0.75))  # two batches in ten seconds, and three are to come
    clock.append(121.0)
    told.epoch(Epoch(2, 3, 0.4, 0.2))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "gru seed 7: taken up again after 1 epochs and 4 batches"
    assert lines[1] == "gru seed 7: epoch 2, batch 7/10, loss 0.7500, about 15 s left of the epoch"
    assert lines[2].endswith(", 21.0 s, about 20 s left")


def test_what_starts_once_is_not_taken_for_the_pace(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()
    clock.append(150.0)  # tracing, compiling
    told.step(Step(1, 1, 10, 0.75))
    clock.append(156.0)
    told.step(Step(1, 4, 10, 0.5))
    clock.append(168.0)
    told.epoch(Epoch(1, 2, 0.4, 0.2))
    clock.append(180.0)
    told.step(Step(2, 10, 10, 0.5))
    said = [line.removeprefix("gru seed 7: epoch ") for line in capsys.readouterr().out.splitlines()]
    assert said[0] == "1, batch 1/10, loss 0.7500", "one batch has no pace"
    assert said[1] == "1, batch 4/10, loss 0.5000, about 12 s left of the epoch"
    assert said[2] == "1/2, train_loss 0.4000, valid_loss 0.2000, 68.0 s, about 18 s left"
    assert said[3] == "2, batch 10/10, loss 0.5000"


def test_batches_are_said_every_few_seconds(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()
    for number in range(1, 12):
        clock.append(100.0 + number)
        told.step(Step(1, number, 20, 1.0))
    assert [line.split(", ")[1] for line in capsys.readouterr().out.splitlines()] == ["batch 5/20", "batch 10/20"]


def test_a_table_has_all_that_any_epoch_has(tmp_path: Path) -> None:
    rows = [{"seed": 1, "epoch": 1, "train_loss": 0.5}, {"seed": 2, "epoch": 1, "train_loss": 0.25, "learning_rate": 0.1}]
    _teller.write(tmp_path / "history.csv", rows)
    with open(tmp_path / "history.csv", encoding="utf-8", newline="") as file:
        assert [list(row.values()) for row in csv.DictReader(file)] == [["1", "1", "0.5", ""], ["2", "1", "0.25", "0.1"]]
