"""How networks are trained: the settings that every Keras family takes. No heavy import, so that a wrong key is found at once."""

from typing import Literal

from malmoi.config import params


@params
class Training:
    """Settings of a network's training.

    epochs: passes at most; patience: passes without a better validation loss before it stops (the best weights are kept).
    batch_size: texts, or streams side by side. steps: tokens through which the gradient of a language model is carried.
    learning_rate: of Adam; schedule: constant, or a cosine from it to zero over all epochs. warm_up: updates over which the rate first
    rises from zero. clip_norm: of the whole gradient.
    limit: a longer text is cut after so many tokens (classification).
    precision: float32, or auto: products in bfloat16 where the machine makes them faster (`_precision`).
    """

    epochs: int = 10
    patience: int = 3
    batch_size: int = 32
    steps: int = 64
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    warm_up: int = 0
    clip_norm: float = 1.0
    limit: int = 256
    precision: Literal["float32", "auto"] = "float32"
