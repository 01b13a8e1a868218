"""Learning rates: values worked out by hand."""

from typing import Any

import pytest

from malmoi.models._network import schedules
from malmoi.models._network.training import Training


def rates(updates: int, at: list[int], **settings: Any) -> list[float]:
    found = schedules.rate(Training(learning_rate=0.5, **settings), updates)
    return [float(found(step)) if callable(found) else found for step in at]


@pytest.mark.parametrize(
    ("schedule", "warm_up", "at", "expected"),
    [
        ("constant", 0, [0, 50, 100], [0.5, 0.5, 0.5]),
        ("constant", 20, [0, 10, 20, 100], [0.0, 0.25, 0.5, 0.5]),
        ("cosine", 0, [0, 50, 100], [0.5, 0.25, 0.0]),
        ("cosine", 20, [0, 10, 20, 60, 100], [0.0, 0.25, 0.5, 0.25, 0.0]),
        ("linear", 0, [0, 25, 100, 200], [0.5, 0.375, 0.0, 0.0]),
        ("linear", 20, [0, 10, 20, 40, 100], [0.0, 0.25, 0.5, 0.375, 0.0]),
        ("plateau", 0, [0, 100], [0.5, 0.5]),
        ("plateau", 20, [10, 20, 100], [0.25, 0.5, 0.5]),
    ],
)
def test_the_rate_rises_then_falls(schedule: str, warm_up: int, at: list[int], expected: list[float]) -> None:
    assert rates(100, at, schedule=schedule, warm_up=warm_up) == pytest.approx(expected)


def test_what_training_sets_is_multiplied() -> None:
    rate = schedules.rate(Training(learning_rate=0.5, schedule="plateau", warm_up=4), 100)
    rate.plateau.assign(0.5)
    rate.window.assign(2.0)
    assert [float(rate(step)) for step in (2, 50)] == pytest.approx([0.25, 0.5])
    assert [float(one) for one in rate.state] == [0.5, 2.0]
