"""A language model that begins every text afresh (`training.reset`): END is read with a state of zeros, so that nothing of one text is
known in the next, and the order of texts changes no answer."""

from typing import Any

import numpy as np

from malmoi.batches import END, PAD, Sequences, buckets
from malmoi.models._network.feeds import framed

TEXTS = 32  # that are read side by side
STEPS = 16  # of each that are scored at a time


def score(model: Any, inputs: Sequences) -> np.ndarray:
    """(targets,) log probabilities in nats, in the order of the stream of all texts. model: a `SequenceModel`."""
    answers = np.zeros(len(inputs.stream()) - 1)
    starts = inputs.offsets[:-1] + np.arange(len(inputs))  # an END after every text
    for rows in buckets(inputs.lengths, TEXTS, None):
        texts, state = framed(inputs, rows), model.start(len(rows))
        for begin in range(0, texts.shape[1] - 1, STEPS):
            wanted = texts[:, begin + 1 : begin + 1 + STEPS]
            scores, state = model.scores(texts[:, begin : begin + wanted.shape[1]], wanted, state)  # (texts, steps)
            text, step = np.nonzero(wanted != PAD)
            answers[starts[rows[text]] + begin + step] = scores[text, step]
    return answers


def begun(state: Any, ids: np.ndarray) -> Any:
    """A model's state, lists of arrays whose first axis is the streams, with zeros where END is read next. ids: (streams,)."""
    if isinstance(state, list | tuple):
        return type(state)(begun(part, ids) for part in state)
    return state * np.reshape(ids != END, (-1, *[1] * (state.ndim - 1)))
