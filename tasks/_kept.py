"""Champions as runs: of today's training where that is the one that stands, else from the small `out/` that champions/ keeps of it.

What was promoted may be of an earlier training than the one in `out/train`. Its card and its runs in MLflow come from what was kept of
it, never from what has taken its place there since.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tasks import _champions, _lineage, _records, _runs
from tasks._records import Record


@dataclass(frozen=True)
class Standing:
    """Who stands on the board `model`. events: its history, not empty; champions: the folder of those who stand."""

    model: str
    events: list[_champions.Event]
    champions: Path

    @property
    def event(self) -> _champions.Event:
        """The last one, which says who stands."""
        return self.events[-1]

    @property
    def former(self) -> "list[Standing]":
        """Who stood before, as they did when they first stood, each once, the oldest first."""
        found: dict[str, Standing] = {}
        for place, event in enumerate(self.events, 1):
            found.setdefault(event.key, replace(self, events=self.events[:place]))
        return [one for key, one in found.items() if key != self.event.key]

    @property
    def there(self) -> bool:
        """Whether its bundle is in champions/; a clone that has not pulled lacks it."""
        return (self.champions / self.model / self.event.place).is_dir()

    def seeds(self, today: Sequence[_runs.Run]) -> list[_runs.Run]:
        """The runs of all seeds trained with it. today: those of `out/`.

        Raises ConfigError where it is of an earlier training, whose bundles are not there, or not what they were.
        """
        if self.current(today):
            return [run for run in today if run.name == self.event.experiment]
        return list(_runs.read(_champions.out_of(self.champions, self.model, self.event)))

    def run(self, today: Sequence[_runs.Run]) -> _runs.Run:
        """That of `seeds` which is served. Raises as that does."""
        return next(run for run in self.seeds(today) if int(run.bundle["seed"]) == self.event.seed)

    def current(self, today: Sequence[_runs.Run]) -> bool:
        """Whether today's training is the one that stands."""
        return any(run.bundle["key"] == self.event.key for run in today)

    def about(self, decision: Mapping[str, Any]) -> Mapping[str, Any]:
        """The decision, where it is about this very training; else {"why"} alone. It may name another one, who was not accepted yet, or be
        older than a rollback."""
        from malmoi.promotion_words import BY

        event = self.event
        if tuple(decision.get(name) for name in ("champion", "seed", "train")) == (event.experiment, event.seed, event.train):
            return decision
        reason = f" ({event.reason})" if event.reason else ""
        late = decision.get("outcome") == "promoted" and decision.get("history") == len(self.events)
        waits = f" {decision['champion']} was promoted, and is not accepted yet." if late else ""
        return {"why": f"Champion {BY[event.by]}{reason}.{waits}"}


def standing(out: Path) -> dict[str, Standing]:
    """Who stands, by board. champions/ lies beside `out`."""
    champions = out.resolve().parent / _champions.FOLDER
    return {model: Standing(model, events, champions) for model, events in _champions.read(champions).items() if events}


def records(out: Path) -> Iterator[tuple[Record, list[Record]]]:
    """What MLflow shall say of champions, also former ones, of earlier trainings whose bundles are here: a run for each seed, and the one
    above them.

    Such a run was recorded when it was today's, and knew more then; it is made where it is missing, and else left as it is.
    """
    today = list(_runs.read(out))
    done = {run.recipe for run in today}
    for one in (each for last in standing(out).values() for each in (*last.former, last)):
        small = _champions.out_of(one.champions, one.model, one.event) if one.there and not one.current(today) else None
        found = [(above, below) for above, below in _records.read(small) if above.tags["malmoi.recipe"] not in done] if small else []
        done |= {above.tags["malmoi.recipe"] for above, _ in found}
        yield from ((_late(above, one), [_late(run, one) for run in below]) for above, below in found)


def _late(record: Record, one: Standing) -> Record:
    return replace(record, settled=True, commit=partial(_lineage.commit_with, one.event.train))
