"""The linear model says which of its settings cannot be."""

from typing import Any

import pytest

from malmoi.batches import Spec
from malmoi.config import ConfigError
from malmoi.models import linear


@pytest.mark.parametrize(
    ("params", "training", "said"),
    [({"C": 0.0}, {}, "model.C"), ({}, {"iterations": 0}, "training.iterations"), ({}, {"tolerance": -1.0}, "training.tolerance")],
    ids=str,
)
def test_settings_out_of_their_range(params: dict[str, Any], training: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"{said}: should be above 0"):
        linear.build(linear.Params(**params), linear.Training(**training), Spec("classify", 5, 3))
