"""Language models as the beginning of a classifier (Dai and Le, 2015; Howard and Ruder, 2018): what predicts the next token reads the text
from its start, what predicts the one before from its end, and both side by side are one bidirectional network that says of each place
what both would say of it.

Nothing is lost in joining them: a token's vector is both of its vectors, and each direction's kernel begins with zeros where it would read
what the other one knows, which fine-tuning may change.
"""

from dataclasses import replace

import numpy as np

from malmoi.batches import Sequences

KIND = "encoder"  # of what is pretrained
Arrays = dict[str, np.ndarray]


def one(forward: Arrays) -> Arrays:
    """What a classifier that reads from the start begins with: weights of a language model, by name, without its head and cache."""
    return {name: weight for name, weight in forward.items() if not name.startswith(("head.", "cache."))}


def both(forward: Arrays, backward: Arrays) -> Arrays:
    """What a bidirectional classifier begins with: weights of two language models of the same shape, the second of reversed texts."""
    arrays = {"embedding": np.concatenate([forward["embedding"], backward["embedding"]], 1)}  # (width, 2 * size)
    for name, weight in one(forward).items():
        if name == "embedding":
            continue
        place, _, part = name.split(".", 2)
        other = backward[name]
        if part == "kernel":
            nothing = np.zeros_like(weight)
            weight, other = np.concatenate([weight, nothing]), np.concatenate([nothing, other])
        arrays |= {f"{place}.forward.{part}": weight, f"{place}.backward.{part}": other}
    return arrays


def turned(texts: Sequences) -> Sequences:
    """The same texts, each from its end to its start."""
    both = np.repeat(texts.offsets[:-1] + texts.offsets[1:], texts.lengths)  # (total,) where each id's text begins and ends, together
    return replace(texts, ids=texts.ids[both - 1 - np.arange(len(texts.ids))])
