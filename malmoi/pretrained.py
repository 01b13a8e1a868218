"""What was learned before a network is, and goes into it: arrays that a feature leaves in its state and the train stage hands on.

`kind` says who reads them: "vectors", one vector per token id, or another reader of `malmoi/models/_network/embeddings.py`.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from malmoi.npz import save_arrays

ARRAYS, ABOUT = "pretrained.npz", "pretrained.json"


@dataclass(frozen=True)
class Pretrained:
    """kind: who reads it. arrays: float32 or int32, by name; for "vectors": {"vectors": (width, dimensions)}, a row per token id.

    settings: what the reader must know beside the arrays (sizes, names); it goes into JSON.
    """

    kind: str
    arrays: dict[str, np.ndarray]
    settings: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write pretrained.npz and pretrained.json into the state of a feature; the same bytes for the same numbers."""
        save_arrays(folder / ARRAYS, self.arrays)
        (folder / ABOUT).write_text(json.dumps({"kind": self.kind, "settings": self.settings}, indent=1, sort_keys=True))


def load(folder: Path) -> Pretrained | None:
    """What `Pretrained.save` wrote into a feature's state; None where the feature has nothing for a network, or a network took it along."""
    if not (folder / ARRAYS).is_file():
        return None
    about = json.loads((folder / ABOUT).read_text())
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        return Pretrained(about["kind"], {name: file[name] for name in file.files}, about["settings"])
