"""What a model costs by its shape: parameters and multiply-adds of each layer, bytes of its weights. `evaluate` writes it down.

A model says of itself what it is made of: `model.layers`, a list of {"name", "kind", "parameters", "multiply_adds_per_token"}, dicts or
dataclasses, from input to output; what a classifier does once for a text and not for each token is in "multiply_adds_per_text". What models
cost that say nothing is not known: None everywhere.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError

COLUMNS = ("name", "kind", "parameters", "multiply_adds_per_token", "multiply_adds_per_text")
CACHE = "cache"  # a layer that takes no part in training
UNTRAINED = "untrained_multiply_adds_per_token"
Layer = dict[str, Any]


def layers(model: Any) -> list[Layer] | None:
    """What the model says of its layers, every one with all COLUMNS; None where it says nothing.

    Raises ConfigError where a key is missing or a count is no number from 0. A count per token may be a fraction: a layer that makes the
    sequence shorter is read through less often.
    """
    said = getattr(model, "layers", None)
    if said is None:
        return None
    rows = [{"multiply_adds_per_text": 0} | _row(layer) for layer in said]
    for row in rows:
        if missing := [name for name in COLUMNS if name not in row]:
            raise ConfigError(f"{type(model).__name__}.layers: layer {row.get('name', '?')!r} lacks {', '.join(missing)}")
        if wrong := [name for name in COLUMNS[2:] if not _counts(row[name])]:
            raise ConfigError(f"{type(model).__name__}.layers: {wrong[0]} of {row['name']!r} should be 0 or more, found {row[wrong[0]]!r}")
    return [{name: _plain(row[name]) for name in COLUMNS} for row in rows]


def _row(said: Any) -> Layer:
    return asdict(said) if is_dataclass(said) and not isinstance(said, type) else dict(said)


def _counts(value: Any) -> bool:
    return isinstance(value, Real) and float(value) >= 0


def _plain(value: Any) -> Any:
    """As JSON and CSV have it, whatever kind of number a model counts with."""
    if not isinstance(value, Real):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def multiply_adds(rows: Sequence[Layer] | None) -> dict[str, float | None]:
    """Of all layers together, reading one token, and one text beside its tokens; UNTRAINED: of a token, what training does not do."""
    names = COLUMNS[3:]
    untrained = [row[names[0]] for row in rows or () if row["name"] == CACHE]
    totals = {name: None if rows is None else sum(row[name] for row in rows) for name in names}
    return totals | ({UNTRAINED: sum(untrained)} if untrained else {})


def weight_bytes(folder: Path) -> int:
    """Bytes of the arrays of a saved model, as they are in memory: those of its .npz files, without compression."""
    total = 0
    for file in folder.rglob("*.npz"):
        with zipfile.ZipFile(file) as arrays:
            total += sum(part.file_size for part in arrays.infolist())
    return total
