"""The parts of a network in reading order, with their weights and multiply-adds: what `cost` writes down."""

from typing import Any

from malmoi.models._network import embeddings
from malmoi.models._network.blocks import Row


def rows(model: Any) -> list[Row]:
    """Of a `SequenceModel`, from embedding to head, and its cache."""
    sizes = {name: weight.size for name, weight in model.weights.items() if name != embeddings.DERIVED}

    def row(name: str, kind: str, per_token: int = 0, per_text: int = 0) -> Row:
        return Row(name, kind, sum(size for key, size in sizes.items() if key.split(".")[0] == name), per_token, per_text)

    found = [row(embeddings.PREFIX, model.reader[0], embeddings.multiply_adds(model.reader[0], model.weights))]
    found += [row("ngrams", "hashed", sizes["ngrams.kernel"])] if model.params.ngrams else []
    each = 1  # tokens that one step of a block stands for
    for place, block in enumerate(model.design.blocks):
        found.append(row(f"reader{place}", block.kind, -(-block.multiply_adds() // each)))
        each *= block.shortens
    if any(name.startswith("pooling.") for name in sizes):
        pooled = sum(weight.size for name, weight in model.weights.items() if name.startswith("pooling.") and weight.ndim > 1)
        found.append(row("pooling", model.params.pooling, -(-pooled // each)))
    head, once = model.design.head, model.spec.problem != "language_model"
    found.append(row("head", head.kind, 0 if once else head.multiply_adds(), head.multiply_adds() if once else 0))
    return found + ([model.design.cache.row()] if model.design.cache else [])
