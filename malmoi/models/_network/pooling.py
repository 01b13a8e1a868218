"""What of a network's outputs is shown to a classifier: the last one, their mean or maximum over time, all three side by side (Howard and
Ruder, 2018, section 3.3), or a mean whose weights are learned (attention; Yang et al., 2016, equations 5 to 7)."""

from typing import Any, Literal

from malmoi.models._network.blocks import Given, Weight

Pooling = Literal["last", "mean", "max", "concat", "attention"]
FAR = 1e9  # below every score


def weights(kind: Pooling, width: int) -> dict[str, Weight]:
    """What a pooling of (batch, time, width) learns."""
    if kind != "attention":
        return {}
    return {"kernel": Weight((width, width)), "bias": Weight((width,), "zeros"), "query": Weight((width, 1))}


def wide(kind: Pooling, width: int) -> int:
    """Numbers that are shown of outputs of `width`."""
    return 3 * width if kind == "concat" else width


def pool(given: Given, kind: Pooling, hidden: Any, last: Any, mask: Any) -> Any:
    """(batch, numbers). hidden: (batch, time, width); last: (batch, width); mask: (batch, time), False at padding, which never counts."""
    ops, own, _ = given
    if kind == "last":
        return last
    seen = ops.cast(mask, "float32")[..., None]  # (batch, time, 1)
    if kind == "attention":
        wanted = ops.matmul(ops.tanh(ops.matmul(hidden, own["kernel"]) + own["bias"]), own["query"])  # (batch, time, 1)
        shares = ops.softmax(ops.cast(wanted, "float32") - FAR * (1 - seen), axis=1)
        return ops.sum(ops.cast(hidden, "float32") * shares, 1)
    hidden = ops.cast(hidden, "float32")
    mean = ops.sum(hidden * seen, 1) / ops.sum(seen, 1)
    if kind == "mean":
        return mean
    most = ops.max(hidden - FAR * (1 - seen), 1)
    return most if kind == "max" else ops.concatenate([ops.cast(last, "float32"), mean, most], -1)
