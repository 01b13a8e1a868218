"""A bag of embeddings (fastText's classifier; Joulin et al., 2017): the mean of a text's vectors, and one matrix from it to classes.

Nothing reads in between: order is seen as far as n-grams with vectors of their own reach (`ngrams`, hashed as in fastText). What of the
vectors is shown to the classifier is the frame's pooling.
"""

from functools import partial
from typing import Any

from malmoi.batches import Spec
from malmoi.config import ConfigError, params
from malmoi.models._network import sequence_model
from malmoi.models._network.blocks import Block, Given, State, Weight
from malmoi.models._network.frame import Frame
from malmoi.models._network.pooling import Pooling
from malmoi.models._network.training import Training

__all__ = ["Params", "Training", "build", "load"]


@params
class Params(Frame):
    """What `Frame` says; its pooling is the mean as long as nothing else is said."""

    pooling: Pooling = "mean"


class Bag(Block):
    """Vectors as they are."""

    kind = "bag"

    def __init__(self, inputs: int) -> None:
        self.inputs = self.width = inputs

    def weights(self) -> dict[str, Weight]:
        """None."""
        return {}

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        return hidden, state, mask


def blocks(settings: Params, size: int) -> list[Block]:
    """Vectors of `size`."""
    return [Bag(size)]


def build(params: Params, training: Training, spec: Spec) -> sequence_model.SequenceModel:
    """An untrained model. Raises ConfigError for a language model, and where settings do not go with the features."""
    if spec.problem == "language_model":
        raise ConfigError("model.family: a bag has no order, and a language model must know what came last; take ngram or recurrent")
    return sequence_model.build(blocks, params, training, spec)


load = partial(sequence_model.load, blocks, Params)
