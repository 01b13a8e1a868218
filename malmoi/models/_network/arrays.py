"""numpy under the names that `keras.ops` has, so that what a block of a network computes is written once: it learns by the one and answers
by the other. Arrays of float32 stay float32."""

from typing import Any

import numpy as np
from numpy import (
    arange,
    argmax,
    concatenate,
    cos,
    exp,
    flip,
    log,
    matmul,
    max,
    maximum,
    mean,
    minimum,
    ones_like,
    pad,
    reshape,
    shape,
    sin,
    split,
    sqrt,
    square,
    sum,
    swapaxes,
    take,
    take_along_axis,
    tanh,
    transpose,
    where,
    zeros_like,
)
from scipy.special import expit as sigmoid
from scipy.special import softmax as _softmax

__all__ = [
    "arange",
    "argmax",
    "cast",
    "concatenate",
    "cos",
    "exp",
    "flip",
    "log",
    "matmul",
    "max",
    "maximum",
    "mean",
    "minimum",
    "ones_like",
    "pad",
    "relu",
    "reshape",
    "shape",
    "sigmoid",
    "sin",
    "softmax",
    "split",
    "sqrt",
    "square",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tanh",
    "transpose",
    "where",
    "zeros_like",
]


def relu(x: np.ndarray) -> np.ndarray:
    """What is above zero."""
    return np.maximum(x, 0)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Shares that sum to one along an axis."""
    return np.asarray(_softmax(x, axis=axis), x.dtype)


def cast(x: Any, dtype: str) -> np.ndarray:
    """As other numbers."""
    return np.asarray(x).astype(dtype)
