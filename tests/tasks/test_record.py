"""`record`: out/ to MLflow, as often as one likes, from as many processes as one likes."""

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tracked import content

from malmoi.config import ConfigError
from tasks import _abandoned, _recording, _requests, _runs, _tracking, record
from tasks.runtime import processes

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
MakeOut = Callable[[Path], Path]
SEEDS = {"bills-again · seed 1", "bills-again · seed 2", "bills-linear · seed 1", "law-ngram · seed 1"}


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
    assert done["new"] == 7
    assert set(found) == SEEDS | {"bills-again", "bills-linear", "law-ngram"}
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
    assert "Seed 2 of **bills-again**: a linear model" in run.data.tags["mlflow.note.content"]
    used = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    assert {context: dataset.name for context, dataset in used.items()} == {
        "training": "bills/train",
        "validation": "bills/valid",
        "testing": "bills/test",
    }
    assert json.loads(used["training"].profile)["num_rows"] == 6


def test_seeds_stand_below_a_run_with_their_mean_spread_and_interval(store: _tracking.Store, make_out: MakeOut, tmp_path: Path) -> None:
    out = make_out(tmp_path)
    answers(out / "evaluate/bills-again", [[1, 1, 1, 0, 0, 1, 1, 0], [1, 1, 1, 0, 1, 1, 1, 0]])
    _recording.record(store, out)
    found = runs(store)
    above, below = found["bills-again"], [found["bills-again · seed 1"], found["bills-again · seed 2"]]
    assert {run.data.tags["mlflow.parentRunId"] for run in below} == {above.info.run_id}
    assert "mlflow.parentRunId" not in above.data.tags
    assert above.data.metrics["test_unsteady"] == pytest.approx(1.5 * math.pi)
    assert above.data.metrics["test_unsteady_spread"] == pytest.approx(math.pi / 2**0.5)
    low, high = (above.data.metrics[f"test_accuracy_{side}"] for side in ("low", "high"))
    assert 0.3 < low < 5.5 / 8 < high <= 1  # not the interval of one seed that metrics.json has
    assert (low, high) != (0.25, 0.75)
    assert found["bills-linear"].data.metrics["test_accuracy_low"] == 0.25  # one seed: that of its answers
    assert "test_accuracy_spread" not in found["bills-linear"].data.metrics
    curve = store.client.get_metric_history(above.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in curve] == [(e, pytest.approx(1 / (e + 1) + 1 / (e + 2))) for e in range(1, 6)]
    assert "± 0.0000 over 2 seeds" in above.data.tags["mlflow.note.content"]
    assert (above.data.params["seeds"], above.data.tags["malmoi.seeds"]) == ("1, 2", "1, 2")


