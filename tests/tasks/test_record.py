"""`record`: out/ to MLflow, as often as one likes, from as many processes as one likes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from malmoi.config import ConfigError
from tasks import _recording, _runs, _tracking, record

ROOT = Path(__file__).resolve().parents[2]
MakeOut = Callable[[Path], Path]


@pytest.fixture(scope="module")
def out(make_out: MakeOut, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_out(tmp_path_factory.mktemp("project"))


@pytest.fixture
def store(empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _tracking.Store:
    """A new, empty store."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    return _tracking.store()


def runs(store: _tracking.Store) -> dict[str, Any]:
    """All runs by name; fails where two have the same name."""
    places = [place.experiment_id for place in store.client.search_experiments()]
    found = store.client.search_runs(places)
    named = {run.info.run_name: run for run in found}
    assert len(named) == len(found)
    return named


def test_a_run_says_what_it_is(store: _tracking.Store, out: Path) -> None:
    done = _recording.record(store, out)
    found = runs(store)
    assert done["new"] == 4
    assert set(found) == {"bills-again · seed 1", "bills-again · seed 2", "bills-linear · seed 1", "law-ngram · seed 1"}
    run = found["bills-again · seed 2"]
    assert store.client.get_experiment(run.info.experiment_id).name == "classify/bills"
    assert run.info.status == "FINISHED"
    expected = {
        "model.family": "linear",
        "model.C": "0.5",
        "training.epochs": "5",
        "tokenizer.name": "characters",
        "feature.kind": "counts",
    }
    assert expected.items() <= run.data.params.items()
    assert run.data.params["seed"] == "2"
    assert "seeds" not in run.data.params
    assert run.data.metrics["test_accuracy"] == 0.625
    assert run.data.metrics["valid_macro_f1"] == 0.5
    assert run.data.metrics["test_unsteady"] == pytest.approx(6.283185307)
    assert "test_tokens" not in run.data.metrics
    assert "test_missing" not in run.data.metrics
    history = store.client.get_metric_history(run.info.run_id, "valid_loss")
    assert [(point.step, point.value) for point in history] == [(1, 2.0), (2, 1.5), (3, 1 + 1 / 3), (4, 1.25), (5, 1.2)]
    assert "seed 2: a linear model" in run.data.tags["mlflow.note.content"]
    assert run.inputs.dataset_inputs[0].dataset.name.startswith("bills/")


def test_plots_and_samples_are_artifacts(store: _tracking.Store, out: Path) -> None:
    _recording.record(store, out)
    found = runs(store)
    kept = {name: {file.path for file in store.client.list_artifacts(run.info.run_id)} for name, run in found.items()}
    assert kept["bills-again · seed 1"] == {"confusion-matrix.png", "learning-curve.png", "metrics.json"}
    assert kept["bills-linear · seed 1"] == {"confusion-matrix.png", "metrics.json"}
    assert kept["law-ngram · seed 1"] == {"perplexity-by-position.png", "metrics.json", "samples.txt"}
    samples = Path(store.client.download_artifacts(found["law-ngram · seed 1"].info.run_id, "samples.txt"))
    assert "모든 ▸국민은" in samples.read_text(encoding="utf-8")


def test_recording_again_changes_nothing(store: _tracking.Store, out: Path) -> None:
    _recording.record(store, out)
    before = {name: (run.info.run_id, run.info.end_time) for name, run in runs(store).items()}
    assert _recording.record(store, out) == {"unchanged": 4, "ended": 0}
    assert {name: (run.info.run_id, run.info.end_time) for name, run in runs(store).items()} == before


def test_new_scores_complete_the_same_run(store: _tracking.Store, make_out: MakeOut, tmp_path: Path) -> None:
    out = make_out(tmp_path)
    scores = out / "evaluate" / "law-ngram" / "metrics.json"
    kept = scores.read_text()
    scores.unlink()
    _recording.record(store, out)
    first = runs(store)["law-ngram · seed 1"]
    assert "test_bits_per_character" not in first.data.metrics
    scores.write_text(kept)
    assert _recording.record(store, out)["completed"] == 1
    second = runs(store)["law-ngram · seed 1"]
    assert second.info.run_id == first.info.run_id
    assert second.data.metrics["test_bits_per_character"] == 4.25


