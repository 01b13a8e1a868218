"""One trial of a sweep while it runs: where it is, and what its process has told so far."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.commands import Stop
from flows.trials import Project

if TYPE_CHECKING:
    from optuna.trial import Trial

TAIL = 12  # last lines of a failed trial that are kept


@dataclass(frozen=True)
class Place:
    """Where the trials of one sweep are: the project, the sweep's folder, its name, values that are the same in all trials."""

    project: Project
    folder: Path
    name: str
    fixed: dict[str, Any]

    def workspace(self, number: int) -> Path:
        """The folder of a trial."""
        return self.folder / f"trial-{number}"

    def log(self, number: int) -> Path:
        """What a trial said."""
        return self.folder / f"trial-{number}.log"

    def experiment(self, number: int) -> str:
        """The name of a trial as a DVC experiment."""
        return f"{self.name}-trial-{number}"


@dataclass
class Attempt:
    """One trial that runs. heard: its last step; stages: what became of each; tail: its last lines."""

    trial: "Trial"
    values: dict[str, Any]
    stop: Stop = field(default_factory=Stop)
    pruned: bool = False
    heard: int = -1
    stages: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    reason: str = ""

    def take(self, log: Path, hear: Callable[[str], None], text: str) -> None:
        """A line of the trial's process: into the log; what a stage said goes to `hear`."""
        try:
            said = json.loads(text)
        except ValueError:
            said = {"line": text}
        said = said if isinstance(said, dict) else {"line": text}
        self.kept = said.get("kept", self.kept)
        self.reason = said.get("error") or said.get("reason") or self.reason
        name, line = said.get("stage", "sweep"), said.get("line", said.get("error"))
        if "outcome" in said:
            self.stages[name] = said["outcome"]
            line = f"{said['outcome']}, {said['seconds']} s {said['reason']}"
        elif line is not None:
            self.tail = [*self.tail[-TAIL:], line]
            hear(line)
        if line is not None:
            with open(log, "a", encoding="utf-8") as file:
                file.write(f"{name}: {line}\n")
