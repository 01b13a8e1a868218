"""A training that was stopped ends with the same bytes as one that was not. (Killed with kill -9: tests/tasks/test_resume.py.)"""

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from synthetic import labelled_sequences, language_split

from malmoi import registry
from malmoi.batches import Epoch, Spec, Step
from malmoi.checkpoints import Checkpoint
from malmoi.config import read
from malmoi.models._network import resuming
from malmoi.models._network.network import Network
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.models._network.trainer import Trainer, prepare

pytestmark = pytest.mark.long

TEXTS = [[3, 4, 5, 3, 4, 6], [4, 5], [3, 3, 4], [], [5, 6, 3, 4]] * 6
SIZES: dict[str, dict[str, Any]] = {
    "recurrent": {"units": 5, "embedding": 5},
    "qrnn": {"units": 5, "embedding": 5},
    "transformer": {"heads": 2, "embedding": 4},
    "wavenet": {"skips": 5, "embedding": 5},
}
CLASSIFIER = {"problem": "classify", "epochs": 3, "batch_size": 10}
LANGUAGE = {"problem": "language_model", "epochs": 5, "batch_size": 3, "steps": 8}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "adamw, line, running mean": (
        {"cell": "gru", "bidirectional": True, "dropout": 0.2, "embedding_dropout": 0.2, "normalization": "batch"},
        CLASSIFIER | {"optimizer": "adamw", "weight_decay": 0.1, "schedule": "linear", "warm_up": 3, "average": 0.9},
    ),
    "momentum, plateau": (
        {"cell": "simple", "recurrent_dropout": 0.2},
        CLASSIFIER | {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 2.0, "schedule": "plateau", "loss": "mse", "patience": 2},
    ),
    "averaged, drawn windows": (
        {"cell": "lstm", "tied": True, "locked": True, "dropout": 0.2, "weight_dropout": 0.2, "zoneout": 0.1},
        LANGUAGE | {"optimizer": "asgd", "learning_rate": 9.0, "trigger": 1, "jitter": 2.0, "activation": 2.0, "temporal": 1.0},
    ),
    "every text afresh": ({"cell": "gru", "adaptive": [5]}, LANGUAGE | {"reset": True, "steps": 3, "schedule": "cosine", "epochs": 2}),
    "qrnn, n-grams, layers one by one": (
        {"family": "qrnn", "zoneout": 0.3, "layers": 2, "ngrams": {"buckets": 20, "size": 4, "dropout": 0.3}, "pooling": "attention"},
        CLASSIFIER | {"discriminative": 2.0, "unfreeze": 1, "label_smoothing": 0.1},
    ),
    "transformer": ({"family": "transformer", "inner": 6, "context": 6, "dropout": 0.2}, LANGUAGE | {"warm_up": 4, "epochs": 2}),
    "wavenet": ({"family": "wavenet", "channels": 5, "layers": 2, "dropout": 0.2}, LANGUAGE | {"average": 0.9, "jitter": 1.0, "epochs": 2}),
}


def untrained(shape: dict[str, Any], training: dict[str, Any]) -> SequenceModel:
    settings = {name: value for name, value in training.items() if name != "problem"}
    spec = Spec(training["problem"], 8, 2 if training["problem"] == "classify" else 0, seed=7)
    module = registry.find("models", shape.get("family", "recurrent"))
    shape = {name: value for name, value in shape.items() if name != "family"}
    return module.build(read(module.Params, SIZES[module.__name__.rpartition(".")[2]] | shape, "test"), module.Training(**settings), spec)


def fit(model: SequenceModel, on_step: Any, checkpoint: Checkpoint | None) -> list[Epoch]:
    """Train; all epochs that were told, and those before it was taken up again."""
    epochs: list[Epoch] = []
    if checkpoint:
        checkpoint.on_resume = lambda before, batch: epochs.extend(before)
    if model.spec.problem == "classify":
        model.fit(labelled_sequences(40), labelled_sequences(20, seed=1), epochs.append, on_step, checkpoint)
    else:
        model.fit(language_split(TEXTS), language_split(TEXTS[:7]), epochs.append, on_step, checkpoint)
    return epochs


def content(model: SequenceModel) -> dict[str, bytes]:
    return {name: weight.tobytes() for name, weight in model.weights.items()}


@pytest.mark.parametrize("case", CASES)
def test_taken_up_again_it_ends_with_the_same_bytes(case: str, tmp_path: Path) -> None:
    whole, steps = untrained(*CASES[case]), list[Step]()

    def copy(step: Step) -> None:
        """The checkpoint of the step before this one."""
        steps.append(step)
        if (tmp_path / "whole.npz").exists():
            shutil.copy(tmp_path / "whole.npz", tmp_path / f"{len(steps) - 1}.npz")

    told = fit(whole, copy, Checkpoint(tmp_path / "whole.npz", "x", 0.0))
    for done in (len(steps) // 3, len(steps) - 1):
        again, others = untrained(*CASES[case]), list[Step]()
        assert fit(again, others.append, Checkpoint(tmp_path / f"{done}.npz", "x", 1e6)) == told
        assert others == steps[done:]
        assert content(again) == content(whole)


def test_saving_changes_nothing(tmp_path: Path) -> None:
    case = CASES["every text afresh"]
    plain, saving = untrained(*case), untrained(*case)
    assert fit(plain, lambda step: None, None) == fit(saving, lambda step: None, Checkpoint(tmp_path / "whole.npz", "x", 0.0))
    assert content(plain) == content(saving)


@pytest.mark.parametrize("case", CASES)
def test_all_that_a_step_reads_or_changes_is_saved(case: str) -> None:
    model = untrained(*CASES[case])
    prepare(7)
    network = Network(model.design, model.spec, None)
    trainer = Trainer(network, model.training, 7)
    trainer.start(10)
    used = trainer.step.get_concrete_function().variables
    kept = [one for part in resuming.variables(trainer).values() for one in part]
    saved = {(one.value if isinstance(one, keras.Variable) else one).ref() for one in kept}
    paces = {share.ref() for share in trainer.pace.shares} if trainer.pace else set()  # set whenever an epoch begins or is gone on with
    assert {one.ref() for one in used} <= saved | paces
    assert len(used) > len(network.trainable_variables)


def test_random_draws_have_no_state_of_their_own() -> None:
    folder = Path(resuming.__file__).parents[1]
    drawn = {
        file.name for file in folder.rglob("*.py") for word in ("tf.random.", "np.random.seed") if word in file.read_text(encoding="utf-8")
    }
    assert drawn == set(), "keras.random with a SeedGenerator, whose state is saved; TensorFlow's own draws would go another way"
    assert np.random.default_rng(1).bit_generator.state["bit_generator"] == "PCG64"
