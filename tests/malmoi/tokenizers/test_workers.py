import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from malmoi.tokenizers import _workers
from malmoi.tokenizers._workers import Job

ROOT = Path(__file__).resolve().parents[3]

# An analyzer that cuts characters, and misbehaves when it is told to; no Java, so that it starts at once.
ENGINE = """
import os, time

def engine(heap_mb, long_run, dictionary=()):
    if heap_mb == 1:
        raise RuntimeError("java.lang.OutOfMemoryError: Java heap space")
    if heap_mb == 2:
        os._exit(3)

    def cut(unit, how):
        name, _, argument = unit.partition(" ")
        if name == "hang":
            time.sleep(600)
        if name == "crash":
            with open(argument, "a") as file:
                file.write("x")
            os.kill(os.getpid(), 9)
        if name == "once" and not os.path.exists(argument):
            open(argument, "w").close()
            os.kill(os.getpid(), 9)
        if name == "slow":
            time.sleep(0.01)
        if name == "odd":
            "\\ud800".encode()
        if name == "broken":
            1 / 0
        return [(character, how["tag"]) for character in name] + ([("long", "run")] if long_run else [])

    return cut
"""
TAG = {"tag": "X"}


@pytest.fixture(scope="module")
def engine_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines")
    (folder / "misbehaving.py").write_text(ENGINE)
    return folder


@pytest.fixture
def make_pool(engine_folder, monkeypatch):
    monkeypatch.syspath_prepend(str(engine_folder))
    pools = []

    def make(heap_mb=64):
        pools.append(_workers.Pool("misbehaving", {"heap_mb": heap_mb}))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def _job(seen=1, workers=2, timeout_s=20.0, **more):
    return Job(TAG, timeout_s, workers, seen, **more)


def _pids(pool):
    return [worker.process.pid for worker in pool.workers]


def test_units_come_back_in_order_and_lone_surrogates_too(make_pool):
    pool = make_pool()
    units = [f"{number}가\ud800" for number in range(200)]
    assert pool.run(units, _job()) == [[[character, "X"] for character in unit] for unit in units]
    assert pool.run(["나"], Job({"tag": "Y"}, 20.0, 1)) == [[["나", "Y"]]]
    assert len(pool.workers) == 1


def test_a_unit_that_hangs_is_given_up_and_the_rest_goes_on(make_pool):
    pool = make_pool()
    started = time.monotonic()
    assert pool.run(["가", "hang", "나", "다"], _job(timeout_s=0.5)) == [[["가", "X"]], None, [["나", "X"]], [["다", "X"]]]
    assert time.monotonic() - started < 60  # it hangs for ten minutes


def test_a_unit_that_kills_its_worker_is_tried_twice(make_pool, tmp_path):
    crash, once = tmp_path / "crash", tmp_path / "once"
    found = make_pool().run(["가", f"crash {crash}", f"once {once}", "나"], _job())
    assert found == [[["가", "X"]], None, [[character, "X"] for character in "once"], [["나", "X"]]]
    assert crash.read_text() == "xx"


def test_a_worker_killed_in_the_middle_loses_nothing(make_pool):
    pool = make_pool()
    pool.run(["가"], _job())
    (first,) = _pids(pool)
    killer = threading.Timer(0.3, os.kill, (first, signal.SIGKILL))
    killer.start()
    units = [f"slow {number}" for number in range(100)]
    assert pool.run(units, _job()) == [[[character, "X"] for character in "slow"]] * 100
    assert first not in _pids(pool)


def test_a_worker_that_died_while_idle_is_replaced(make_pool):
    pool = make_pool()
    pool.run(["가"], _job())
    pool.workers[0].process.kill()
    assert pool.run(["나"], _job()) == [[["나", "X"]]]


def test_what_an_analyzer_cannot_take_has_no_answer(make_pool):
    assert make_pool().run(["가", "odd"], _job()) == [[["가", "X"]], None]


def test_a_fault_in_our_own_code_is_not_hidden(make_pool):
    pool = make_pool()
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        pool.run(["가", "broken"], _job())
    assert pool.workers == []
    assert pool.run(["가"], _job()) == [[["가", "X"]]]


def test_too_little_memory_and_a_worker_that_cannot_start_are_told(make_pool):
    with pytest.raises(ConfigError, match="greater heap_mb"):
        make_pool(heap_mb=1).run(["가"], _job())
    with pytest.raises(ConfigError, match="misbehaving: its Java worker ended at its start"):
        make_pool(heap_mb=2).run(["가"], _job())


def test_more_workers_for_thousands_of_texts_and_the_first_is_let_go(make_pool):
    pool = make_pool()
    pool.run(["가"], _job(seen=900))
    (first,) = _pids(pool)
    slow = [f"slow {number}" for number in range(100)]
    found = pool.run(slow, _job(seen=1_001))
    assert len(pool.workers) == 2
    assert first not in _pids(pool)
    assert found[-1][-1] == ["long", "run"]
    pool.run(slow, _job(seen=9_000, workers=3))
    assert len(pool.workers) == 3


def test_a_long_run_starts_with_all_workers(make_pool):
    pool = make_pool()
    found = pool.run([f"slow {number}" for number in range(100)], _job(long_run=True))
    assert len(pool.workers) == 2
    assert all(pairs[-1] == ["long", "run"] for pairs in found)


def test_threads_share_a_pool(make_pool):
    pool, found = make_pool(), {}
    units = {name: [f"{name}{number}" for number in range(50)] for name in "가나다라"}
    threads = [threading.Thread(target=lambda name=name: found.update({name: pool.run(units[name], _job())})) for name in units]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [[[character, "X"] for character in unit] for unit in batch] for name, batch in units.items()}
    assert len(pool.workers) == 1


def test_a_fork_leaves_the_workers_to_its_parent(make_pool, monkeypatch):
    pool = make_pool()
    pool.run(["가"], _job())
    (parents,) = pool.workers
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert pool.run(["나"], _job()) == [[["나", "X"]]]
    assert parents not in pool.workers
    assert parents.process.poll() is None
    pool.close()
    parents.close()


HANGING = """
    import sys
    from malmoi.tokenizers._workers import Job, Pool
    pool = Pool("misbehaving", {"heap_mb": 64})
    pool.run(["가"], Job({"tag": "X"}, 60.0, 1))
    print(pool.workers[0].process.pid, flush=True)
    pool.run(["hang"], Job({"tag": "X"}, 60.0, 1))
"""


@pytest.fixture
def hanging(engine_folder):
    """A program in the middle of a text that hangs, in a process group of its own; and the process id of its worker."""

    def listen():  # a shell's background job starts with Ctrl-C ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.setpgid(0, 0)

    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{engine_folder}"}
    command = [sys.executable, "-c", textwrap.dedent(HANGING)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, preexec_fn=listen) as process:
        worker = int(process.stdout.readline())
        time.sleep(0.3)
        yield process, worker
        process.kill()


def _gone(pid):
    """Whether the process ends, long before its text would be given up; at once, but on a busy machine nothing is."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # dead; whoever inherited it has not looked yet
            return True
        time.sleep(0.05)
    return False


def test_ctrl_c_stops_at_once_and_leaves_no_process(hanging):
    process, worker = hanging
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - started < 20  # of the 60 s that the text is given
    assert _gone(worker)
    assert errors.count("KeyboardInterrupt") == 1, "the worker says nothing"


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ends_with_its_parent(hanging, kind):
    process, worker = hanging
    os.kill(worker, 0)  # it is there
    os.kill(process.pid, kind)
    process.wait(timeout=60)
    assert _gone(worker)
