"""Which versions of a registered model are `champion` and `challenger`: what champions/ and the decisions of `promote` say, in MLflow.

`champion` is who stands in champions/history.yaml, where somebody stands there, else the first one that `promote` has named: what is in git
decides, so `record` never undoes a rollback. `challenger` is who would be next. The same bundle is one version however often it is
registered; a champion that comes back gets the alias back. The decision with its numbers is an artifact of the champion's run.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _failures, _kept, _orphans, _registry, _results, _runs, _tracking

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER = "champion", "challenger"
DECISION = "malmoi.decision"  # tag of a version: its outcome, and what it rested on


def register(store: _tracking.Store, out: Path) -> list[str]:
    """Register champions, former ones whose bundles are here, and challengers, and point the aliases at those of today. Returns
    "name version N" for each champion that has changed.

    Read are `out/promote/decisions.json` and `champions/`, which lies beside `out`. Where another process changes champions/ meanwhile, as
    a rollback does, it is done again, so that the aliases are those of the last word.
    """
    changed, said = [], None
    while said != (now := _kept.standing(out)):
        said = now
        changed += _register(store, out, now)
    return list(dict.fromkeys(changed))


def missing(out: Path) -> list[str]:
    """Boards whose champion's bundle is not here, so that nothing can be registered for them."""
    today = list(_runs.read(out))
    return sorted(one.model for one in _kept.standing(out).values() if not one.current(today) and not one.there)


def _register(store: _tracking.Store, out: Path, standing: Mapping[str, _kept.Standing]) -> list[str]:
    file = out / "promote" / "decisions.json"
    decisions = _results.load(file) if file.is_file() else {}
    today = list(_runs.read(out))
    runs = {(run.name, int(run.bundle["seed"])): run for run in today}
    changed = []
    with store.alone():
        for name in sorted(decisions.keys() | standing.keys()):
            decision = decisions.get(name, {})
            model = str(decision.get("model", name.replace("_", "-")))
            one = standing.get(model)
            run = _standing(today, one) if one else _named(runs, decision, "champion")
            if run is None:  # no champion was named, and its "why" says so; or its bundle is not here
                changed += _withdraw(store, model) if decision and not one and decision["champion"] is None else []
                continue
            for earlier in one.former if one else ():
                _remember(store, today, earlier)
            changed += _point(store, model, run, one.about(decision) if one else decision)
            _challenge(store, model, _next(runs, run, decision), decision)
    return changed


def tell(out: Path) -> None:
    """Point the aliases now, and say so; where MLflow does not answer, say that `record` will."""
    try:
        changed = register(_tracking.store(), out)
    except Exception as error:
        if not _failures.silent(error):
            raise
        print(f"warning: MLflow does not answer ({_failures.reason(error)}): once it does, run: python -m tasks record", file=sys.stderr)
        return
    print("\n".join(f"MLflow: champion {name}" for name in changed) or "MLflow: nothing new", flush=True)


def champions(store: _tracking.Store) -> dict[str, str]:
    """Key of the bundle behind each registered model that has a champion, by the model's name."""
    found = {}
    for model in store.client.search_registered_models():
        if number := model.aliases.get(CHAMPION):
            found[str(model.name)] = str(store.client.get_model_version(model.name, str(number)).tags.get("malmoi.key", ""))
    return found


def _withdraw(store: _tracking.Store, name: str) -> list[str]:
    """Take the aliases from a registered model of whose board nobody is champion, as of one that is not better than guessing. Returns what
    changed."""
    found = [alias for model in store.client.search_registered_models(f"name = '{name}'") for alias in model.aliases]
    for alias in (alias for alias in found if alias in (CHAMPION, CHALLENGER)):
        store.client.delete_registered_model_alias(name, alias)
    return [f"{name}: nobody any more"] if CHAMPION in found else []


def _named(runs: Mapping[tuple[str, int], _runs.Run], decision: Mapping[str, Any], role: str) -> _runs.Run | None:
    """The run that a decision names."""
    return runs.get((str(decision.get(role)), int(decision.get("seed") or 0)))


