"""A DVC project that is not this one, to be swept in milliseconds a trial: one stage that no value changes, one that is what is tried."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

STAGES = """\
stages:
  prep:
    cmd: tr a-z A-Z < data/raw/source.txt > prep.txt && echo prep >> $EVENTS
    deps: [data/raw]
    outs: [prep.txt]
  train:
    cmd: python train.py
    deps: [prep.txt, train.py]
    params: [model]
    outs: [model.json]
  score:
    cmd: cp model.json score.json
    deps: [model.json]
    metrics:
      - score.json: {cache: false}
"""
# Side by side it waits for the others, so that a test sees whether they come; a hopeless one lasts until it is ended.
TRAIN = """\
import json, os, subprocess, sys, time, yaml
from pathlib import Path

events, model = Path(os.environ["EVENTS"]), yaml.safe_load(Path("params.yaml").read_text())["model"]
loss = (model["units"] - 4) ** 2 + {"gru": 0.0, "lstm": 0.5}[model["cell"]]

def say(word):
    with open(events, "a") as file:
        file.write(f"{word} {model['units']} {model['cell']}\\n")

say("begin")
until = time.monotonic() + 120
while events.read_text().count("begin") < int(os.environ.get("TOGETHER", 1)) and time.monotonic() < until:
    time.sleep(0.05)
if events.with_name("fail").exists():
    sys.exit("no such cell")
for step in (1, 2, 3):
    print(f"epoch {step}: loss {loss + 1 / step}", flush=True)
    if events.with_name("hold").exists():
        child = subprocess.Popen(["sleep", "300"])
        events.with_name("pids").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(300 if events.with_name("hold").exists() or loss > 20 else 0.02)
say("end")
Path("model.json").write_text(json.dumps({"loss": loss}))
"""
PARAMS = """\
# What is tried
model: {units: 2,   cell: gru}  # as a person wrote it
other: 1
"""
SWEEP: dict[str, Any] = {
    "name": "tiny",
    "targets": ["score"],
    "metric": {"file": "score.json", "key": "loss", "direction": "minimize"},
    "intermediate": {"pattern": r"epoch (?P<step>\d+): loss (?P<value>\S+)", "name": "loss"},
    "sampler": {"kind": "random", "seed": 1},
    "trials": 2,
    "space": {"model.units": {"low": 1, "high": 6}, "params.yaml:model.cell": {"choices": ["gru", "lstm"]}},
}


def project(folder: Path) -> Path:
    """Make it, with a commit. Its raw data is pinned by data.dvc, and is in no cache, as after `python -m tasks fetch`."""
    from dvc.repo import Repo

    folder.mkdir()
    for command in (["init", "-q"], ["config", "user.name", "someone"], ["config", "user.email", "someone@example.invalid"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "data/raw").mkdir(parents=True)
    (folder / "data/raw/source.txt").write_text("말모이 text\n", encoding="utf-8")
    for name, text in {"dvc.yaml": STAGES, "train.py": TRAIN, "params.yaml": PARAMS, ".gitignore": "/data/raw\n.malmoi/\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    with Repo.init(str(folder)) as repo:
        repo.add(str(folder / "data/raw"), no_commit=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", "commit", "-qm", "first"], cwd=folder, check=True)
    return folder


def write(folder: Path, **changed: Any) -> Path:
    """A sweep file outside of the project."""
    path = folder.parent / "sweep.yaml"
    path.write_text(yaml.safe_dump({**SWEEP, **changed}, allow_unicode=True), encoding="utf-8")
    return path


def events(folder: Path) -> list[str]:
    """What stages did, in order."""
    path = folder.parent / "events"
    return path.read_text().splitlines() if path.exists() else []


def settings(folder: Path) -> dict[str, str]:
    """What a sweep of the project gets on top of the environment."""
    passed = {"EVENTS": str(folder.parent / "events"), "MALMOI_STAGE_ENV": "EVENTS,TOGETHER"}
    return passed | {"DVC_SITE_CACHE_DIR": str(folder.parent / "site"), "MALMOI_TRACKING": "off"}


def told(folder: Path) -> dict[str, Any]:
    """sweep.json."""
    found: dict[str, Any] = json.loads((folder / ".malmoi/sweeps/tiny/sweep.json").read_text(encoding="utf-8"))
    return found


def alive(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