def answers(folder: Path, of_seeds: list[list[int]]) -> None:
    """predictions.parquet with what each seed had right."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"seed": seed, "id": f"e{place}", "correct": bool(right)}
        for seed, answered in enumerate(of_seeds, 1)
        for place, right in enumerate(answered)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")
    about = json.loads((folder / "metrics.json").read_text()) | {"corpus": "bills", "tokenizer": "characters", "feature": "counts"}
    (folder / "metrics.json").write_text(json.dumps(about))


def test_a_page_of_mlflow_leads_to_the_columns_that_matter(store: _tracking.Store, out: Path) -> None:
    _recording.record(store, out)
    place = store.client.get_experiment_by_name("classify/bills")
    view = json.loads(json.loads(place.tags["mlflow.sharedViewState.malmoi-experiments"])["state"])
    assert view["selectedColumns"][0] == "metrics.`test_accuracy`"
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`test_accuracy`", False)
    assert f"(#/experiments/{place.experiment_id}/runs?viewStateShareKey=malmoi-experiments)" in place.tags["mlflow.note.content"]
    shown = store.client.search_runs([place.experiment_id], view["searchFilter"])
    assert {run.info.run_name for run in shown} == {"bills-again", "bills-linear"}
    other = store.client.get_experiment_by_name("language_model/law").tags["mlflow.sharedViewState.malmoi-seeds"]
    assert json.loads(json.loads(other)["state"])["orderByAsc"] is True  # fewer bits are better


def test_plots_and_samples_are_artifacts(store: _tracking.Store, out: Path) -> None:
    _recording.record(store, out)
    found = runs(store)
    kept = {name: {file.path for file in store.client.list_artifacts(run.info.run_id)} for name, run in found.items()}
    assert kept["bills-again"] == {"confusion-matrix.png", "learning-curve.png", "metrics.json"}
    assert kept["bills-linear"] == {"confusion-matrix.png", "metrics.json"}
    assert kept["law-ngram"] == {"perplexity-by-position.png", "metrics.json", "samples.txt"}
    assert {name: kept[name] for name in SEEDS} == {
        "bills-again · seed 1": {"confusion-matrix.png", "metrics.json"},
        "bills-again · seed 2": {"metrics.json"},  # whose answers are not known: there is no predictions.parquet
        "bills-linear · seed 1": {"confusion-matrix.png", "metrics.json"},
        "law-ngram · seed 1": {"perplexity-by-position.png", "metrics.json", "samples.txt"},
    }
    samples = Path(store.client.download_artifacts(found["law-ngram"].info.run_id, "samples.txt"))
    assert "모든 ▸국민은" in samples.read_text(encoding="utf-8")


def test_recording_again_changes_nothing(store: _tracking.Store, out: Path) -> None:
    _recording.record(store, out)
    before = {name: (run.info.run_id, run.info.end_time) for name, run in runs(store).items()}
    assert _recording.record(store, out) == {"unchanged": 7, "ended": 0}
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
    assert _recording.record(store, out)["completed"] == 2  # the seed's and its experiment's
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
    assert (done["completed"], done["new"]) == (1, 6)
    found = runs(store)["bills-again · seed 1"]
    assert (found.info.run_id, found.info.start_time, found.info.status) == (live.info.run_id, 1_000, "FINISHED")
    points = store.client.get_metric_history(found.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in points] == [(1, 1.0), (2, 2 / 3), (3, 0.5), (4, 0.4), (5, 1 / 3)]
    assert points[0].timestamp == 1_500


def test_a_run_that_says_something_else_is_replaced(store: _tracking.Store, out: Path) -> None:
    from mlflow.entities import Metric

    run = next(run for run in _runs.read(out) if run.name == "bills-again")
    other = _tracking.begin(store, _tracking.place(store, "classify", "bills"), _runs.tags(run))
    store.client.log_batch(other.info.run_id, metrics=[Metric("train_loss", 0.75, 1_500, 1), Metric("train_loss", 0.7, 1_600, 9)])
    _recording.record(store, out)
    found = runs(store)["bills-again · seed 1"]
    assert store.client.get_run(other.info.run_id).info.lifecycle_stage == "deleted"
    points = store.client.get_metric_history(found.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in points] == [(1, 1.0), (2, 2 / 3), (3, 0.5), (4, 0.4), (5, 1 / 3)]


def test_a_score_that_changed_is_the_one_that_counts(store: _tracking.Store, make_out: MakeOut, tmp_path: Path) -> None:
    out = make_out(tmp_path)
    file = out / "evaluate/law-ngram/metrics.json"
    for text in (file.read_text(), file.read_text().replace("4.25", "4.125")):  # the new one is the smaller
        file.write_text(text)
        _recording.record(store, out)
    assert runs(store)["law-ngram · seed 1"].data.metrics["test_bits_per_character"] == 4.125


def test_runs_left_by_a_crash_are_ended(store: _tracking.Store, out: Path) -> None:
    """Whose writer is dead, whose PID is another process by now, who is silent where nobody can see it; not one that another machine, or
    another container of this one, works on, nor one that an earlier version of this program has tagged."""
    gone = subprocess.Popen(["sleep", "60"])
    dead = _abandoned.writer(gone.pid)
    gone.kill()
    gone.wait()
    mine, now, host = processes.identify(), int(time.time() * 1000), socket.gethostname()
    place, lost = _tracking.place(store, "classify", "bills"), {"malmoi.experiment": "bills-lost", "malmoi.seed": "1"}
    cases = {
        "dead": (dead, now),
        "reused": (str(replace(mine, began=mine.began + 1)), now),
        "mine": (str(mine), now),
        "elsewhere": (str(replace(mine, boot="another")), now),
        "container": (str(replace(mine, namespace="pid1", pid=2**22 + 1)), now),
        "silent container": (str(replace(mine, namespace="pid1")), now - 2 * 3_600_000),
        "earlier": (f"{host}:{gone.pid}:1.0", now),
        "silent earlier": (f"{host}:{os.getpid()}:1.0", now - 2 * 3_600_000),
    }
    begun = {
        name: _tracking.begin(store, place, lost | {"malmoi.key": name, "malmoi.writer": writer, "malmoi.alive": str(seen)}).info.run_id
        for name, (writer, seen) in cases.items()
    }
    assert _recording.record(store, out)["ended"] == 4
    statuses = {name: store.client.get_run(run_id).info.status for name, run_id in begun.items()}
    ended = {"dead", "reused", "silent container", "silent earlier"}
    assert statuses == {name: "KILLED" if name in ended else "RUNNING" for name in cases}


def test_a_double_is_mended_whoever_made_it(store: _tracking.Store, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server, where nobody can be kept out: another process makes the same runs in the same moment, and takes ours away."""
    whole, seen = _requests.send, list[str]()

    def late(store: _tracking.Store, run_id: str, *given: Any) -> None:
        if not seen:
            seen.append(run_id)
            tags = store.client.get_run(run_id).data.tags
            born = {name: value for name, value in tags.items() if name.startswith("malmoi.")}
            place = store.client.get_run(run_id).info.experiment_id
            store.client.create_run(place, 1, tags=born, run_name=tags["mlflow.runName"])  # older, so it is the one that stays
            store.client.delete_run(run_id)
        whole(store, run_id, *given)

    monkeypatch.setattr(_requests, "send", late)
    assert _recording.record(store, out)["new"] == 7
    assert len(runs(store)) == 7
    assert store.client.get_run(seen[0]).info.lifecycle_stage == "deleted"
    assert _recording.record(store, out) == {"unchanged": 7, "ended": 0}