def _next(runs: Mapping[tuple[str, int], _runs.Run], standing: _runs.Run, decision: Mapping[str, Any]) -> _runs.Run | None:
    """The run of the challenger: who was promoted but is not accepted yet, else who is named."""
    promoted = _named(runs, decision, "champion") if decision.get("outcome") == "promoted" else None
    if promoted and promoted.bundle["key"] != standing.bundle["key"]:
        return promoted
    return _named(runs, decision.get("challenger") or {}, "experiment")


def _standing(today: Sequence[_runs.Run], one: _kept.Standing) -> _runs.Run | None:
    """The run of who stands."""
    if not one.current(today) and not one.there:
        where = one.champions / one.model / one.event.place
        print(f"warning: {where} is not here, so nothing is said of {one.model}; bring it: dvc pull", file=sys.stderr)
        return None
    return one.run(today)


def _remember(store: _tracking.Store, today: Sequence[_runs.Run], one: _kept.Standing) -> None:
    """Have a version of who stood once, which an empty server lacks, so that it can be gone back to. Its number may differ."""
    if (one.there or one.current(today)) and not _registry.versions(store, one.model, one.event.key):
        _version(store, one.model, one.run(today), one.about({}))


def _point(store: _tracking.Store, name: str, run: _runs.Run, decision: Mapping[str, Any]) -> list[str]:
    """Point `champion` at the version of this bundle, making it if need be. Returns what changed."""
    version = _version(store, name, run, decision)
    _explain(store, version, run, decision)
    if int(store.client.get_registered_model(name).aliases.get(CHAMPION) or 0) == int(version.version):
        return []
    store.client.set_registered_model_alias(name, CHAMPION, str(version.version))
    return [f"{name} version {version.version} ({_runs.title(run.name, int(run.bundle['seed']))})"]


def _challenge(store: _tracking.Store, name: str, run: _runs.Run | None, decision: Mapping[str, Any]) -> None:
    """Point `challenger` at who would be next; nobody is where none is named, or where it has become the champion."""
    aliases = store.client.get_registered_model(name).aliases
    version = _version(store, name, run, {"why": _why_challenger(run, decision)}) if run else None
    if version is None or int(version.version) == int(aliases.get(CHAMPION) or 0):
        if CHALLENGER in aliases:
            store.client.delete_registered_model_alias(name, CHALLENGER)
    elif int(aliases.get(CHALLENGER) or 0) != int(version.version):
        store.client.set_registered_model_alias(name, CHALLENGER, str(version.version))


def _why_challenger(run: _runs.Run, decision: Mapping[str, Any]) -> str:
    said = next((row["why"] for row in decision.get("challengers", []) if row["experiment"] == run.name), "")
    return f"Challenger of {decision['champion']}.{f' {said}' if said else ''}"


def _version(store: _tracking.Store, name: str, run: _runs.Run, decision: Mapping[str, Any]) -> "ModelVersion":
    """The version of `name` that is this bundle; a new one where there is none."""
    found = _registry.versions(store, name, run.bundle["key"])
    if not found:
        _registry.publish(store, name, run, decision)
        found = _registry.versions(store, name, run.bundle["key"])
    for double in found[1:]:  # another process registered it at the same moment: the first one stays
        _orphans.withdraw(store, double)
    _registry.describe(store, found[0], run, decision)
    return found[0]


def _explain(store: _tracking.Store, version: "ModelVersion", run: _runs.Run, decision: Mapping[str, Any]) -> None:
    """Put the decision with the champion's run: promotion/decision.json, and in words."""
    named = (decision.get("champion"), decision.get("seed")) == (run.name, int(run.bundle["seed"]))
    decided = f"{decision.get('outcome', '')} {decision.get('decided', '')}"
    if not named or "decided" not in decision or version.run_id is None or version.tags.get(DECISION) == decided:
        return
    from malmoi.promotion_words import page

    store.client.log_dict(version.run_id, dict(decision), "promotion/decision.json")
    store.client.log_text(version.run_id, page(decision), "promotion/decision.md")
    store.client.set_model_version_tag(version.name, str(version.version), DECISION, decided)
