"""All that changes while a network learns, into a checkpoint and back."""

from dataclasses import asdict
from typing import Any

import numpy as np
import tensorflow as tf

from malmoi.checkpoints import Checkpoint, heard, told


def variables(trainer: Any) -> dict[str, list[Any]]:
    """Every variable that a step changes. The network's are its weights and the states of its random draws."""
    more = trainer.averages.state if trainer.averages else []
    return {
        "network": list(trainer.network.variables),
        "optimizer": list(trainer.optimizer.variables),
        "more": [*more, *getattr(trainer.rate, "state", [])],
    }


def save(trainer: Any, checkpoint: Checkpoint) -> None:
    """Write where `trainer`, a `trainer.Trainer` between two steps, is."""
    parts = {name: [np.asarray(one) for one in part] for name, part in variables(trainer).items()}
    parts |= {"states": [state.numpy() for state in tf.nest.flatten(trainer.states)], "kept": trainer.selection.kept}
    about = {"place": asdict(trainer.place), "history": told(trainer.history), "first": trainer.watch.first}
    checkpoint.save({**about, "random": trainer.random.bit_generator.state, "selection": trainer.selection.about()}, parts)


def resume(trainer: Any, checkpoint: Checkpoint) -> None:
    """Put a `trainer.Trainer` that has been started to where it was. Does nothing where there is no checkpoint."""
    saved = checkpoint.load()
    if saved is None:
        return
    for name, part in variables(trainer).items():
        for variable, value in zip(part, saved.part(name), strict=True):
            variable.assign(value)
    about = saved.about
    trainer.place = type(trainer.place)(**about["place"])
    # in the middle of an epoch its batches are drawn again, as they were when it began
    trainer.random.bit_generator.state = about["place"]["random"] or about["random"]
    trainer.states = tf.nest.pack_sequence_as(trainer.states, [tf.constant(state) for state in saved.part("states")])
    trainer.history, trainer.watch.first = heard(about["history"]), about["first"]
    trainer.selection.restore(about["selection"], saved.part("kept"))
    checkpoint.on_resume(trainer.history, trainer.place.batch)
