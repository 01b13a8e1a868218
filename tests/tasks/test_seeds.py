"""What MLflow says of each seed by itself: curves, answers, samples, and the share of behavioural tests that it passed."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from malmoi import behaviour, verdicts
from tasks import _artifacts, _recording, _records, _runs, _seeds, _tracking

MakeOut = Callable[[Path], Path]


@pytest.fixture
def out(make_out: MakeOut, tmp_path: Path) -> Path:
    """An `out/` in which the second seed of bills-again has answered otherwise than the first, and both were put to three tests."""
    made = make_out(tmp_path)
    answer(made / "evaluate/bills-again", ["국회"] * 6)
    about = json.loads((made / "evaluate/bills-again/metrics.json").read_text(encoding="utf-8"))
    about |= {"corpus": "bills", "tokenizer": "characters", "feature": "counts"}
    (made / "evaluate/bills-again/metrics.json").write_text(json.dumps(about), encoding="utf-8")
    tests = {
        "spaces_removed": {"kind": "invariance", "cases": 50, "seeds": {"1": 10, "2": 0}},
        "spaces_added": {"kind": "invariance", "cases": 20, "seeds": {"1": 2, "2": 8}},
        "plain_praise": {"kind": "minimum", "cases": 10, "seeds": {"1": 0, "2": 5}},
    }
    (made / "evaluate/bills-again/behaviour.json").write_text(json.dumps({"tests": tests, "kinds": {}, "rate": 0.3}), encoding="utf-8")
    return made


def answer(folder: Path, second: list[str]) -> None:
    """predictions.parquet: the first seed is always right, the second one says this."""
    labels = ["국회", "대통령", "법원"] * 2
    columns = {"seed": [1] * 6 + [2] * 6, "id": [f"e{place}" for place in range(6)] * 2, "label": labels * 2}
    columns |= {"predicted": [*labels, *second], "correct": [True] * 6 + [one == two for one, two in zip(labels, second, strict=True)]}
    pq.write_table(pa.table(columns), folder / "predictions.parquet")


def of(out: Path, name: str) -> list[_runs.Run]:
    return [run for run in _runs.read(out) if run.name == name]


def test_behaviour_passed_is_the_mean_over_tests_and_of_each_kind(out: Path) -> None:
    first, second = (_runs.passed(run) for run in of(out, "bills-again"))
    assert first == pytest.approx(
        {"behaviour_passed": (0.8 + 0.9 + 1) / 3, "behaviour_passed_invariance": 0.85, "behaviour_passed_minimum": 1.0}
    )
    assert second == pytest.approx(
        {"behaviour_passed": (1 + 0.6 + 0.5) / 3, "behaviour_passed_invariance": 0.8, "behaviour_passed_minimum": 0.5}
    )
    assert _runs.passed(of(out, "bills-linear")[0]) == {}  # was not asked
    whole = _seeds.scores(of(out, "bills-again"))
    assert whole["behaviour_passed_minimum"] == 0.75
    assert whole["behaviour_passed_minimum_spread"] == pytest.approx(0.125**0.5)


def test_what_behaviour_json_says_and_what_mlflow_says_is_one(out: Path) -> None:
    """`evaluate` writes failure rates over all seeds, MLflow has shares passed by each: the mean of these is one less that."""
    about = {"a": ("invariance", "x"), "b": ("invariance", "y"), "c": ("minimum", "z")}
    cases = [behaviour.Case(test, "text") for test, count in (("a", 4), ("b", 3), ("c", 2)) for _ in range(count)]
    plan = behaviour.Plan("bills", "ko", cases, about, {})
    judged = {seed: [verdicts.Verdict((place * seed) % 3 == 0, 0.5, [("x", 0.5)] * 2) for place in range(9)] for seed in (1, 2)}
    written = verdicts.summarise(plan, judged, behaviour.Settings())
    (out / "evaluate/bills-again/behaviour.json").write_text(json.dumps(written), encoding="utf-8")
    said = _seeds.scores(of(out, "bills-again"))
    assert 0 < written["rate"] < 1
    assert said["behaviour_passed"] == pytest.approx(1 - written["rate"])
    assert said["behaviour_passed_invariance"] == pytest.approx(1 - written["kinds"]["invariance"])


def test_each_seed_has_its_own_confusion_and_samples(out: Path, tmp_path: Path) -> None:
    samples = [{"prompt": "모든 ", "temperature": 0.8, "text": f"글 {seed}", "seed": seed} for seed in (1, 2)]
    (out / "evaluate/bills-again/samples.json").write_text(json.dumps(samples), encoding="utf-8")
    (out / "evaluate/bills-again/position.csv").write_text("position,perplexity,tokens\n1,90.5,10\n2-3,40,20\n", encoding="utf-8")
    first, second = of(out, "bills-again")
    assert [row["predicted"] for row in _artifacts.confusion(first)] == [
        "국회",
        "국회",
        "대통령",
        "대통령",
        "법원",
        "법원",
    ]  # confusion.csv
    assert [row["predicted"] for row in _artifacts.confusion(second)] == ["국회"] * 6
    kept = {}
    for name, seeds in {"both": [first, second], "1": [first], "2": [second]}.items():
        (tmp_path / name).mkdir()
        _artifacts.draw(seeds, tmp_path / name)
        kept[name] = {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
    assert kept["both"].keys() - kept["1"].keys() == {"learning-curve.png"}  # of one seed alone MLflow draws it from its epochs
    assert kept["1"].keys() - kept["2"].keys() == {"perplexity-by-position.png"}  # `evaluate` measures the first seed's alone
    assert kept["1"]["confusion-matrix.png"] == kept["both"]["confusion-matrix.png"] != kept["2"]["confusion-matrix.png"]
    assert kept["2"]["samples.txt"].decode() == "[seed 2, temperature 0.8] 모든 ▸글 2\n"
    assert kept["both"]["samples.txt"].decode().count("▸") == 2


def test_files_of_a_single_seed_are_made_once(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    above, [below] = next(pair for pair in _records.read(out) if pair[0].name == "bills-linear")
    for name, one in (("above", above), ("below", below)):
        (tmp_path / name).mkdir()
        assert one.draw is not None
        one.draw(tmp_path / name)
        monkeypatch.setattr(_artifacts, "draw", None)  # would fail if it were asked again
    assert (tmp_path / "below/metrics.json").read_bytes() == (out / "evaluate/bills-linear/metrics.json").read_bytes()
    assert {file.name for file in (tmp_path / "above").iterdir()} == {file.name for file in (tmp_path / "below").iterdir()}


def test_seeds_can_be_compared_in_mlflow(
    out: Path, empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = _tracking.store()
    _recording.record(store, out)
    place = store.client.get_experiment_by_name("classify/bills").experiment_id
    best = store.client.search_runs([place], "metrics.behaviour_passed > 0", order_by=["metrics.behaviour_passed DESC"])
    assert [run.info.run_name for run in best] == ["bills-again · seed 1", "bills-again", "bills-again · seed 2"]
    first, _, second = best
    assert first.data.params.keys() == second.data.params.keys()
    assert {name for name, value in first.data.params.items() if second.data.params[name] != value} == {"seed"}
    assert first.data.metrics.keys() == second.data.metrics.keys()
    steps = [[point.step for point in store.client.get_metric_history(run.info.run_id, "valid_loss")] for run in best]
    assert steps == [[1, 2, 3, 4, 5]] * 3
    own = {"malmoi.key", "malmoi.seed", "malmoi.recorded", "mlflow.runName", "mlflow.note.content"}
    assert {name for name, value in first.data.tags.items() if second.data.tags.get(name) != value} == own
    files = [{file.path for file in store.client.list_artifacts(run.info.run_id)} for run in (first, second)]
    assert files[0] == files[1] == {"behaviour.json", "confusion-matrix.png", "metrics.json"}
    view = json.loads(json.loads(store.client.get_experiment(place).tags["mlflow.sharedViewState.malmoi-seeds"])["state"])
    assert "metrics.`behaviour_passed`" in view["selectedColumns"]
    assert "behaviour_passed" in [chart["metricKey"] for chart in view["compareRunCharts"]]
    assert _recording.record(store, out)["unchanged"] == 7
    answer(out / "evaluate/bills-again", ["국회", "법원"] * 3)
    assert _recording.record(store, out)["completed"] == 1  # the second seed's, whose confusion is another one
