"""What a network is made from, before it has any weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from malmoi.batches import Spec
from malmoi.models._network import frame, heads
from malmoi.models._network.blocks import Block
from malmoi.models._network.neural_cache import NeuralCache

Blocks = Callable[[Any, int], list[Block]]  # of a family: (its params, numbers per token) -> blocks


@dataclass(frozen=True)
class Design:
    """size: numbers per token of its embedding. cache: None where a language model looks back at nothing."""

    params: Any
    blocks: list[Block]
    head: heads.Plain
    size: int
    cache: NeuralCache | None

    @property
    def beside(self) -> int:
        """How many parts of it can be worked on side by side."""
        return max((block.beside for block in self.blocks), default=1)


def design(blocks: Blocks, params: Any, spec: Spec, size: int) -> Design:
    """From settings; size as in `Design`."""
    found = blocks(params, size)
    width = found[-1].width if found else size
    return Design(params, found, frame.head(params, spec, width, size), size, NeuralCache(params.cache, width) if params.cache else None)
