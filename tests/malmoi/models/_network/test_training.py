"""Settings of training: what is out of range, and what does not go together, is said before anything is trained."""

from typing import Any

import pytest

from malmoi.config import ConfigError, read
from malmoi.models._network.training import Training, check

SAID = [
    ({"epochs": 0}, "classify", r"epochs: should be 1 or more, found 0"),
    ({"momentum": 1.0, "optimizer": "sgd"}, "classify", r"momentum: should be at least 0 and less than 1, found 1\.0"),
    ({"average": -0.1}, "classify", r"average: should be at least 0 and less than 1"),
    ({"learning_rate": float("nan")}, "classify", r"learning_rate: should be 0 or more, found nan"),
    ({"schedule": "plateau", "plateau_factor": 1.0}, "classify", r"plateau_factor: should be between 0 and 1"),
    ({"optimizer": "asgd", "schedule": "cosine"}, "language_model", r"schedule: cosine does not go with asgd"),
    ({"optimizer": "asgd", "schedule": "plateau"}, "language_model", r"schedule: plateau does not go with asgd"),
    ({"optimizer": "asgd", "average": 0.9}, "language_model", r"average: asgd averages by itself"),
    ({"optimizer": "asgd", "momentum": 0.9}, "language_model", r"momentum: asgd is without"),
    ({"optimizer": "sgd", "trigger": 3}, "language_model", r"trigger: sgd averages nothing; take optimizer: asgd"),
    ({"momentum": 0.9}, "classify", r"momentum: adam has its own"),
    ({"weight_decay": 0.1}, "classify", r"weight_decay: adam has none; take optimizer: adamw"),
    ({"optimizer": "adamw"}, "classify", r"optimizer: adamw without weight_decay is adam"),
    ({"plateau_patience": 2}, "classify", r"plateau_patience: only schedule: plateau heeds it, and schedule is constant"),
    ({"least_rate": 0.1, "schedule": "linear"}, "classify", r"least_rate: only schedule: plateau heeds it"),
    ({"schedule": "plateau", "plateau_patience": 3}, "classify", r"plateau_patience: .* after 3 passes .* 3 is never reached"),
    ({"schedule": "plateau", "least_rate": 0.001}, "classify", r"least_rate: should be below learning_rate 0\.001"),
    ({"reset": True}, "classify", r"reset: only a language model reads a stream"),
    ({"jitter": 5.0}, "classify", r"jitter: only a language model"),
    ({"temporal": 1.0}, "classify", r"temporal: only a language model"),
    ({"jitter": 5.0, "reset": True}, "language_model", r"jitter: with reset, texts are read from their start"),
    ({"loss": "mse"}, "language_model", r"loss: mse is for classification"),
    ({"loss": "mae", "label_smoothing": 0.1}, "classify", r"label_smoothing: goes with loss: cross_entropy, not mae"),
]


@pytest.mark.parametrize(("settings", "problem", "said"), SAID, ids=str)
def test_refusals_say_what_would_be_right(settings: dict[str, Any], problem: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"training\." + said):
        check(Training(**settings), problem)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "classify"),
        ({}, "language_model"),
        ({"optimizer": "asgd", "trigger": 3, "weight_decay": 1e-6, "jitter": 5.0, "activation": 2.0, "warm_up": 10}, "language_model"),
        ({"optimizer": "sgd", "momentum": 0.9, "schedule": "plateau", "average": 0.99, "loss": "mae"}, "classify"),
        ({"optimizer": "adamw", "weight_decay": 0.01, "schedule": "linear", "reset": True}, "language_model"),
    ],
    ids=str,
)
def test_what_goes_together_is_let_through(settings: dict[str, Any], problem: str) -> None:
    check(read(Training, settings, "test"), problem)


def test_every_optimizer_and_schedule_is_in_its_list() -> None:
    for key in ("optimizer", "schedule", "loss"):
        with pytest.raises(ConfigError, match=rf"test: {key}: "):
            read(Training, {key: "newton"}, "test")