def test_doubles_that_nobody_saw_are_mended_later(store: _tracking.Store, out: Path) -> None:
    _recording.record(store, out)
    run = runs(store)["law-ngram"]
    born = {name: value for name, value in run.data.tags.items() if name.startswith("malmoi.")}
    store.client.create_run(run.info.experiment_id, tags=born, run_name="law-ngram")
    _recording.record(store, out)
    assert runs(store)["law-ngram"].info.run_id == run.info.run_id


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
    said = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("7 runs new" in text for text, _ in said) == [False, True]
    store = _tracking.store()
    assert len(runs(store)) == 7
    history = store.client.get_metric_history(runs(store)["bills-again · seed 1"].info.run_id, "train_loss")
    assert [point.step for point in history] == [1, 2, 3, 4, 5]


CLONE = """
import os, subprocess, sys
from dvc.repo import Repo
subprocess.run(["git", "init", "-q"], check=True)
Repo.init(".").close()
with open("dvc.yaml", "w") as file:
    file.write("stages:\\n  all:\\n    cmd: 'true'\\n    outs:\\n    - out\\n")
with Repo(".", config={"remote": {"shelf": {"url": os.path.abspath("../shelf")}}, "core": {"remote": "shelf"}}) as repo:
    repo.commit(force=True)
    repo.push()
subprocess.run(["git", "add", "-A"], check=True)
subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "results"], check=True)
subprocess.run(["git", "clone", "-q", ".", "../clone"], check=True)
os.chdir("../clone")
with Repo(".", config={"remote": {"shelf": {"url": os.path.abspath("../shelf")}}, "core": {"remote": "shelf"}}) as repo:
    repo.pull()
"""


def test_a_clone_that_has_only_pulled_fills_an_empty_store(
    store: _tracking.Store, make_out: MakeOut, empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    record.run(make_out(project), strict=True)
    there = content(store.client)
    subprocess.run([sys.executable, "-c", CLONE], cwd=project, env=os.environ | {"DVC_NO_ANALYTICS": "1"}, check=True)
    assert not (tmp_path / "clone/mlflow.db").exists()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path / "clone"))
    record.run(tmp_path / "clone/out", strict=True)
    assert content(_tracking.store().client) == there
    assert there["model classify-bills"]["aliases"]["champion"] == "1"
    assert len([name for name in there if "bills-again" in name]) == 3


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
    assert capsys.readouterr().out.endswith("4 runs new; not trained to the end yet, left for later: bills-again\n")
    assert set(runs(store)) == {"bills-linear", "bills-linear · seed 1", "law-ngram", "law-ngram · seed 1"}


def test_help_is_fast_and_imports_nothing_heavy() -> None:
    code = "import sys; from tasks import __main__, record; print(*[m for m in ('mlflow', 'matplotlib', 'numpy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == []
