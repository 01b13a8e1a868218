"""How the standing champion of a board meets its challengers: by today's scores where it is of today's training, else scored again.

Scoring again is what `evaluate` does, with the bundles from champions/ on today's splits. Test texts that an earlier champion has met in
its training (the split may have changed since) are left out of the comparison.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from malmoi.config import ConfigError
from tasks import _champions, _evidence, _results

if TYPE_CHECKING:
    from malmoi.challenge import Board, Candidate
    from malmoi.leaderboard import Entry

NOBODY = np.array([], str)


@dataclass(frozen=True)
class Case:
    """One board. events: its history; again: folder for the answers of a champion that is scored again."""

    name: str
    places: _evidence.Places
    events: list[_champions.Event]
    again: Path
    champions: Path | None
    behaviour: Path | None

    def at(self, decided: str) -> "Case":
        """As it was before the decision that rests on `decided` was accepted: made again, a decision is the same."""
        return replace(self, events=_champions.before(self.events, decided))

    @property
    def standing(self) -> _champions.Event | None:
        """Who stands."""
        return self.events[-1] if self.events else None


def decide(case: Case, entries: "list[Entry]", board: "Board") -> dict[str, Any]:
    """The decision of one board, with where the bundles are."""
    from malmoi.challenge import first

    test = _evidence.Test(case.places.texts(entries[0].metrics["corpus"]), board.rules.guards.examples)
    if case.standing is None:
        found = first([_evidence.candidate(entry, case.places, test) for entry in entries], board)
        return _located(found, case.places.train)
    today = {entry.name: _champions.hash_of(case.places.train / entry.name) for entry in entries}
    if today.get(case.standing.experiment) == case.standing.train:
        return _defended(case, entries, test, board)
    folder = _champions.out_of(case.champions or _champions.FOLDER, case.name, case.standing)
    try:
        _score(case, folder, entries[0].metrics["corpus"], timed=board.rules.guards.latency is not None)
    except (ConfigError, KeyError, OSError, ValueError) as error:
        return _unscored(case, entries[0], error)
    return _met_again(case, entries, (folder, test), board)


def _defended(case: Case, entries: "list[Entry]", test: _evidence.Test, board: "Board") -> dict[str, Any]:
    """The champion is of today's training."""
    event = _standing(case)
    champion = next(entry for entry in entries if entry.name == event.experiment)
    others = [_evidence.candidate(entry, case.places, test) for entry in entries if entry is not champion]
    found = _challenge(case, _evidence.candidate(champion, case.places, test, event.seed), others, board)
    return _located(found, case.places.train)


def _met_again(case: Case, entries: "list[Entry]", again: tuple[Path, _evidence.Test], board: "Board") -> dict[str, Any]:
    """The champion is of an earlier training, and was scored again. again: its small `out/`, and the test split."""
    event, (folder, test) = _standing(case), again
    met = _evidence.trained_on(folder, test.texts)
    theirs = replace(case.places, evaluate=case.again / "evaluate", train=folder / "train", cost=case.again / "cost")
    entry = _results.read(theirs.evaluate / event.experiment)
    champion = _evidence.candidate(_evidence.without(entry, met), theirs, test, event.seed)
    others = [_evidence.candidate(_evidence.without(entry, met), case.places, test) for entry in entries]
    if len(champion.entry.outcomes.ids) == 0:
        return _unscored(case, entries[0], ConfigError("it was trained on every text of it"))
    found = _challenge(case, champion, others, board, today=False)
    stays = found["outcome"] != "promoted"
    return _located(found, case.places.train, folder / "train" if stays else None) | {"left_out": len(met)}


def _challenge(case: Case, champion: "Candidate", others: "list[Candidate]", board: "Board", today: bool = True) -> dict[str, Any]:
    from malmoi.challenge import challenge
    from malmoi.promotion_words import sentence

    found = challenge(champion, others, board) | {"standing": _about(case, today)}
    return found | {"why": sentence(found)}


def _score(case: Case, folder: Path, corpus: str, timed: bool) -> None:
    """Score the champion's bundles, in its small `out/` `folder`, on today's splits; timed: how fast it answers, too."""
    from tasks import evaluate

    event = _standing(case)
    if case.places.ingest is None:
        raise ConfigError("the folder of the corpora (--ingest) was not given")
    print(f"{case.name}: {event.experiment} is champion by an earlier training; scoring it on today's test split", flush=True)
    evaluate.run(
        event.experiment,
        case.places.ingest / corpus,
        folder / "train" / event.experiment,
        case.again / "evaluate" / event.experiment,
        cost=case.again / "cost" / "evaluate" / f"{event.experiment}.json" if timed else None,
        behaviour=case.behaviour,
    )


def _unscored(case: Case, entry: "Entry", error: Exception) -> dict[str, Any]:
    """The champion cannot answer: it stays, since nothing can be shown against it, and a person has to look."""
    event = _standing(case)
    why = (
        f"{event.experiment} stays champion, as it cannot be scored on today's test split: {error}. To put another one in its place: "
        f"python -m tasks accept {case.name} --force EXPERIMENT --reason WHY"
    )
    about = {name: entry.metrics[name] for name in ("problem", "corpus", "language")}
    scores = dict.fromkeys(("valid", "test", "interval")) | {"metric": entry.metrics["primary"]}
    found = about | scores | {"chosen_on": "valid", "outcome": "refused", "champion": event.experiment, "seed": event.seed, "why": why}
    found |= {"challenger": None, "challengers": [], "evidence": {}, "standing": _about(case, False)}
    found |= {"train": event.train, "current": False}
    return found | {"bundle": _champions.bundle(case.champions or _champions.FOLDER, case.name, event).as_posix()}


def _about(case: Case, today: bool) -> dict[str, Any]:
    event = _standing(case)
    shown = {name: getattr(event, name) for name in ("experiment", "seed", "by", "reason", "train")}
    return shown | {"today": today}


def _standing(case: Case) -> _champions.Event:
    if case.standing is None:
        raise ConfigError(f"{case.name}: nobody stands")
    return case.standing


def _located(found: dict[str, Any], train: Path, champions: Path | None = None) -> dict[str, Any]:
    """With the folders of the bundles that are named."""
    named, challenger = found["champion"], found.get("challenger")
    found["bundle"] = None if named is None else _bundle(champions or train, named, found["seed"])
    found["current"] = champions is None
    found["train"] = None if named is None else _champions.hash_of((champions or train) / named)
    return found | {"challenger": challenger | {"bundle": _bundle(train, **challenger)} if challenger else None}


def _bundle(train: Path, experiment: str, seed: int) -> str:
    return (train / experiment / f"seed-{seed}").as_posix()
