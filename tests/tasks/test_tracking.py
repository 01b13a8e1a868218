"""Live tracking: it tells MLflow of epochs, and whatever happens to MLflow, training does not notice."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasks import _abandoned, _failures, _figures, _live, _runs, _store, _tracking, _writer
from tasks.runtime import processes

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
EmptyStore = Callable[[Path], str]
IDENTITY: _tracking.Identity = {
    "key": "k" * 64,
    "recipe": "r" * 64,
    "experiment": "bills-gru",
    "seed": 1,
    "problem": "classify",
    "corpus": "bills",
}
PARAMS = {"corpus": "bills", "model": {"family": "recurrent", "units": 64}, "training": {"epochs": 3}, "seeds": [1]}


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer starts at once, and the end waits longer than a person would want, since the machine may be busy."""
    monkeypatch.delenv("MALMOI_TRACKING", raising=False)
    monkeypatch.setenv("MALMOI_TRACKING_DELAY", "0")
    monkeypatch.setattr(_live, "WAIT", {"FINISHED": 100.0, "FAILED": 100.0, "KILLED": 0.0})


def wait_for_start(live: _live.Live) -> None:
    """Until the run exists; on a busy machine that takes long, at the lowest priority."""
    until = time.monotonic() + 300
    while live._writer is None or not _live._began(live._writer):
        assert time.monotonic() < until, "no run was begun"
        time.sleep(0.1)


def found(store: _tracking.Store) -> tuple[Any, Any]:
    """The run of the experiment, and that of its seed."""
    runs = store.client.search_runs([_tracking.place(store, "classify", "bills")])
    by_seed = {run.data.tags["malmoi.seed"]: run for run in runs}
    assert set(by_seed) == {"all", "1"}
    assert len(runs) == 2
    return by_seed["all"], by_seed["1"]


