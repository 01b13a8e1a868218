"""Whether the champions in MLflow's registry are those that `promote` has named."""

from pathlib import Path

from tasks import _failures, _registry, _results, _tracking

OUT = Path("out")


def problems(out: Path = OUT) -> list[str]:
    """What is not as it should be, in words; empty where every champion of out/promote/decisions.json is the registered one."""
    file = out / "promote" / "decisions.json"
    if not file.is_file():
        return ["no champion was chosen yet; run: make"]
    try:
        store = _tracking.store()
        registered = _registry.champions(store)
    except _failures.UnreachableError as error:
        return [f"{error}; whether the champions are registered cannot be told"]
    found = []
    for name, decision in _results.load(file).items():
        if not decision["bundle"]:
            continue  # no champion was named
        key, there = _results.load(Path(decision["bundle"]) / "bundle.json")["key"], registered.get(decision["model"])
        if there is None:
            found.append(f"{name}: no champion is registered; run: python -m tasks record")
        elif there != key:
            found.append(f"{name}: the registered champion is of other data or code; run: python -m tasks record")
    return found
