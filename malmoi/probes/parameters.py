"""How many weights each cell has: gates * units * (inputs + units + 1); a SimpleRNN counts as one gate, an LSTM as four, a GRU as three."""

from dataclasses import field
from typing import Any

from malmoi.batches import Spec
from malmoi.config import params
from malmoi.probing import Finding, Sources, columns, require
from malmoi.registry import find

CELLS = {"simple": 1, "gru": 3, "lstm": 4}


@params
class Params:
    """units: sizes that are compared. inputs: numbers per token."""

    units: list[int] = field(default_factory=lambda: [32, 64, 128, 256, 512])
    inputs: int = 64

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "units")


def measure(params: Params, sources: Sources) -> Finding:
    """Count the weights of one layer of each cell."""
    rows: list[dict[str, Any]] = []
    for units in params.units:
        counts = {cell: _count(cell, units, params.inputs) for cell in CELLS}
        for cell in CELLS:
            extra = counts[cell] - CELLS[cell] * counts["simple"]
            rows.append(
                {"cell": cell, "units": units, "parameters": counts[cell], "ratio": counts[cell] / counts["simple"], "extra": extra}
            )
    four = all(row["ratio"] == 4 for row in rows if row["cell"] == "lstm")
    three = all(row["extra"] == 3 * row["units"] for row in rows if row["cell"] == "gru")
    simple, gru, lstm = rows[-3:]
    measured = (
        f"With {simple['units']} units over {params.inputs} inputs: SimpleRNN {simple['parameters']:,}, GRU {gru['parameters']:,}, LSTM "
        f"{lstm['parameters']:,} weights. LSTM to SimpleRNN is {lstm['ratio']:.3f} to 1, GRU to SimpleRNN {gru['ratio']:.3f} to 1: "
        f"Keras's `reset_after` has a second bias for each gate, {gru['extra']:,} weights more than three times."
    )
    claim = "An LSTM has four times the weights of a SimpleRNN of the same size, a GRU three times (Chung et al., 2014)."
    return Finding(claim, measured, four and three, columns(rows), "units", "ratio", "cell")


def _count(cell: str, units: int, inputs: int) -> int:
    family = find("models", "recurrent")
    settings = family.Params(cell=cell, units=units, embedding=inputs)
    model = family.build(settings, family.Training(), Spec("language_model", 10))
    return sum(_size(weight.shape) for weight in model.design.blocks[0].weights().values())


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
