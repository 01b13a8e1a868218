"""PyTorch's side of `train.py`: nn.LSTM, or nn.GRU over packed sequences, in float32 or under bfloat16 autocast, fused Adam."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from training_turns import Batch, Task, serve

ORDER = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2)}  # which of Keras's gates stands where in PyTorch


class Network(nn.Module):
    """Embedding, recurrent layers, scores."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        settings = self.settings = task.settings
        kind = nn.LSTM if settings["cell"] == "lstm" else nn.GRU
        shape = {"num_layers": settings["layers"], "bidirectional": settings["bidirectional"]}
        self.embedding = nn.Embedding(*task.weights["embedding"].shape)
        self.reader = kind(task.weights["embedding"].shape[1], settings["units"], **shape)
        self.head = nn.Linear(*task.weights["head.kernel"].shape)
        self.load(task.weights)

    @torch.no_grad()
    def load(self, weights: dict[str, np.ndarray]) -> None:
        """Keras's weights as PyTorch's."""
        self.embedding.weight.copy_(torch.from_numpy(weights["embedding"]))
        self.head.weight.copy_(torch.from_numpy(weights["head.kernel"].T.copy()))
        self.head.bias.copy_(torch.from_numpy(weights["head.bias"]))
        for place in range(self.settings["layers"]):
            for direction, suffix in (("forward", ""), ("backward", "_reverse")):
                if f"reader{place}.{direction}.kernel" in weights:
                    self._load(f"reader{place}.{direction}", f"l{place}{suffix}", weights)

    def _load(self, source: str, target: str, weights: dict[str, np.ndarray]) -> None:
        gates = ORDER[self.settings["cell"]]

        def ordered(weight: np.ndarray) -> torch.Tensor:
            parts = np.split(weight, len(gates), axis=-1)
            return torch.from_numpy(np.concatenate([parts[gate] for gate in gates], -1).T.copy())

        bias = weights[f"{source}.bias"]
        both = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        getattr(self.reader, f"weight_ih_{target}").copy_(ordered(weights[f"{source}.kernel"]))
        getattr(self.reader, f"weight_hh_{target}").copy_(ordered(weights[f"{source}.recurrent"]))
        getattr(self.reader, f"bias_ih_{target}").copy_(ordered(both[0]))
        getattr(self.reader, f"bias_hh_{target}").copy_(ordered(both[1]))

    def forward(self, ids: torch.Tensor, states: object) -> tuple[torch.Tensor, object]:
        """ids: (time, batch). Logits (time * batch, width) and states, or (batch, classes)."""
        hidden = self.embedding(ids)
        if self.settings["kind"] == "lm":
            hidden, states = self.reader(hidden, states)
            return self.head(hidden.flatten(0, 1)), states
        packed = pack_padded_sequence(hidden, (ids != 0).sum(0), enforce_sorted=False)
        _, last = self.reader(packed)
        return self.head(torch.cat([last[-2], last[-1]], 1)), None


def main(contender: str, folder: str, threads: str) -> None:
    """Train when told to. threads: 0 for as many as PyTorch takes."""
    task = Task(Path(folder))
    if threads != "0":
        torch.set_num_threads(int(threads))
    network = Network(task)
    optimizer = torch.optim.Adam(network.parameters(), lr=task.settings["rate"], eps=1e-7, fused=True)
    half = torch.autocast("cpu", dtype=torch.bfloat16, enabled=contender == "torch-bf16")
    carried: list[object] = [None]

    def measure(batch: Batch) -> torch.Tensor:
        ids, targets = (torch.from_numpy(part.T.copy()).long() for part in batch)
        with half:
            logits, states = network(ids, carried[0])
        carried[0] = tuple(state.detach() for state in states) if states is not None else None  # type: ignore[attr-defined]
        return nn.functional.cross_entropy(logits.float(), targets.flatten())

    def step(batch: Batch) -> float:
        optimizer.zero_grad()
        loss = measure(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), task.settings["clip"])
        optimizer.step()
        return loss.item()

    @torch.no_grad()
    def held_out(batches: list[Batch]) -> float:
        kept, carried[0] = carried[0], None
        losses = [measure(batch).item() for batch in batches]
        carried[0] = kept
        return float(np.average(losses, weights=[batch[1].size for batch in batches]))

    serve(task, step, held_out)


if __name__ == "__main__":
    main(*sys.argv[1:])
