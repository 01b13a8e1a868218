"""The sides of `train.py` that are TensorFlow: stock Keras layers in a tf.function, and this project's network and trainer."""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from training_turns import Batch, Task, serve

LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


class Stock(keras.Model):
    """Embedding, recurrent layers, scores: ids (batch, time), states -> logits, states."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        settings = self.settings = task.settings
        self.carries = settings["kind"] == "lm"
        self.embedding = keras.layers.Embedding(*task.weights["embedding"].shape)
        kind = LAYERS[settings["cell"]]
        readers = [kind(settings["units"], return_sequences=self.carries, return_state=self.carries) for _ in range(settings["layers"])]
        self.readers = [keras.layers.Bidirectional(reader) if settings["bidirectional"] else reader for reader in readers]
        self.head = keras.layers.Dense(task.weights["head.kernel"].shape[1])
        self(np.ones((1, 2), np.int32), self.initial(1))
        self.set_weights(list(task.weights.values()))

    def call(self, ids: Any, states: Any) -> Any:
        """See the class."""
        hidden, carried = self.embedding(ids), []
        for place, reader in enumerate(self.readers):
            if self.carries:
                hidden, *state = reader(hidden, initial_state=states[place])
                carried.append(state)
            else:
                hidden = reader(hidden, mask=ids != 0)
        return self.head(hidden), carried

    def initial(self, size: int) -> Any:
        """Zeros."""
        kinds = 2 if self.settings["cell"] == "lstm" else 1
        return [[tf.zeros((size, self.settings["units"]))] * kinds for _ in self.readers] if self.carries else []


def stock(task: Task) -> tuple[Any, Any, Any]:
    """(update, measure, initial states) of stock Keras, as `model.fit` would make them, without its callbacks and metrics."""
    network = Stock(task)
    optimizer = keras.optimizers.Adam(task.settings["rate"], global_clipnorm=task.settings["clip"])
    optimizer.build(network.trainable_variables)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    ids, targets = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None] * (2 if network.carries else 1), tf.int32)
    states = tf.nest.map_structure(lambda state: tf.TensorSpec([None, state.shape[1]], state.dtype), network.initial(1))

    @tf.function(input_signature=(ids, targets, states))
    def measure(ids: Any, wanted: Any, states: Any) -> Any:
        logits, states = network(ids, states)
        return cross_entropy(wanted, logits), states

    @tf.function(input_signature=(ids, targets, states))
    def update(ids: Any, wanted: Any, states: Any) -> Any:
        with tf.GradientTape() as tape:
            logits, states = network(ids, states)
            loss = cross_entropy(wanted, logits)
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss, states

    return update, measure, network.initial


def ours(task: Task, precision: str) -> tuple[Any, Any, Any]:
    """The same of this project: what `python -m tasks train` runs at every step."""
    from malmoi.batches import Spec
    from malmoi.models import recurrent
    from malmoi.models._network.network import Network
    from malmoi.models._network.precision import policy
    from malmoi.models._network.trainer import Trainer, prepare

    settings = task.settings
    shape = {name: settings[name] for name in ("cell", "units", "layers", "bidirectional")}
    params = recurrent.Params(embedding=task.weights["embedding"].shape[1], **shape)
    problem, classes = ("language_model", 0) if settings["kind"] == "lm" else ("classify", settings["classes"])
    training = recurrent.Training(learning_rate=settings["rate"], clip_norm=settings["clip"], precision=precision)
    spec = Spec(problem, settings["width"], classes)
    design = recurrent.build(params, training, spec).design
    prepare(1, design.beside)
    network = Network(design, spec, None, policy(precision))
    network.set_weights(list(task.weights.values()))
    trainer = Trainer(network, training, 1)
    trainer.start(1)

    def update(ids: Any, wanted: Any, states: Any) -> Any:
        loss, _, states = trainer.step(ids, wanted, states)
        return loss, states

    return update, trainer.measure, network.initial


def main(contender: str, folder: str, threads: str) -> None:
    """Train when told to. threads: 0 for as many as TensorFlow takes."""
    task = Task(Path(folder))
    if int(threads):
        os.environ.update(TF_NUM_INTRAOP_THREADS=threads, TF_NUM_INTEROP_THREADS=threads)
    sides = {"stock": lambda: stock(task), "ours": lambda: ours(task, "float32"), "ours-auto": lambda: ours(task, "auto")}
    update, measure, initial = sides[contender]()
    size = len(task.train[0][0])
    carried = [initial(size)]

    def step(batch: Batch) -> float:
        loss, carried[0] = update(*batch, carried[0])
        return float(loss)

    def held_out(batches: list[Batch]) -> float:
        states, losses = initial(size), []
        for batch in batches:
            loss, states = measure(*batch, states)
            losses.append(float(loss))
        return float(np.average(losses, weights=[batch[1].size for batch in batches]))

    serve(task, step, held_out)


if __name__ == "__main__":
    main(*sys.argv[1:])
