"""Whether the champions in MLflow's registry are those that stand in champions/ or, where nobody stands, that `promote` has named."""

from pathlib import Path
from typing import Any

from tasks import _aliases, _champions, _failures, _results, _tracking

OUT = Path("out")
RECORD = "run: python -m tasks record"


def problems(out: Path = OUT) -> list[str]:
    """What is not as it should be, in words; empty where every champion is the registered one, and no decision waits to be accepted."""
    file = out / "promote" / "decisions.json"
    if not file.is_file():
        return ["no champion was chosen yet; run: make"]
    try:
        store = _tracking.store()
        registered = _aliases.champions(store)
    except _failures.UnreachableError as error:
        return [f"{error}; whether the champions are registered cannot be told"]
    champions = out.resolve().parent / _champions.FOLDER
    history = _champions.read(champions)
    found = []
    for name, decision in _results.load(file).items():
        model = decision["model"]
        if model in history and _waits(decision, history[model]):
            found.append(f"{name}: {decision['champion']} was promoted and is not accepted yet; run: python -m tasks accept")
        bundle = _bundle(champions, decision, history.get(model, []))
        found += _different(name, bundle, registered.get(model)) if bundle else _nobody(name, registered.get(model))
    return found


def _waits(decision: dict[str, Any], events: list[_champions.Event]) -> bool:
    return decision["outcome"] == "promoted" and len(events) == decision["history"]


def _bundle(champions: Path, decision: dict[str, Any], events: list[_champions.Event]) -> Path | None:
    """The bundle of who should be registered; None where nobody is named."""
    if events:
        return _champions.bundle(champions, decision["model"], events[-1])
    return Path(decision["bundle"]) if decision["bundle"] else None


def _nobody(name: str, there: str | None) -> list[str]:
    return [f"{name}: a champion is registered, and nobody is one any more; {RECORD}"] if there else []


def _different(name: str, bundle: Path, there: str | None) -> list[str]:
    if there is None:
        return [f"{name}: no champion is registered; {RECORD}"]
    if there != _results.load(bundle / "bundle.json")["key"]:
        return [f"{name}: the registered champion is of other data or code; {RECORD}"]
    return []
