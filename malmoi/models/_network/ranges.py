"""Settings that must lie in a range; what is wrong is said in the same words for all of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from malmoi.config import ConfigError


def least(where: str, settings: Any, limits: Mapping[str, int]) -> None:
    """Raises ConfigError for a number that is below its limit, or is none at all (nan). where: what names begin with, as "model".

    >>> from types import SimpleNamespace
    >>> least("model", SimpleNamespace(units=64, layers=2), {"units": 1, "layers": 1})
    """
    for name, limit in limits.items():
        if not getattr(settings, name) >= limit:
            raise ConfigError(f"{where}.{name}: should be {limit} or more, found {getattr(settings, name)}")


def shares(where: str, settings: Any, names: Iterable[str]) -> None:
    """Raises ConfigError for a number that is no share of something of which some is left. None is let through: it is not set."""
    for name in names:
        share = getattr(settings, name)
        if share is not None and not 0 <= share < 1:
            raise ConfigError(f"{where}.{name}: should be at least 0 and less than 1, found {share}")
