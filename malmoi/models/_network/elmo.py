"""ELMo: a word's vector is a mixture of what the layers of a bidirectional language model say of it (Peters et al., 2018, equation 1):

    ELMo_k = scale * sum_j softmax(scalars)_j * h_kj        h_k0 = [x_k; x_k],  h_kj = [forward_kj; backward_kj]

x_k is read from the characters of word k. This file reads in numpy, so that answering needs no TensorFlow; `elmo_layer` learns. Equal to
float32 rounding; a test holds that.
"""

from typing import Any

import numpy as np
from scipy.special import expit as sigmoid
from scipy.special import softmax

from malmoi.batches import END, PAD, UNKNOWN, Spec
from malmoi.models._network import cells

WORDS = 4096  # words spelled out at a time
Weights = dict[str, np.ndarray]


def layer(spec: Spec, size: int, frozen: bool) -> Any:
    """The Keras layer: ids (batch, time, columns) -> (batch, time, 2 * dimensions); `size` is what the features say, not asked for here."""
    from malmoi.models._network import elmo_layer

    if spec.pretrained is None:
        raise ValueError("ELMo reads with what features of kind elmo learned")
    return elmo_layer.Elmo(spec.pretrained.arrays, frozen)


def export(layer: Any) -> Weights:
    """Weights of a trained layer, and `known` (width, dimensions): every known word as it is read from its characters."""
    return {name: np.asarray(weight, np.float32) for name, weight in layer.export().items()}


def read(weights: Weights, settings: dict[str, Any], ids: np.ndarray) -> np.ndarray:
    """(batch, time, 2 * dimensions) float32. ids: (batch, time, columns), an id and then the characters of an unknown word."""
    tokens, mask = ids[..., 0], ids[..., 0] != PAD  # (batch, time)
    words = weights["known"][tokens]  # (batch, time, dimensions)
    unknown = tokens == UNKNOWN
    kinds, places = np.unique(ids[unknown][:, 1:], axis=0, return_inverse=True)
    words[unknown] = spell_out(weights, kinds)[places.reshape(-1)]
    both = [_direction(weights, name, words, mask) for name in ("forward", "backward")]
    shares = softmax(weights["scalars"])
    mixed = shares[0] * np.concatenate([words, words], 2)
    for share, ahead, back in zip(shares[1:], *both, strict=True):
        mixed += share * np.concatenate([ahead, back], 2)
    return np.asarray(weights["scale"] * mixed, np.float32)


def multiply_adds(weights: Weights) -> int:
    """Per token: the matrices of every layer in both directions. A known word is looked up; spelling out an unknown one is not counted."""
    return sum(weight.size for name, weight in weights.items() if name.startswith(("forward", "backward")) and weight.ndim == 2)


def _direction(weights: Weights, name: str, words: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """(batch, time, dimensions) of every layer. A text is read as after the end of another, as in the language model's training."""
    hidden, start, layers = words, weights["known"][None, None, END], []  # start: (1, 1, dimensions)
    for place in range(len(weights["scalars"]) - 1):
        parts = [weights[f"{name}{place}.{part}"] for part in ("kernel", "recurrent", "bias")]
        cell, shown = cells.Cell("lstm", *parts), weights[f"{name}{place}.shown.kernel"]
        begun, state = cells.read(cell, start, cell.initial(1))
        outputs, _ = cells.read(cell, hidden, [np.repeat(one, len(words), 0) for one in state], mask, name == "backward")
        below = (start, hidden) if place else (np.float32(0), np.float32(0))
        start, hidden = begun @ shown + below[0], outputs @ shown + below[1]
        layers.append(hidden)
    return layers


def spell_out(weights: Weights, characters: np.ndarray) -> np.ndarray:
    """(words, dimensions) of words written in ids of characters (words, longest)."""
    dimensions = weights["projection.kernel"].shape[1]
    parts = [_spell_out(weights, characters[start : start + WORDS]) for start in range(0, len(characters), WORDS)]
    return np.concatenate(parts) if parts else np.zeros((0, dimensions), np.float32)


def _spell_out(weights: Weights, characters: np.ndarray) -> np.ndarray:
    embedded = weights["characters.table"][characters] * (characters != 0)[..., None]  # (words, longest, embedding)
    hidden = np.concatenate([_convolved(weights, f"filter{place}", embedded) for place in range(filters(weights))], 1)  # (words, filters)
    gate = sigmoid(_dense(weights, "gate", hidden))
    mixed = gate * np.maximum(_dense(weights, "change", hidden), 0) + (1 - gate) * hidden  # (words, filters)
    return np.asarray(_dense(weights, "projection", mixed), np.float32)


def filters(weights: Weights) -> int:
    """How many widths of convolution there are."""
    return sum(name.startswith("filter") and name.endswith("kernel") for name in weights)


def _convolved(weights: Weights, name: str, embedded: np.ndarray) -> np.ndarray:
    """(words, how many) the most that each filter finds anywhere in a word. embedded: (words, longest, embedding)."""
    kernel = weights[f"{name}.kernel"]  # (width, embedding, how many)
    steps = embedded.shape[1] - len(kernel) + 1
    found = sum(embedded[:, place : place + steps] @ one for place, one in enumerate(kernel))  # (words, steps, how many)
    return np.maximum(np.max(found, 1) + weights[f"{name}.bias"], 0)


def _dense(weights: Weights, name: str, hidden: np.ndarray) -> np.ndarray:
    return hidden @ weights[f"{name}.kernel"] + weights[f"{name}.bias"]
