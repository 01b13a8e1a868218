"""What other pages need of MLflow: where runs are in its pages, and whether the champions are registered ones."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import _aliases, _freshness, _links, _recording, _tracking

MakeOut = Callable[[Path], Path]


@pytest.fixture
def store(empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _tracking.Store:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    return _tracking.store()


def test_addresses_of_runs_where_mlflow_has_pages(
    store: _tracking.Store, make_out: MakeOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = make_out(tmp_path)
    _recording.record(store, out)
    assert _links.links(out) == {}  # a database has no pages
    monkeypatch.setattr(_tracking, "address", lambda: "http://mlflow.example:5000/")
    monkeypatch.setattr(_tracking, "store", lambda: store)
    found = _links.links(out)
    assert set(found) == {"bills-again · seed 1", "bills-again · seed 2", "bills-linear · seed 1", "law-ngram · seed 1"}
    place = store.client.get_experiment_by_name("language_model/law").experiment_id
    [run] = [run.info.run_id for run in store.client.search_runs([place]) if run.info.run_name == "law-ngram · seed 1"]
    assert found["law-ngram · seed 1"] == f"http://mlflow.example:5000/#/experiments/{place}/runs/{run}"


def test_no_address_where_mlflow_is_silent(make_out: MakeOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert _links.links(make_out(tmp_path)) == {}


def test_what_is_wrong_with_the_champions(
    store: _tracking.Store, make_out: MakeOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = make_out(tmp_path).relative_to(tmp_path)
    assert _freshness.problems(out / "elsewhere") == ["no champion was chosen yet; run: make"]
    file = out / "promote/decisions.json"
    decisions = json.loads(file.read_text(encoding="utf-8"))
    for name, decision in decisions.items():
        decision.setdefault("model", name)
        decision["bundle"] = f"{out}/train/{decision['champion']}/seed-{decision['seed']}"
    file.write_text(json.dumps(decisions), encoding="utf-8")
    assert {line.split(": ", 1)[1] for line in _freshness.problems(out)} == {"no champion is registered; run: python -m tasks record"}
    _recording.record(store, out)
    _aliases.register(store, out)
    assert _freshness.problems(out) == []
    name, decision = next(iter(decisions.items()))
    bundle = Path(decision["bundle"]) / "bundle.json"
    shutil.copy(bundle, tmp_path / "kept.json")
    bundle.write_text(json.dumps(json.loads(bundle.read_text(encoding="utf-8")) | {"key": "another"}), encoding="utf-8")
    assert _freshness.problems(out) == [f"{name}: the registered champion is of other data or code; run: python -m tasks record"]
