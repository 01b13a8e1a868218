"""What `verify` finds: one link of the chain after the other, right or wrong, in words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from malmoi.config import ConfigError

SHOWN = 4  # differences of one link that are said in full


class UncheckedError(ConfigError):
    """A link could not be checked, for want of one of its sides; the message says which, and how it can be had."""


@dataclass(frozen=True)
class Finding:
    """One link: what was found. wrong: two sides that should agree do not, and `said` says how; unchecked: one of them cannot be had."""

    link: str
    said: str
    wrong: bool = False
    unchecked: bool = False

    def __str__(self) -> str:
        return f"{'WRONG' if self.wrong else '?' if self.unchecked else 'ok':<6} {self.link:<13} {self.said}"


def attempt(link: str, check: Callable[[], str]) -> Finding:
    """What a check says: its words where all is right, its ConfigError where not."""
    try:
        return Finding(link, check())
    except UncheckedError as error:
        return Finding(link, str(error), unchecked=True)
    except ConfigError as error:
        return Finding(link, str(error), wrong=True)


def agree(differences: Iterable[str]) -> None:
    """Raises ConfigError with the first of the differences, where there are any."""
    found = list(differences)
    if found:
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise ConfigError("; ".join(found[:SHOWN] + more))


def same(wanted: Path, found: Path) -> str:
    """Two folders hold the same, byte for byte. Raises ConfigError with the files that differ."""
    names = sorted({file.relative_to(folder).as_posix() for folder in (wanted, found) for file in folder.rglob("*") if file.is_file()})
    agree(difference for name in names if (difference := _difference(wanted / name, found / name, name)))
    return f"{len(names)} files, byte for byte"


def _difference(wanted: Path, found: Path, name: str) -> str:
    if not wanted.is_file():
        return f"{name} is one too many"
    if not found.is_file():
        return f"{name} is missing"
    return "" if wanted.read_bytes() == found.read_bytes() else f"{name} is not the same"
