"""Settings out of their range are named, with what would be right."""

import math
from types import SimpleNamespace

import pytest

from malmoi.config import ConfigError
from malmoi.models._network.ranges import least, shares


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_number_below_its_limit(value: float) -> None:
    with pytest.raises(ConfigError, match=rf"^model\.units: should be 1 or more, found {value}$"):
        least("model", SimpleNamespace(layers=1, units=value), {"layers": 1, "units": 1})


@pytest.mark.parametrize("value", [-0.1, 1.0, math.nan])
def test_what_is_no_share(value: float) -> None:
    settings = SimpleNamespace(dropout=0.0, input_dropout=None, zoneout=value)
    shares("model", settings, ["dropout", "input_dropout"])
    with pytest.raises(ConfigError, match=rf"^model\.zoneout: should be at least 0 and less than 1, found {value}$"):
        shares("model", settings, ["dropout", "input_dropout", "zoneout"])
