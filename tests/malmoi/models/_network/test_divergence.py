"""A training that leads nowhere says where it went wrong."""

import numpy as np
import pytest

from malmoi.batches import Step
from malmoi.models._network.divergence import DivergenceError, Watch

NAMES = ["embedding/table", "gru/kernel", "head/kernel"]
FINE = np.array([0.5, 1.0, 0.5], np.float32)


def look(watch: Watch, loss: float, halves: np.ndarray = FINE) -> None:
    watch.look(Step(2, 7, 9, loss), halves, lambda: 0.25)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number(loss: float) -> None:
    said = rf"epoch 2, batch 7 of 9: the loss became {loss} \(learning rate 0.25, gradient norm 2\); lower training.learning_rate or"
    with pytest.raises(DivergenceError, match=said):
        look(Watch(NAMES, 1e4), loss)


def test_the_gradient_that_went_first() -> None:
    watch = Watch(NAMES, 1e4)
    broken = np.array([np.nan, np.inf, 1.0], np.float32)  # the head's is fine: what is wrong began in the recurrent layer
    with pytest.raises(
        DivergenceError, match=r"the loss is 0.5, but .* gradient norm nan, not finite going back .* gru/kernel and of 1 before"
    ):
        look(watch, 0.5, broken)


def test_a_loss_that_explodes_is_measured_by_the_first() -> None:
    watch = Watch(NAMES, 100.0)
    look(watch, 3.0)
    look(watch, 299.0)
    with pytest.raises(DivergenceError, match=r"the loss exploded: 301, and it began at 3 "):
        look(watch, 301.0)
    small = Watch(NAMES, 100.0)
    look(small, 1e-6)
    look(small, 99.0)  # a loss that begins near zero may rise
    unwatched = Watch(NAMES, 0.0)
    look(unwatched, 1.0)
    look(unwatched, 1e30)


def test_a_validation_loss_that_is_no_number() -> None:
    with pytest.raises(DivergenceError, match="epoch 3: the validation loss became nan"):
        Watch(NAMES, 1e4).validated(3, float("nan"))
