"""Training imports its own framework and no other; measuring and what follows import none. What is imported is measured, not time."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tiny import PARAMS, Tiny

HEAVY = {"konlpy", "jpype", "tensorflow", "keras", "sklearn", "gensim", "mlflow", "dvc", "prefect", "matplotlib", "statsmodels"}
CODE = (
    "import json, sys; from tasks.__main__ import main; status = main(sys.argv[1:]); "
    "sys.stderr.write('\\n' + json.dumps([status, [name for name in sys.modules if '.' not in name]]))"
)


def imported(*arguments: object) -> set[str]:
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    environment = {**os.environ, "MALMOI_TRACKING": "off"}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True, env=environment)
    status, modules = json.loads(ended.stderr.splitlines()[-1])
    assert status == 0, ended.stderr
    return HEAVY & set(modules)


def train(tiny: Tiny, name: str, out: Path) -> set[str]:
    features = tiny.features(str(PARAMS["experiments"][name]["features"]))
    return imported("train", name, "--params", tiny.params, "--features", features, "--out", out)


def evaluate(tiny: Tiny, name: str, model: Path, out: Path) -> set[str]:
    corpus = tiny.root / "ingest" / str(PARAMS["experiments"][name]["corpus"])
    return imported("evaluate", name, "--corpus", corpus, "--model", model, "--out", out)


def test_linear(tiny: Tiny, tmp_path: Path) -> None:
    assert train(tiny, "review-linear", tmp_path / "m") == {"sklearn"}
    assert evaluate(tiny, "review-linear", tmp_path / "m", tmp_path / "e") == set()


def test_ngram(tiny: Tiny, tmp_path: Path) -> None:
    assert train(tiny, "law-ngram", tmp_path / "m") == set()
    assert evaluate(tiny, "law-ngram", tmp_path / "m", tmp_path / "e") == set()


def test_networks_learn_in_keras_and_answer_without(tiny: Tiny, tmp_path: Path) -> None:
    assert train(tiny, "review-gru", tmp_path / "m") == {"tensorflow", "keras"}
    assert evaluate(tiny, "review-gru", tmp_path / "m", tmp_path / "e") == set()
