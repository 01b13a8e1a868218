"""A training for `record.py` and `record_kills.py`: the real stage, with a model that only takes its time.

`record_training.py FOLDER SEED STEPS` computes, and prints its own processor seconds; without STEPS it mostly sleeps.
"""

import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]
EPOCHS = 40  # of a training that is to be killed


def make_training(folder: Path) -> None:
    """Features of a tiny corpus, and an experiment that can be trained on them."""
    from tiny import PARAMS, Tiny

    (folder / "tiny").mkdir(parents=True)
    tiny = Tiny(folder / "tiny")
    shutil.copytree(tiny.features("review-counts"), folder / "features")
    entry = PARAMS["experiments"]["review-linear"]
    table = {"experiments": {f"review-{seed}": {**entry, "seeds": [seed + 1]} for seed in range(100)}}
    (folder / "params.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")


class Sums:
    """Stands for a model: multiplies matrices, or sleeps, for so long; else it is what `review-linear` is."""

    def __init__(self, inner: Any, epochs: int, work: Any) -> None:
        self._inner, self._epochs, self._work = inner, epochs, work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def fit(self, train: Any, valid: Any, on_epoch: Any, on_step: Any = None) -> None:
        """The real model is fitted at once; then it takes its time."""
        self._inner.fit(train, valid, lambda epoch: None)
        for number in range(1, self._epochs + 1):
            self._work()
            on_epoch(SimpleNamespace(number=number, of=self._epochs, train_loss=1 / number, valid_loss=1 + 1 / number, metrics={}))


def train(folder: Path, seed: int, epochs: int, work: Any) -> None:
    """The real stage with such a model."""
    from malmoi import experiments
    from tasks import train as stage

    build = experiments.build
    experiments.build = lambda *given: Sums(build(*given), epochs, work)
    name = f"review-{seed}"
    stage.run(name, folder / "params.yaml", folder / "features", folder / "out/train" / name)


def busy() -> None:
    """A few tenths of a second of arithmetic in one thread."""
    import numpy as np

    matrix = np.linspace(0.1, 0.9, 250_000).reshape(500, 500)
    for _ in range(4):
        np.linalg.inv(matrix @ matrix.T + np.eye(500))


if __name__ == "__main__":
    where, seed = Path(sys.argv[1]), int(sys.argv[2])
    if len(sys.argv) > 3:
        train(where, seed, int(sys.argv[3]), busy)
        print(time.process_time())
    else:
        train(where, seed, EPOCHS, lambda: time.sleep(0.1))
