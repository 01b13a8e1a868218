"""The training loop: what it keeps, and where it stops."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from synthetic import labelled_sequences, language_split

from malmoi.batches import Epoch, Spec
from malmoi.checkpoints import Checkpoint
from malmoi.config import ConfigError
from malmoi.models import recurrent
from malmoi.models._network.divergence import DivergenceError
from malmoi.models._network.trainer import Feeds, Trainer, prepare


def built(**training: Any) -> Any:
    return recurrent.build(recurrent.Params(units=4, embedding=4), recurrent.Training(**training), Spec("classify", 8, 2))


def test_the_mean_of_the_weights_is_what_is_validated_and_kept() -> None:
    model, told = built(epochs=3, average=0.9, optimizer="sgd", learning_rate=3.0, schedule="plateau", loss="mse"), list[Epoch]()
    valid = labelled_sequences(20, seed=1)
    model.fit(labelled_sequences(40), valid, told.append)
    wanted = np.eye(2)[valid.labels]
    assert np.square(model.predict(valid.inputs) - wanted).mean() == pytest.approx(min(epoch.valid_loss for epoch in told), abs=1e-5)
    assert told[0].metrics == {"learning_rate": 3.0}


def test_a_gradient_that_is_not_finite_names_its_weight_and_leaves_the_checkpoint(tmp_path: Path) -> None:
    model = built(epochs=3, batch_size=8, optimizer="sgd", learning_rate=1.0, clip_norm=0.0)
    checkpoint = Checkpoint(tmp_path / "training.npz", "x", 0.0)

    def spoil(step: Any) -> None:
        if step.epoch == 2:
            trainers[0].network.embedding.embeddings.assign(np.full((8, 4), np.nan, np.float32))

    trainers = list[Any]()
    start = Trainer.start

    def remember(self: Any, updates: int) -> None:
        trainers.append(self)
        start(self, updates)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "start", remember)
        with pytest.raises(
            DivergenceError, match=r"epoch 2, batch 2 of 5: the loss became nan \(learning rate 1, .*: first that of .*bias and of"
        ):
            model.fit(labelled_sequences(40), labelled_sequences(8), lambda epoch: None, spoil, checkpoint)
    saved = checkpoint.load()
    assert saved is not None
    assert (saved.about["place"]["epoch"], saved.about["place"]["batch"]) == (2, 1)


def test_nothing_to_validate_on_is_said() -> None:
    model = recurrent.build(recurrent.Params(units=4, embedding=4), recurrent.Training(), Spec("language_model", 8))
    trainer = Trainer(_keras_network(model), model.training, 1)
    with pytest.raises(ConfigError, match="nothing in the validation split"):
        trainer._validate(Feeds(language_split([]), model.training, True, 1).ordered)


def _keras_network(model: Any) -> Any:
    from malmoi.models._network.network import Network

    return Network(model.design, model.spec)


@pytest.mark.parametrize(
    ("bidirectional", "given", "told"),
    [(True, "6", [3]), (True, "1", [1]), (True, "0", [4]), (True, "", [4]), (False, "6", [])],
    ids=["two directions", "one thread", "all threads", "nothing said", "one direction"],
)
def test_directions_share_the_threads(bidirectional: bool, given: str, told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    monkeypatch.setattr("tensorflow.config.threading.set_intra_op_parallelism_threads", heard.append)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", given)
    monkeypatch.setattr("malmoi.processor.cores", lambda: 8)
    params, training = recurrent.Params(units=4, embedding=4, bidirectional=bidirectional), recurrent.Training(epochs=1)
    split = labelled_sequences(8)
    recurrent.build(params, training, Spec("classify", 8, 2, seed=1)).fit(split, split, lambda epoch: None)
    assert heard == told


def test_threads_that_are_at_work_already_are_left_alone() -> None:
    tf.zeros(1) + 1
    before = tf.config.threading.get_intra_op_parallelism_threads()
    prepare(1, beside=2)
    assert tf.config.threading.get_intra_op_parallelism_threads() == before
