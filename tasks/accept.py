"""Make the decisions of `promote` stand: whom it has promoted is written into champions/, and has to be beaten from then on.

With --force an experiment becomes champion against, or without, evidence; with --release evidence decides again about one that a person
has put there. Afterwards the stage `promote` is out of date (`make`, or `dvc repro promote`), and `python -m tasks record` tells MLflow.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from malmoi.registry import suggest
from tasks import _champions, _results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("models", nargs="*", metavar="MODEL", help="boards, as classify-bills; default: all")
    parser.add_argument("--again", action="store_true", help="only boards where a champion stands already")
    parser.add_argument("--force", metavar="EXPERIMENT", help="make this experiment champion of MODEL, whatever the evidence; it is held")
    parser.add_argument("--seed", type=int, help="with --force: the seed that is served; default: the best on validation")
    parser.add_argument("--release", action="store_true", help="let evidence decide again about the champion of MODEL")
    parser.add_argument("--reason", default="", help="why; --force needs it, and it is written down")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of all outputs (default: out)")
    parser.add_argument("--champions", type=Path, default=_champions.FOLDER, help="folder of those who stand (default: champions)")


def run(
    models: list[str],
    again: bool = False,
    force: str | None = None,
    seed: int | None = None,
    release: bool = False,
    reason: str = "",
    out: Path = Path("out"),
    champions: Path = _champions.FOLDER,
) -> None:
    """Write events into champions/history.yaml, and the bundles that they name beside it.

    Raises ConfigError for an unknown board or experiment, --force without a reason, and decisions that are out of date.
    """
    with _champions.alone(champions, "accepts what was promoted"):
        decisions = _results.load(out / "promote" / "decisions.json")
        by_model = {decision["model"]: decision for decision in decisions.values()}
        _check(models, by_model, bool(force), release)
        if force:
            _force(by_model[models[0]], force, seed, reason, (out, champions))
        elif release:
            _release(champions, models[0], reason)
        else:
            _accept([by_model[model] for model in models or sorted(by_model)], again, out, champions)


def _check(models: list[str], known: Mapping[str, Any], force: bool, release: bool) -> None:
    for model in models:
        if model not in known:
            raise ConfigError(f"no board is called {model!r}{suggest(model, sorted(known))}")
    if (force or release) and (len(models) != 1 or (force and release)):
        raise ConfigError("--force EXPERIMENT and --release are for one MODEL: name it, and give one of the two")


def _accept(decisions: list[dict[str, Any]], again: bool, out: Path, champions: Path) -> None:
    """Accept all of these decisions that are new, or none of them."""
    history = _champions.read(champions)
    found = [(decision["model"], _event(decision, history.get(decision["model"], []), again, out)) for decision in decisions]
    for model, event in found:
        if event is not None:
            _write(champions, model, event, out)
    if not any(event for _, event in found) and not again:
        print("nothing to accept: no new promotion")


def _event(decision: dict[str, Any], events: list[_champions.Event], again: bool, out: Path) -> _champions.Event | None:
    """What a decision changes. Raises ConfigError where it is out of date."""
    if decision["outcome"] != "promoted" or (again and not events) or _accepted(decision, events):
        return None
    event = _champions.event_of(out, "evidence" if events else "first", decision["champion"], decision["seed"])
    if len(events) != decision["history"] or event.train != decision["train"]:
        raise ConfigError(f"{decision['model']}: out/promote was decided before champions/ or out/train changed; run: dvc repro promote")
    return replace(event, decided=decision["decided"])


def _accepted(decision: dict[str, Any], events: list[_champions.Event]) -> bool:
    return bool(events) and events[-1].decided == decision["decided"] and len(events) == decision["history"] + 1


def _force(decision: dict[str, Any], experiment: str, seed: int | None, reason: str, folders: tuple[Path, Path]) -> None:
    out, champions = folders
    named = [*decision["challengers"], *filter(None, [decision["standing"], decision["challenger"]])]
    rows = {row["experiment"] for row in named}
    if not reason.strip():
        raise ConfigError('--force goes over the evidence, so it needs a reason, which is written down: --reason "..."')
    if experiment not in rows:
        raise ConfigError(f"{decision['model']}: no experiment of this board is called {experiment!r}{suggest(experiment, sorted(rows))}")
    if seed is None:
        from malmoi.champion import best_seed

        seed = best_seed(_results.read(out / "evaluate" / experiment))
    event = _champions.event_of(out, "force", experiment, seed)
    _write(champions, decision["model"], replace(event, reason=reason.strip()), out)


def _release(champions: Path, model: str, reason: str) -> None:
    events = _champions.read(champions).get(model, [])
    if not events or not events[-1].held:
        raise ConfigError(f"{model}: its champion is not held; only one that --force or rollback has put there is")
    _champions.add(champions, model, replace(events[-1], by="release", reason=reason.strip(), decided=""))
    print(f"{model}: evidence decides again whether {events[-1].experiment} stays champion")


def _write(champions: Path, model: str, event: _champions.Event, out: Path) -> None:
    _champions.keep(champions, model, event, out)
    _champions.add(champions, model, event)
    print(f"{model}: {event.experiment}, seed {event.seed}, stands as champion", flush=True)
