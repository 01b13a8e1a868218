"""A stage as the flows see it, and what became of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from flows.needs import Needs, read


class Outcome(StrEnum):
    """What became of a stage. `cached`: nothing had changed. `restored`: DVC had made the same before, and brought it back."""

    RAN = "ran"
    CACHED = "cached"
    RESTORED = "restored"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Node:
    """A stage: its DVC address ("train@gru", "sub/dvc.yaml:x", "data.dvc"), those that it needs, and its free-form `meta:`."""

    name: str
    needs: tuple[str, ...]
    meta: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def room(self) -> Needs:
        """What it needs of the machine. Raises NeedsError where its `meta:` cannot be right."""
        return read(self.name, self.meta)

    @property
    def kind(self) -> str:
        """The name without what foreach or matrix added: "train" of "train@gru"."""
        return self.name.split("@")[0]


@dataclass(frozen=True)
class Result:
    """What became of a stage, how long it took (seconds), and, where it failed, why and its last lines of output."""

    name: str
    outcome: Outcome
    seconds: float
    reason: str = ""
    tail: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether what depends on it may run."""
        return self.outcome not in (Outcome.FAILED, Outcome.SKIPPED)