def test_epochs_status_and_params_arrive(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    with _tracking.live(**IDENTITY, params=PARAMS) as live:
        live.epoch(1, {"train_loss": 0.5, "valid_loss": float("nan")}, 1.5)
        wait_for_start(live)
        live.epoch(2, {"train_loss": 0.25, "valid_loss": 0.75}, 1.25)
    store = _tracking.store()
    above, run = found(store)
    assert (above.info.run_name, above.info.status) == ("bills-gru", "FINISHED")
    assert (run.info.run_name, run.info.status) == ("bills-gru · seed 1", "FINISHED")
    assert run.data.tags["mlflow.parentRunId"] == above.info.run_id
    assert run.data.params == {"corpus": "bills", "model.family": "recurrent", "model.units": "64", "training.epochs": "3"}
    assert [(p.step, p.value) for p in store.client.get_metric_history(run.info.run_id, "train_loss")] == [(1, 0.5), (2, 0.25)]
    assert [(p.step, p.value) for p in store.client.get_metric_history(run.info.run_id, "valid_loss")] == [(2, 0.75)]
    assert run.data.metrics["epoch_seconds"] == 1.25
    assert run.data.metrics["system/training_memory_megabytes"] > 10  # this process


def header() -> dict[str, Any]:
    """What a training says first."""
    return {**IDENTITY, "params": PARAMS, "began": 1_000}


def epoch(number: int) -> dict[str, Any]:
    """What it says of an epoch."""
    return {"epoch": number, "metrics": {"train_loss": 1 / number, "epoch_seconds": 1.0}, "time": 1_000 + number}


def test_a_training_that_goes_on_adds_what_is_not_there(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    for numbers, status in (((1, 2), "KILLED"), ((2, 3), "FAILED")):
        writer = _writer.Writer(header(), os.getpid())
        writer.epochs = [epoch(number) for number in numbers]
        writer.write()
        above, run = found(store := _tracking.store())
        assert above.info.status == run.info.status == "RUNNING"
        writer.write(status)
    above, run = found(store)
    assert (above.info.status, run.info.status) == ("FAILED", "FAILED")
    assert [p.step for p in store.client.get_metric_history(run.info.run_id, "train_loss")] == [1, 2, 3]
    assert run.info.start_time == 1_000


def test_requests_take_a_hundredth_of_a_processor(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    writer = _writer.Writer(header(), os.getpid())
    writer.epochs = [epoch(1)]
    before, began = time.monotonic(), time.process_time()
    writer.write()
    assert writer.due - before >= min(_writer.PAUSE, 90 * (time.process_time() - began))
    writer.epochs, writer.due = [epoch(2)], time.monotonic() + 1_000
    writer.write()
    assert len(writer.epochs) == 1  # not yet
    writer.due = 0.0
    writer.write()
    assert writer.epochs == []


def test_a_run_that_was_taken_away_is_found_again(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process made the same runs, older ones, at the same moment; or somebody deleted ours."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    writer = _writer.Writer(header(), os.getpid())
    writer.epochs = [epoch(1)]
    writer.write()
    store = _tracking.store()
    store.client.delete_run(found(store)[1].info.run_id)
    writer.epochs, writer.due = [epoch(1), epoch(2)], 0.0
    writer.write()
    writer.write("FINISHED")
    _, run = found(store)
    assert [p.step for p in store.client.get_metric_history(run.info.run_id, "train_loss")] == [1, 2]
    assert run.info.status == "FINISHED"


@pytest.mark.parametrize(
    ("status", "tags"),
    [("RUNNING", {"malmoi.writer": "another-machine:7:1"}), ("FINISHED", {"malmoi.recorded": "all of it"})],
)
def test_a_run_that_is_somebody_elses_or_complete_is_left_alone(
    status: str, tags: dict[str, str], empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer of a training that was killed may still be at work when the next one begins; or be so late that all is recorded."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = _tracking.store()
    identity = {"malmoi.key": "k" * 64, "malmoi.experiment": "bills-gru", "malmoi.seed": "1"}
    other = _tracking.begin(store, _tracking.place(store, "classify", "bills"), identity | tags)
    if status == "FINISHED":
        store.client.set_terminated(other.info.run_id, status)
    writer = _writer.Writer(header(), os.getpid())
    writer.epochs = [epoch(1)]
    writer.write()
    writer.write("KILLED")
    run = store.client.get_run(other.info.run_id)
    assert (run.info.status, run.data.metrics) == (status, {})
    assert writer.epochs, "kept, in case that the other one dies"


def test_the_next_training_ends_what_a_crash_has_left(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training and writer were killed together."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = _tracking.store()
    tags = {"malmoi.key": "lost", "malmoi.experiment": "bills-lost", "malmoi.seed": "1"}
    me = processes.identify()
    dead = {"malmoi.writer": str(replace(me, began=me.began + 1))}  # the number is another process by now
    lost = _tracking.begin(store, _tracking.place(store, "classify", "bills"), tags | dead)
    _writer.Writer(header(), os.getpid()).write()
    assert store.client.get_run(lost.info.run_id).info.status == "KILLED"


def test_a_run_whose_writer_cannot_be_seen_is_taken_up_once_it_was_silent_for_minutes(
    empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the machine, or the container, was started again; clocks of two machines need not agree for that."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store, me = _tracking.store(), processes.identify()
    ahead = str(int(time.time() * 1000) + 1_000_000)
    tags = {"malmoi.key": "k" * 64, "malmoi.experiment": "bills-gru", "malmoi.seed": "1", "malmoi.alive": ahead}
    before = _tracking.begin(store, _tracking.place(store, "classify", "bills"), tags | {"malmoi.writer": str(replace(me, boot="before"))})
    writer = _writer.Writer(header(), os.getpid())
    writer.write()
    assert writer.run_id == ""
    monkeypatch.setattr(_abandoned, "SILENCE", 0.0)
    writer.due = 0.0
    writer.write()
    assert writer.run_id == before.info.run_id
    assert found(store)[1].data.tags["malmoi.writer"] == str(me)


def test_a_training_that_is_killed_leaves_no_running_run(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    code = (
        "import time; from tasks import _live, _tracking\n"
        f"with _tracking.live(**{IDENTITY!r}, params={PARAMS!r}) as live:\n"
        "    while not live._writer or not _live._began(live._writer): time.sleep(0.1)\n"
        "    live.epoch(1, {'train_loss': 1.0}, 1.0); print('on', flush=True); time.sleep(60)\n"
    )
    training = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with training:
        assert training.stdout is not None
        assert training.stdout.readline() == "on\n"
        [writer] = psutil.Process(training.pid).children()
        training.send_signal(signal.SIGKILL)
        writer.send_signal(signal.SIGTERM)  # as a runner's watchdog does with all that it has started
    writer.wait(100)
    assert [run.info.status for run in found(_tracking.store())] == ["KILLED", "KILLED"]


@pytest.mark.parametrize("kind", ["down", "hanging"])
def test_a_server_that_does_not_answer_costs_training_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_live, "WAIT", {"FINISHED": 0.5, "FAILED": 0.5, "KILLED": 0.0})
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if kind == "hanging":
            server.listen(5)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        slowest, said, until = 0.0, "", time.monotonic() + 300
        with _tracking.live(**IDENTITY, params=PARAMS) as live:
            number = 0
            while "warning" not in said and time.monotonic() < until:
                number, began = number + 1, time.monotonic()
                live.epoch(number, {"train_loss": 1 / number, "valid_loss": 1.0}, 0.1)
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.1)
                said += capfd.readouterr().err
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 20
    assert slowest < 0.9  # one request to it takes a second
    assert said.count("warning: MLflow at") == 1
    assert "Training goes on and nothing is lost" in said


def test_switched_off_or_short_training_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALMOI_TRACKING_DELAY", "60")
    began = time.monotonic()
    with _tracking.live(**IDENTITY, params=PARAMS) as short:
        short.epoch(1, {"train_loss": 1.0}, 0.1, left=1000.0)
    monkeypatch.setenv("MALMOI_TRACKING_DELAY", "0")
    monkeypatch.setenv("MALMOI_TRACKING", "off")
    with _tracking.live(**IDENTITY, params=PARAMS) as off:
        time.sleep(0.2)
        off.epoch(1, {"train_loss": 1.0}, 0.1)
        assert off._writer is None
    assert short._writer is None
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("patience", "left", "starts"), [(0.0, 500.0, True), (0.0, 30.0, False), (50.0, 500.0, False)])
def test_a_writer_starts_where_training_is_worth_it(patience: float, left: float, starts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MALMOI_TRACKING_DELAY")
    monkeypatch.setattr(_live, "PATIENCE", patience)
    with _tracking.live(**IDENTITY, params=PARAMS) as live:
        live.epoch(1, {"train_loss": 1.0}, 0.1, left)
        assert (live._writer is not None) == starts


def test_a_writer_starts_where_training_has_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knew how long it would be."""
    monkeypatch.delenv("MALMOI_TRACKING_DELAY")
    for name in ("PATIENCE", "WORTH"):
        monkeypatch.setattr(_live, name, 0.2)
    until = time.monotonic() + 60
    with _tracking.live(**IDENTITY, params=PARAMS) as live:
        while live._writer is None and time.monotonic() < until:
            time.sleep(0.05)
        assert live._writer is not None


STUCK = """
import os, sys, time
from tasks import _beside
print("began", flush=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.05)
told = [line for lines in _beside.lines(int(sys.argv[1]), wake=0.1) for line in lines]
with open(sys.argv[3], "w") as file:
    file.write(f"{len(told)} {told[-1]}")
"""


@pytest.mark.parametrize("stuck", [True, False])
def test_a_writer_that_is_slow_or_stuck_gets_every_line_and_the_last_word(
    stuck: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far more than a pipe holds, while the writer is at one long request; training has ended before it reads the first of them."""
    monkeypatch.setattr(_live, "WAIT", {"FINISHED": 0.5, "FAILED": 0.5, "KILLED": 0.0})
    start, go, heard = subprocess.Popen, tmp_path / "go", tmp_path / "heard"

    def popen(command: list[str], **how: Any) -> "subprocess.Popen[bytes]":
        return start([sys.executable, "-c", STUCK, command[-1], str(go), str(heard)], **how)

    monkeypatch.setattr(_live.subprocess, "Popen", popen)
    if not stuck:
        go.touch()
    live = _tracking.live(**IDENTITY, params=PARAMS)
    with live:
        began = time.monotonic()
        for number in range(20_000):
            live.epoch(number, {"train_loss": 1.0, "valid_loss": 1.0}, 0.0)
        assert time.monotonic() - began < 20
        wait_for_start(live)
    go.touch()
    until = time.monotonic() + 60
    while not (heard.exists() and heard.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    assert heard.read_text() == "20002 {'end': 'FINISHED'}"


@pytest.mark.parametrize(
    ("error", "status"), [(None, "FINISHED"), (ValueError, "FAILED"), (SystemExit, "KILLED"), (KeyboardInterrupt, "KILLED")]
)
def test_how_training_ended(error: type[BaseException] | None, status: str) -> None:
    assert _live._status(error) == status


def test_the_store_is_beside_the_project_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert _tracking.address() == f"sqlite:///{ROOT}/mlflow.db"
    assert _failures.hidden("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"


def test_telemetry_is_off(empty_store: EmptyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    store = _tracking.store()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["DO_NOT_TRACK"] == "true"
    assert store.folder == tmp_path
    assert (tmp_path / "mlflow.db").read_bytes()[18:20] == b"\x02\x02"  # WAL mode, as SQLite's file format says


def test_settings_are_flattened_to_readable_names() -> None:
    nested = {"model": {"family": "linear", "C": 1.0, "deep": {"x": [1, 4]}}, "none": None, "on": True}
    assert _runs.flatten(nested) == {"model.family": "linear", "model.C": "1.0", "model.deep.x": "[1, 4]", "on": "true"}


def test_hangul_is_romanised_where_no_font_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _figures.romanise("말모이 law") == "malmoi law"
    assert _figures.romanise("값 없음") == "gabs eobseum"
    monkeypatch.setattr(_figures, "korean_font", lambda: None)
    figure = _figures.confusion_matrix([{"actual": "국회", "predicted": "법원"}], "bills")
    assert figure is not None
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["gughoe", "beobwon"]
    assert "no Korean font" in figure.axes[0].get_xlabel()


def test_the_font_of_plots_has_real_hangul() -> None:
    from matplotlib import font_manager

    name = _figures.korean_font()
    if name is None:
        pytest.skip("no Korean font on this machine: labels are romanised, as the test above says")
    face = font_manager.get_font(font_manager.findfont(name, fallback_to_default=False))
    assert face.get_char_index(ord("말")) != 0
    assert "LastResort" not in face.postscript_name


def test_a_store_whose_maker_was_killed_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    half = tmp_path / "mlflow.db.half-made"
    maker = subprocess.Popen([sys.executable, "-c", "from tasks import _tracking; _tracking.store()"], cwd=ROOT)
    until = time.monotonic() + 300
    while not (half.exists() and half.stat().st_size > 50_000) and time.monotonic() < until:  # in the middle of its tables
        time.sleep(0.01)
    maker.kill()
    maker.wait()
    assert half.exists()
    assert not (tmp_path / "mlflow.db").exists()
    assert [place.name for place in _tracking.store().client.search_experiments()] == ["Default"]
    assert not half.exists()


def test_a_broken_store_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 500)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with pytest.raises(_failures.UnreachableError, match="file is not a database"):
        _tracking.store()


def test_a_busy_store_is_asked_again_without_a_word(empty_store: EmptyStore, tmp_path: Path) -> None:
    """SQLite itself waits for 20 seconds, here for a twentieth of one."""
    uri = empty_store(tmp_path)
    code = (
        "import sqlite3, sys, threading\n"
        "from sqlalchemy import event\nfrom sqlalchemy.engine import Engine\nfrom tasks import _store\n"
        "event.listen(Engine, 'before_cursor_execute', lambda _, cursor, *more: cursor.execute('PRAGMA busy_timeout=50') and None)\n"
        "store = _store.open_at(sys.argv[1])\n"
        "other = sqlite3.connect(sys.argv[1].removeprefix('sqlite:///'), isolation_level=None, check_same_thread=False)\n"
        "other.execute('BEGIN IMMEDIATE')\n"
        "threading.Timer(1.0, lambda: other.execute('COMMIT')).start()\n"
        "print(store.client.get_experiment(store.client.create_experiment('late')).name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, uri], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert (done.stdout, done.stderr) == ("late\n", "")


def test_a_store_that_others_are_writing_to_is_asked_again() -> None:
    from mlflow.exceptions import MlflowException

    class Busy:
        asked = 0

        def log(self, what: str) -> str:
            self.asked += 1
            if self.asked < 3:
                raise MlflowException("(sqlite3.OperationalError) database is locked")
            if what == "wrong":
                raise MlflowException("no such run")
            return what

    assert _store.Patient(Busy(), pause=0.0).log("fine") == "fine"
    with pytest.raises(MlflowException, match="no such run"):
        _store.Patient(Busy(), pause=0.0).log("wrong")
    with pytest.raises(MlflowException, match="locked"):
        _store.Patient(Busy(), tries=2, pause=0.0).log("fine")
