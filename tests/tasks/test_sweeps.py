"""Sweeps drawn, told in words, and recorded in MLflow: a trial is one run, however often and from whatever state."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from malmoi.config import ConfigError
from tasks import _sweep_figures, _sweeps, _tracking, sweeps

EmptyStore = Callable[[Path], str]
SPACE = [
    {"key": "p.yaml:m.units", "short": "units", "said": "16 to 64, step 16", "log": False},
    {"key": "p.yaml:m.cut", "short": "cut", "said": "음절 | 어절", "log": False},
    {"key": "p.yaml:m.rate", "short": "rate", "said": "0.001 to 1, log", "log": True},
]


def trial(number: int, state: str, values: tuple[int, str, float], score: float | None = None, steps: int = 2) -> dict[str, Any]:
    return {
        "number": number,
        "state": state,
        "score": score,
        "values": dict(zip([one["key"] for one in SPACE], values, strict=True)),
        "intermediate": [[step, 1.0 / step] for step in range(1, steps + 1)],
        "began": 1_700_000_000_000 + number,
        "ended": None if state == "running" else 1_700_000_009_000 + number,
        "experiment": f"말-trial-{number}" if score is not None else None,
        "stages": {"ran": ["train@x"], "restored": ["ingest@x"], "failed": []},
        "reason": "no such cell" if state == "failed" else None,
        "again": None,
    }


TRIALS = [
    trial(0, "finished", (16, "음절", 0.001), 0.75),
    trial(1, "pruned", (64, "음절", 0.1), None, 1),
    trial(2, "finished", (32, "어절", 0.01), 0.875),
    trial(3, "running", (48, "어절", 0.5), None, 1),
]


def write(folder: Path, state: str = "running", trials: list[dict[str, Any]] = TRIALS) -> Path:
    about = {
        "state": state,
        "name": "말",
        "key": "0123456789abcdef",
        "baseline": "a" * 40,
        "sampler": {"kind": "tpe", "seed": 1},
        "pruner": {"kind": "median"},
        "targets": ["evaluate@x"],
        "direction": "maximize",
        "fixed": {"p.yaml:m.seeds": [1]},
        "metric": "valid_accuracy",
        "intermediate": "valid_loss",
        "wanted": 4,
        "space": SPACE,
        "importance": {"p.yaml:m.rate": 0.75, "p.yaml:m.units": 0.25},
        "trials": trials,
    }
    folder.mkdir(exist_ok=True)
    (folder / "sweep.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    return folder


def test_the_page_ranks_trials_and_says_how_to_take_the_best(tmp_path: Path) -> None:
    page = _sweeps.page(_sweeps.read(write(tmp_path / "x")))
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")][2:]
    assert [row[0].strip("| ") for row in rows] == ["2", "0", "1", "3"]
    assert rows[0][1:6] == ["0.875", "32", "어절", "0.01", "finished"]
    assert "2 finished, 1 pruned, 1 running of 4 trials" in page
    assert "`dvc exp apply 말-trial-2`" in page
    assert "- rate: 75%" in page
    assert "`p.yaml:m.seeds` = [1]" in page


def test_the_best_so_far_never_falls(tmp_path: Path) -> None:
    scores = [0.5, 0.75, 0.25]
    trials = [trial(place, "finished", (16, "음절", 0.1), score) for place, score in enumerate(scores)]
    assert _sweeps.read(write(tmp_path / "x", trials=trials)).history == [(0, 0.5), (1, 0.75), (2, 0.75)]


def test_axes_place_choices_numbers_and_powers() -> None:
    assert [_sweep_figures.Axis("units", [16, 64, 32]).place(value) for value in (16, 40, 64)] == [0.0, 0.5, 1.0]
    assert _sweep_figures.Axis("rate", [0.001, 0.1], log=True).place(0.01) == pytest.approx(0.5)
    mixed = _sweep_figures.Axis("cell", ["gru", None, "lstm", True])
    assert [text for _, text in mixed.ticks] == ["True", "gru", "lstm", "–"]
    assert mixed.place(None) == 1.0
    assert [text for _, text in _sweep_figures.Axis("units", [64, 16, 16]).ticks] == ["16", "64"]
    assert _sweep_figures.Axis("same", [3, 3]).place(3) == 0.5


def test_plots_are_drawn_as_far_as_there_is_something_to_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALMOI_TRACKING", "off")
    folder = write(tmp_path / "x")
    sweeps.run([folder])
    names = {"history", "importance", "parallel-coordinates", "intermediate"}
    assert {path.stem for path in folder.glob("*.png")} == {path.stem for path in folder.glob("*.svg")} == names
    assert "| 2 | 0.875 |" in (folder / "sweep.md").read_text(encoding="utf-8")
    empty = write(tmp_path / "empty", trials=[])
    sweeps.run([empty])
    assert list(empty.glob("*.svg")) == [empty / "importance.svg"]


def test_where_there_is_no_sweep_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"python -m flows\.sweep"):
        sweeps.run([])
    with pytest.raises(ConfigError, match=r"sweep\.json: no such file"):
        sweeps.run([tmp_path])


def test_mlflow_has_a_run_for_the_sweep_and_one_for_each_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: EmptyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    monkeypatch.delenv("MALMOI_TRACKING", raising=False)
    sweeps.run([write(tmp_path / "x")])
    later = [*TRIALS[:3], trial(3, "finished", (48, "어절", 0.5), 0.9375), trial(4, "failed", (48, "음절", 0.5))]
    for _ in range(2):  # it went on, and is recorded twice
        sweeps.run([write(tmp_path / "x", "finished", later)])
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "4 new runs, 0 known",
        "1 new run, 4 known",
        "0 new runs, 5 known",
    ]
    store = _tracking.store()
    runs = {run.info.run_name: run for run in store.client.search_runs([_tracking.place(store, "sweeps", "말")])}
    assert sorted(runs) == ["sweep 말", *(f"trial {number}" for number in range(5))]
    parent = runs["sweep 말"]
    assert {run.data.tags.get("mlflow.parentRunId") for run in runs.values()} == {None, parent.info.run_id}
    states = {name: run.info.status for name, run in runs.items()}
    assert states == {"sweep 말": "FINISHED", **{f"trial {n}": s for n, s in enumerate("FINISHED KILLED FINISHED FINISHED FAILED".split())}}  # noqa: SIM905
    last = runs["trial 3"]
    assert last.data.params == {"units": "48", "cut": "어절", "rate": "0.5"}
    assert last.data.metrics == {"valid_accuracy": 0.9375, "valid_loss": 0.5}
    assert [point.step for point in store.client.get_metric_history(last.info.run_id, "valid_loss")] == [1, 2]
    assert (parent.data.tags["best.units"], parent.data.tags["best.experiment"]) == ("48", "말-trial-3")
    best = [(point.step, point.value) for point in store.client.get_metric_history(parent.info.run_id, "best_valid_accuracy")]
    assert best == [(0, 0.75), (2, 0.875), (3, 0.9375)]
    files = {file.path for file in store.client.list_artifacts(parent.info.run_id)}
    assert {"sweep.md", "trials.json", "parallel-coordinates.png", "importance.png"} <= files


def test_a_server_that_is_down_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))  # nobody listens
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("MALMOI_TRACKING", raising=False)
        folder = write(tmp_path / "x")
        sweeps.run([folder])
    assert "run `python -m tasks sweeps` again" in capsys.readouterr().err
    assert (folder / "history.png").exists()
