"""Intrinsic results in MLflow: one run per entry and content."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import _intrinsic_runs, _tracking


@pytest.fixture
def store(empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _tracking.Store:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    return _tracking.store()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out/intrinsic/law-vectors"
    folder.mkdir(parents=True)
    about = {"entry": "law-vectors", "corpus": "law", "features": "law-word2vec", "tokens": "law-okt", "tests": ["simlex"]}
    about |= {"tokenizer": {"name": "okt", "options": {}}, "feature": {"kind": "word2vec", "options": {"size": 48}}}
    (folder / "about.json").write_text(json.dumps(about))
    (folder / "metrics.json").write_text(json.dumps({"simlex": {"spearman": None, "covered": 3}, "tokens": {"unknown_rate": 0.125}}))
    (folder / "map.svg").write_text("<svg/>")
    (tmp_path / "out/intrinsic/rates").mkdir()
    (tmp_path / "out/intrinsic/rates/rates.json").write_text("{}")
    return tmp_path / "out"


def test_an_entry_is_one_run_until_its_results_change(store: _tracking.Store, out: Path) -> None:
    assert _intrinsic_runs.record(store, out)["new"] == 1
    assert _intrinsic_runs.record(store, out)["new"] == 0
    place = store.client.get_experiment_by_name("intrinsic/law")
    (run,) = store.client.search_runs([place.experiment_id])
    assert (run.info.run_name, run.info.status) == ("law-vectors", "FINISHED")
    assert run.data.metrics == {"simlex_covered": 3.0, "tokens_unknown_rate": 0.125}
    assert run.data.params["feature.options.size"] == "48"
    assert [file.path for file in store.client.list_artifacts(run.info.run_id)] == ["about.json", "map.svg", "metrics.json"]
    (out / "intrinsic/law-vectors/metrics.json").write_text(json.dumps({"simlex": {"spearman": 0.5, "covered": 4}}))
    assert _intrinsic_runs.record(store, out)["new"] == 1
    assert len(store.client.search_runs([place.experiment_id])) == 2


def test_a_run_that_was_left_half_done_is_completed(store: _tracking.Store, out: Path) -> None:
    _intrinsic_runs.record(store, out)
    place = store.client.get_experiment_by_name("intrinsic/law").experiment_id
    (run,) = store.client.search_runs([place])
    store.client.delete_tag(run.info.run_id, "malmoi.recorded")
    assert _intrinsic_runs.record(store, out) == {"completed": 1, "ended": 0}
    (again,) = store.client.search_runs([place])
    assert (again.info.run_id, again.data.metrics) == (run.info.run_id, run.data.metrics)


def test_nothing_measured_is_nothing_to_do(store: _tracking.Store, tmp_path: Path) -> None:
    assert _intrinsic_runs.record(store, tmp_path / "nowhere") == {}
    assert store.client.get_experiment_by_name("intrinsic/law") is None


def test_a_grade_is_one_run_of_its_own_experiment(store: _tracking.Store, out: Path) -> None:
    folder = out / "grades/law-okt"
    folder.mkdir(parents=True)
    grade = {"corpus": "law", "tokenizer": "okt", "options": {"stem": True}, "lossless": False, "language_model_options": None}
    grade |= {"train_texts": 90, "test_texts": 9, "vocabulary": 300, "accuracy": None, "unknown_rate": 0.25}
    (folder / "grade.json").write_text(json.dumps(grade))
    (folder / "speed.json").write_text(json.dumps({"sentences_per_second": 1400.5, "texts": 9}))
    assert _intrinsic_runs.record(store, out)["new"] == 2
    (run,) = store.client.search_runs([store.client.get_experiment_by_name("tokenizers/law").experiment_id])
    assert run.data.metrics == {"vocabulary": 300.0, "unknown_rate": 0.25, "sentences_per_second": 1400.5, "texts": 9.0}
    assert run.data.params["options.stem"] == "true"
    assert run.data.params["tokenizer"] == "okt"