def test_a_live_run_that_missed_epochs_is_completed(store: _tracking.Store, out: Path) -> None:
    from mlflow.entities import Metric

    run = next(run for run in _runs.read(out) if run.name == "bills-again")
    place = _tracking.place(store, "classify", "bills")
    live = _tracking.begin(store, place, _runs.tags(run) | {"malmoi.writer": "elsewhere:1"}, 1_000)
    store.client.log_batch(live.info.run_id, metrics=[Metric("train_loss", 1.0, 1_500, 1), Metric("valid_loss", 2.0, 1_500, 1)])
    done = _recording.record(store, out)
    assert (done["completed"], done["new"]) == (1, 3)
    found = runs(store)["bills-again · seed 1"]
    assert (found.info.run_id, found.info.start_time, found.info.status) == (live.info.run_id, 1_000, "FINISHED")
    points = store.client.get_metric_history(found.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in points] == [(1, 1.0), (2, 2 / 3), (3, 0.5), (4, 0.4), (5, 1 / 3)]
    assert points[0].timestamp == 1_500


def test_a_run_left_by_a_crash_is_ended(store: _tracking.Store, out: Path) -> None:
    import socket

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    place = _tracking.place(store, "classify", "bills")
    tags = {"malmoi.key": "lost", "malmoi.experiment": "bills-lost", "malmoi.seed": "1"}
    ended = _tracking.begin(store, place, tags | {"malmoi.writer": f"{socket.gethostname()}:{gone.pid}"})
    elsewhere = _tracking.begin(store, place, tags | {"malmoi.key": "busy", "malmoi.writer": "another-machine:7"})
    assert _recording.record(store, out)["ended"] == 1
    assert store.client.get_run(ended.info.run_id).info.status == "KILLED"
    assert store.client.get_run(elsewhere.info.run_id).info.status == "RUNNING"


def test_dvc_hashes_are_tags(store: _tracking.Store, make_out: MakeOut, tmp_path: Path) -> None:
    out = make_out(tmp_path)
    lock = "stages:\n  train@law-ngram:\n    cmd: x\n    deps:\n    - {path: out/features/law, md5: abc.dir, size: 3}\n"
    (tmp_path / "dvc.lock").write_text(lock + "    outs:\n    - {path: out/train/law-ngram, md5: def.dir}\n")
    _recording.record(store, out)
    tags = runs(store)["law-ngram · seed 1"].data.tags
    assert tags["dvc.deps.out/features/law"] == "abc.dir"
    assert tags["dvc.outs.out/train/law-ngram"] == "def.dir"
    assert tags["mlflow.source.name"] == "dvc repro train@law-ngram"


def test_two_processes_fill_one_new_store_at_once(make_out: MakeOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = make_out(tmp_path)
    (out / "promote" / "decisions.json").unlink()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    command = [sys.executable, "-m", "tasks", "record", "--out", str(out)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("4 runs new" in text for text, _ in said) == [False, True]
    store = _tracking.store()
    assert len(runs(store)) == 4
    history = store.client.get_metric_history(runs(store)["bills-again · seed 1"].info.run_id, "train_loss")
    assert [point.step for point in history] == [1, 2, 3, 4, 5]


def test_a_server_that_is_down_is_a_warning(out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    record.run(out)
    said = capsys.readouterr().err
    assert "connection refused" in said
    assert "run `python -m tasks record` again" in said
    with pytest.raises(ConfigError, match="Nothing is lost"):
        record.run(out, strict=True)


def test_nothing_to_record_and_broken_files_are_errors(make_out: MakeOut, store: _tracking.Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no trained model in there"):
        record.run(tmp_path / "nowhere")
    out = make_out(tmp_path)
    (out / "train" / "law-ngram" / "experiment.json").write_text("{")
    with pytest.raises(ConfigError, match=r"law-ngram/experiment\.json: cannot be read"):
        record.run(out)


def test_a_training_that_goes_on_is_left_for_later(
    make_out: MakeOut, store: _tracking.Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = make_out(tmp_path)
    (out / "train" / "bills-again" / "experiment.json").unlink()
    (out / "promote" / "decisions.json").unlink()
    record.run(out)
    assert capsys.readouterr().out.endswith("2 runs new; not trained to the end yet, left for later: bills-again\n")
    assert set(runs(store)) == {"bills-linear · seed 1", "law-ngram · seed 1"}


def test_help_is_fast_and_imports_nothing_heavy() -> None:
    code = "import sys; from tasks import __main__, record; print(*[m for m in ('mlflow', 'matplotlib', 'numpy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == []
