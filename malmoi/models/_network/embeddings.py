"""From token ids to vectors, the first step of every network: a table learned in the model, one that features brought along (frozen or
fine-tuned), or a contextual reader, each of whose vectors depends on the whole text (Peters et al., 2018).

A reader learns in Keras and reads in numpy. It is four functions, found by the `kind` of what is pretrained:

    layer(spec, size, frozen)       a Keras layer: ids (batch, time[, columns]) -> (batch, time, dimensions)
    export(layer)                   its weights after training by name, float32: all that reading needs, pretrained or not
    read(weights, settings, ids)    the same in numpy: ids -> (batch, time, dimensions)
    multiply_adds(weights)          of reading one token
"""

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from malmoi.batches import PAD, Inputs, Sequences, Spec
from malmoi.config import ConfigError
from malmoi.models._network import encoders

PREFIX = "embedding"
TABLES = {"vectors": "vectors", encoders.KIND: PREFIX}  # kinds of what is pretrained that bring a table, and its name among their arrays
DERIVED = f"{PREFIX}.known"  # what a reader worked out ahead of time: kept among the weights, and none of the parameters


def kind(spec: Spec) -> str:
    """Who reads: "table", or the kind of what is pretrained."""
    return "table" if spec.pretrained is None or spec.pretrained.kind in TABLES else spec.pretrained.kind


def layer(spec: Spec, size: int, frozen: bool) -> Any:
    """The Keras layer. size: numbers per token where they are learned in the model; pretrained ones bring their own."""
    return _reader(kind(spec)).layer(spec, size, frozen)


def width(spec: Spec, size: int) -> int:
    """Numbers per token: `size` where they are learned in the model."""
    if spec.pretrained is None:
        return size
    arrays = spec.pretrained.arrays
    found = arrays.get(TABLES.get(spec.pretrained.kind, "projection.kernel"))
    if found is None:
        raise ConfigError(f"no network reads features of kind {kind(spec)!r}; there are: {', '.join(TABLES)}, elmo")
    return int(found.shape[1]) * (1 if kind(spec) == "table" else 2)


def export(kind: str, layer: Any) -> dict[str, np.ndarray]:
    """A trained layer's weights, named "embedding" or "embedding.<name>" as `read` wants them among those of the whole network."""
    return {f"{PREFIX}.{name}".removesuffix("."): weight for name, weight in _reader(kind).export(layer).items()}


def multiply_adds(kind: str, weights: dict[str, np.ndarray]) -> int:
    """Per token that is read: none for a table, where vectors are looked up. weights: a network's."""
    return 0 if kind == "table" else int(_reader(kind).multiply_adds(_own(weights)))


def read(kind: str, settings: dict[str, Any], weights: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """(batch, time, dimensions) float32 of ids (batch, time[, columns]), from a network's weights."""
    if kind == "table":
        return weights[PREFIX][tokens(ids)]
    return np.asarray(_reader(kind).read(_own(weights), settings, ids))


def _own(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of the reader, by its own names."""
    return {name.removeprefix(f"{PREFIX}."): weight for name, weight in weights.items() if name.startswith(f"{PREFIX}.")}


def tokens(ids: Any) -> Any:
    """(batch, time) token ids of a padded batch (batch, time[, columns]), numpy's or TensorFlow's; PAD where there is no token."""
    return ids if len(ids.shape) == 2 else ids[..., 0]


def mask(ids: Any) -> Any:
    """(batch, time) True where there is a token."""
    return tokens(ids) != PAD


def sequences_of(inputs: Inputs) -> Sequences:
    """Token ids of texts. Raises ConfigError where the features gave a row per text: counts, pooled or document vectors."""
    if not isinstance(inputs, Sequences):
        raise ConfigError(
            "a network reads token ids: give it features of kind sequence, or word vectors without pooling, not counts or a row per text"
        )
    return inputs


def check(spec: Spec, frozen: bool) -> None:
    """Raises ConfigError where the features do not go with the problem, or with `frozen`."""
    if spec.pretrained is None and frozen:
        raise ConfigError("model.frozen: an embedding learned in the model cannot be frozen; give it features with vectors, as word2vec")
    if kind(spec) != "table" and spec.problem == "language_model":
        raise ConfigError(f"features of kind {kind(spec)} read each text from both ends: a language model would see what it must predict")


def _reader(kind: str) -> ModuleType | SimpleNamespace:
    if kind == "table":
        return SimpleNamespace(layer=_table, export=lambda table: {"": table.get_weights()[0]})
    if kind == "elmo":
        from malmoi.models._network import elmo

        return elmo
    raise ConfigError(f"no network reads features of kind {kind!r}; there are: {', '.join(TABLES)}, elmo")


def _table(spec: Spec, size: int, frozen: bool) -> Any:
    import keras

    if spec.pretrained is None:
        return keras.layers.Embedding(spec.width, size)
    vectors = spec.pretrained.arrays[TABLES[spec.pretrained.kind]]  # (width, dimensions)
    if len(vectors) != spec.width:
        raise ConfigError(f"{len(vectors)} pretrained vectors for {spec.width} token ids; make the features again")
    table = keras.layers.Embedding(*vectors.shape, trainable=not frozen)
    table.build(None)
    table.set_weights([vectors])
    return table
