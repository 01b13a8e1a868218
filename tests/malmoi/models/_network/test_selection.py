"""What follows from validation losses: the best weights, patience, the rate on a plateau, when averaging begins."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from malmoi.models._network.schedules import Adjusted
from malmoi.models._network.selection import Selection
from malmoi.models._network.training import Training


class Averaging(SimpleNamespace):
    def begin(self) -> None:
        self.begun = True


def judged(losses: list[float], rate: Any = None, averages: Any = None, **settings: Any) -> tuple[Selection, list[float]]:
    """After so many losses, or fewer if it is over before; and the rate's share after each."""
    selection, shares = Selection(Training(learning_rate=1.0, **settings), rate, averages), []
    for place, loss in enumerate(losses):
        if selection.over:
            break
        selection.judge(loss, lambda place=place: [np.array(place)])  # type: ignore[misc]
        shares.append(float(rate.plateau) if rate else 1.0)
    return selection, shares


def test_the_best_are_kept_and_patience_ends() -> None:
    selection, _ = judged([3.0, 2.0, 2.5, 2.0, 1.0], patience=2)
    assert (selection.losses, selection.best, int(selection.kept[0])) == ([3.0, 2.0, 2.5, 2.0], 2.0, 1)
    assert selection.over


def test_the_rate_falls_on_a_plateau_to_its_least() -> None:
    settings = {"patience": 9, "schedule": "plateau", "plateau_factor": 0.5, "plateau_patience": 2, "least_rate": 0.2}
    _, shares = judged([3.0, 3.0, 2.0, 2.0, 2.0, 2.5, 2.5, 1.0, 1.5, 1.5], Adjusted(1.0), **settings)
    # two passes in a row without a better one: after the 5th, the 7th and the 10th; 0.125 would be below the least
    assert shares == pytest.approx([1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2])


def test_averaging_begins_where_losses_stop_falling() -> None:
    # Merity et al. (2018), algorithm 1, with n = 2: a loss above the best of all but the last two before it
    averages = Averaging(begun=False)
    selection, _ = judged([5.0, 4.0, 3.0, 3.5, 3.2, 3.1], averages=averages, optimizer="asgd", trigger=2, patience=1)
    assert averages.begun
    assert selection.losses == [5.0, 4.0, 3.0, 3.5, 3.2, 3.1]
    assert selection.waited == 0, "patience begins with averaging"
    waiting = Averaging(begun=False)
    judged([5.0, 4.0, 3.0, 3.5, 3.2], averages=waiting, optimizer="asgd", trigger=2, patience=1)
    assert not waiting.begun, "3.2 is below 4.0, the best of all but the last two"
    selection.judge(3.3, list)
    assert selection.over


def test_it_goes_on_as_it_was() -> None:
    first, _ = judged([3.0, 2.0, 2.5], patience=3)
    again = Selection(Training(patience=3), None, None)
    again.restore(first.about(), first.kept)
    for one in (first, again):
        one.judge(2.1, list)
    assert (again.about(), again.kept) == (first.about(), first.kept)
