"""What kills lose in MLflow's model registry: `python tests/benchmarks/record.py --only registering`.

`record` with a new experiment to record and one to register (a champion, a challenger, or a rollback that moves the alias back) is killed
with SIGKILL at a random moment, and run again to its end. Then the store must say what that of an undisturbed twin says: runs with their
artifacts, registered models, versions with their tags, descriptions and files, aliases. The processes are forked from one that has
imported MLflow already, so that kills come while the store is written and not while Python starts.
"""

import contextlib
import io
import json
import multiprocessing
import os
import random
import shutil
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil
import record_material as material
import record_training as training
import yaml

MODEL, BOARD = "classify-review", "classify-review"
READY = ["mlflow", "mlflow.pyfunc", "matplotlib.pyplot", "pyarrow.parquet", "record_material", "tasks.record", "tasks._aliases"]
KILLS = 3  # of each turn, one after the other: what is run again is killed, too


def main(folder: Path, kills: int) -> int:
    """Count. Returns 1 where a store differs."""
    folder.mkdir(parents=True)
    killed, twin = folder / "killed", folder / "twin"
    os.environ |= {"MALMOI_TRACKING": "off", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    training.make_training(folder)
    material.empty_store(twin)  # the other's is made by who is killed
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(READY)
    draw, done, wrong, turn, began = random.Random(2), 0, 0, 0, time.monotonic()
    while done < kills:
        new_outputs(folder, turn, (killed, twin))
        span = whole(forked, twin)
        for _ in range(KILLS):
            done += disturb(forked, killed, draw.uniform(0.0, 0.8) * span, draw.random() < 0.5)
        whole(forked, killed)
        lost = material.difference(killed, twin)
        wrong, turn = wrong + bool(lost), turn + 1
        print(f"{done} kills, {time.monotonic() - began:.0f} s: {wrong} registries differ from an undisturbed one", *lost, flush=True)
    print(f"in the end: {_said(killed)}; logged models that nobody needs: {idle(killed)}")
    return int(bool(wrong))


def new_outputs(folder: Path, turn: int, projects: tuple[Path, Path]) -> None:
    """One more trained and evaluated experiment, and a decision about it."""
    name = f"review-{turn}"
    with contextlib.redirect_stdout(io.StringIO()):
        training.train(folder, turn, training.EPOCHS, lambda: None)
    bundle = json.loads((folder / f"out/train/{name}/seed-{turn + 1}/bundle.json").read_text(encoding="utf-8"))
    material.evaluated(folder / "out/evaluate" / name, turn, [bundle])
    material.save(folder / "out/promote/decisions.json", {BOARD: decision(turn)})
    file = folder / "champions/history.yaml"
    history = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {BOARD: []}
    history[BOARD] += events(folder / "out/train", turn)
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(history), encoding="utf-8")
    for project in projects:
        for part in ("out", "champions"):
            shutil.copytree(folder / part, project / part, dirs_exist_ok=True)


def events(trained: Path, turn: int) -> list[dict[str, Any]]:
    """Of three turns the first has a new champion, the second one that is not accepted, the third a rollback to the one before it."""
    champion = {0: turn, 2: max(0, turn - 5)}.get(turn % 3)
    if champion is None:
        return []
    bundle = json.loads((trained / f"review-{champion}/seed-{champion + 1}/bundle.json").read_text(encoding="utf-8"))
    how = {"by": "rollback", "reason": "slow"} if turn % 3 else {"by": "evidence"}
    return [{**how, "experiment": bundle["experiment"], "seed": bundle["seed"], "train": "0" * 32, "key": bundle["key"]}]


def decision(turn: int) -> dict[str, Any]:
    """What `promote` would say: the newest one takes the place of the champion, or would."""
    name, before = f"review-{turn}", f"review-{turn - 1}"
    row = {"experiment": name, "seeds": 1, "valid": 0.7, "test": 0.7, "outcome": "promoted", "why": "better"}
    rules = {"gain": {}, "seeds": 1, "level": 0.05}
    about = {"model": MODEL, "outcome": "promoted", "decided": f"{turn:064d}", "why": f"{name} takes the place of {before}."}
    about |= {
        "train": "0" * 32,
        "metric": "accuracy",
        "interval": [0.6, 0.9],
        "test": 0.7,
        "data": {"examples": None, "left_out": 0},
        "standing": {},
    }
    return about | {"rules": rules, "checks": [], "challengers": [row], "champion": name, "seed": turn + 1}


def start(forked: Any, project: Path) -> ForkServerProcess:
    """`record`, as a process."""
    process: ForkServerProcess = forked.Process(target=material.in_process, args=(project, "record"))
    process.start()
    return process


def whole(forked: Any, project: Path) -> float:
    """Run it to its end. Returns seconds."""
    began, process = time.monotonic(), start(forked, project)
    process.join()
    if process.exitcode:
        raise SystemExit(f"record ended with {process.exitcode}")
    return time.monotonic() - began


def disturb(forked: Any, project: Path, seconds: float, both: bool) -> int:
    """Kill it after so many seconds; `both`: what it has started, too. Returns 1, or 0 where it was over by then."""
    process = start(forked, project)
    process.join(seconds)
    if process.exitcode is not None:
        return 0
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children if both else []:
        child.kill()
    process.join()
    return 1


def _said(project: Path) -> str:
    """What the registry holds, in words."""
    from tasks import _store

    model = _store.open_at(f"sqlite:///{project / 'mlflow.db'}").client.get_registered_model(MODEL)
    numbers = _store.open_at(f"sqlite:///{project / 'mlflow.db'}").client.search_model_versions(f"name = '{MODEL}'")
    return f"{len(numbers)} versions, {', '.join(f'{alias} is {number}' for alias, number in sorted(model.aliases.items()))}"


def idle(project: Path) -> int:
    """Logged models that no version refers to."""
    from tasks import _store

    client = _store.open_at(f"sqlite:///{project / 'mlflow.db'}").client
    used = {str(version.source).removeprefix("models:/") for version in client.search_model_versions()}
    places = [place.experiment_id for place in client.search_experiments()]
    return sum(model.model_id not in used for model in client.search_logged_models(places, max_results=1000))


if __name__ == "__main__":
    sys.exit("run: python tests/benchmarks/record.py --only registering")
