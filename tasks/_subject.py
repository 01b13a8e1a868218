"""Whom a card is about: the run that a person means by the name of an experiment or of a registered model.

A registered model is who stands in champions/, in the training that was promoted, whatever `out/train` holds today; where nobody stands
yet, whom `promote` has named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from tasks import _kept, _lineage, _results, _runs


@dataclass(frozen=True)
class Subject:
    """run: of one seed; model: the registered model whose champion it is, "" for none; why: it is. commit: of its training, None for that
    of today, "" where it is not known."""

    run: _runs.Run
    model: str = ""
    why: str = ""
    commit: str | None = None


@dataclass(frozen=True)
class Board:
    """A registered model. decision: of `promote`, {} for none; standing: who stands, None for nobody."""

    model: str
    decision: Mapping[str, Any]
    standing: _kept.Standing | None

    @property
    def experiment(self) -> str | None:
        """The champion's; None where nobody could be named."""
        return self.standing.event.experiment if self.standing else self.decision.get("champion")

    @property
    def seed(self) -> int:
        """Of the bundle that is served."""
        return self.standing.event.seed if self.standing else int(self.decision.get("seed") or 0)

    @property
    def why(self) -> str:
        """Why it is champion."""
        return str((self.standing.about(self.decision) if self.standing else self.decision).get("why", ""))

    def current(self, today: Sequence[_runs.Run]) -> bool:
        """Whether the champion is of today's training."""
        return self.standing is None or self.standing.current(today)

    def seeds(self, today: Sequence[_runs.Run]) -> list[_runs.Run]:
        """Runs of all seeds trained with the champion. Raises ConfigError where there is none, or its bundles are not here."""
        found = self.standing.seeds(today) if self.standing else [run for run in today if run.name == self.experiment]
        if not found:
            raise ConfigError(f"{self.model}: {self.why or 'nothing of its champion is here; run: dvc pull'}")
        return found

    def commit(self, today: Sequence[_runs.Run]) -> str | None:
        """See Subject."""
        if self.standing is None or self.current(today):
            return None
        return _lineage.commit_with(self.standing.event.train).get("mlflow.source.git.commit", "")


def find(out: Path, name: str, seed: int | None) -> Subject:
    """The run of `name`. seed: None for the champion's, else for the experiment's first.

    Raises ConfigError where there is no such model or seed, or its bundle is not here.
    """
    today, boards = list(_runs.read(out)), _boards(out)
    if name in boards:
        board = boards[name]
        return _about(board, _of(out, board.seeds(today), board.seed if seed is None else seed), board.commit(today))
    seeds = [run for run in today if run.name == name]
    if not seeds:
        from malmoi.registry import suggest

        known = [*boards, *sorted({run.name for run in today})]
        raise ConfigError(f"{out}: no trained experiment and no registered model is called {name!r}{suggest(name, known)}")
    champion = next((board for board in boards.values() if board.experiment == name and board.current(today)), None)
    first = champion.seed if champion else min(int(run.seed) for run in seeds)
    run = _of(out, seeds, first if seed is None else seed)
    return _about(champion, run, None) if champion else Subject(run)


def _boards(out: Path) -> dict[str, Board]:
    file = out / "promote" / "decisions.json"
    decisions = {str(one.get("model", key)): one for key, one in (_results.load(file) if file.is_file() else {}).items()}
    standing = _kept.standing(out)
    return {model: Board(model, decisions.get(model, {}), standing.get(model)) for model in sorted({*decisions, *standing})}


def _of(out: Path, runs: Sequence[_runs.Run], seed: int) -> _runs.Run:
    by_seed = {int(run.seed): run for run in runs}
    if seed not in by_seed:
        raise ConfigError(f"{out}: {runs[0].name} has no seed {seed}; there are: {', '.join(map(str, by_seed))}")
    return by_seed[seed]


def _about(board: Board, run: _runs.Run, commit: str | None) -> Subject:
    if int(run.seed) != board.seed:
        return Subject(run, commit=commit)
    return Subject(run, board.model, board.why, commit)
