"""A network as the rest of the project knows models: it learns in Keras (`network`, `trainer`) and answers in numpy, block by block.

One frame serves both problems: read a text and name its class (N -> 1), or predict the next token at every step with states that go
from call to call (Mikolov et al., 2010). A family says of which blocks it is built.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

from malmoi.batches import Epoch, Inputs, Sequences, Spec, Split, Step, buckets, pad, quiet
from malmoi.checkpoints import Checkpoint
from malmoi.config import ConfigError, read
from malmoi.models._network import afresh, arrays, embeddings, frame, heads, neural_cache, ngrams, pooling, summary
from malmoi.models._network.blocks import Given, Row, State, zeros
from malmoi.models._network.design import Blocks, Design, design
from malmoi.models._network.neural_cache import Looks
from malmoi.models._network.training import Training, check
from malmoi.npz import save_arrays
from malmoi.quiet import quiet as quiet_start

CHUNK = 512  # steps of a stream that are scored at a time
ROWS = 256  # texts that are classified at a time
States = list[State]


class SequenceModel:
    """Weights by name: embedding, reader0.<weight>, pooling.<weight>, head.<weight>, cache.<weight>.

    absorbs: what was pretrained is among them, so that the trained model needs nothing else. resumes: `fit` takes a checkpoint.
    """

    absorbs = True
    resumes = True

    def __init__(self, design: Design, training: Training, spec: Spec) -> None:
        self.design, self.params, self.training, self.spec = design, design.params, training, spec
        self.weights: dict[str, np.ndarray] = {}
        self.reader = embeddings.kind(spec), spec.pretrained.settings if spec.pretrained else {}

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weight.size for name, weight in self.weights.items() if name != embeddings.DERIVED)

    @property
    def layers(self) -> list[Row]:
        """Its parts in reading order, with their weights and multiply-adds per token."""
        return summary.rows(self)

    def fit(
        self,
        train: Split,
        valid: Split,
        on_epoch: Callable[[Epoch], None],
        on_step: Callable[[Step], None] = quiet,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Train with early stopping on `valid`; `on_epoch` is told after every pass, losses in nats per target. Goes on from `checkpoint`,
        if there is one, and ends with the same bytes as if it had never been stopped."""
        with quiet_start():
            from malmoi.models._network import precision
            from malmoi.models._network.network import Network
            from malmoi.models._network.trainer import Trainer, prepare

            prepare(self.spec.seed, self.design.beside)
            policy = precision.policy(self.training.precision)
            network = Network(self.design, self.spec, embeddings.sequences_of(train.inputs), policy)
        Trainer(network, self.training, self.spec.seed).fit(train, valid, on_epoch, on_step, checkpoint)
        self.weights = network.export()
        if self.design.cache:
            self.weights |= neural_cache.tuned(self, embeddings.sequences_of(valid.inputs).stream())

    def predict(self, inputs: Inputs) -> np.ndarray:
        """classify: (n, classes) probabilities. language_model: (targets,) log probabilities in nats, one stream read from its start, or
        text by text from a state of zeros where it learned so (`training.reset`)."""
        inputs = embeddings.sequences_of(inputs)
        if self.spec.problem != "language_model":
            return self._classify(inputs)
        return afresh.score(self, inputs) if self.training.reset else self._score(inputs.stream())

    def influence(self, vectors: np.ndarray) -> np.ndarray:
        """(time,) how much each step of vectors (texts, time, embedding) still moves the last output before training; see `influence`."""
        with quiet_start():
            from malmoi.models._network.influence import influence
        return influence(self.design, self.spec, vectors)

    def _classify(self, inputs: Sequences) -> np.ndarray:
        answers = np.zeros((len(inputs), self.spec.classes), np.float32)
        for rows in buckets(np.minimum(inputs.lengths, self.training.limit), ROWS, None):
            answers[rows] = softmax(self._logits(pad(inputs, rows, self.training.limit)), axis=1)
        return answers

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        """(batch, classes) of padded ids (batch, time[, columns])."""
        hidden, states, mask = self._read(ids, self.start(len(ids)), embeddings.mask(ids))
        last = self.design.blocks[-1].last(arrays, hidden, states[-1], mask) if self.design.blocks else hidden[:, -1]
        shown = pooling.pool(Given(arrays, self._own("pooling")), self.params.pooling, hidden, last, mask)
        return np.asarray(self.design.head.scores(arrays, self._own("head"), shown))

    def _read(self, ids: np.ndarray, states: States, mask: np.ndarray | None) -> tuple[np.ndarray, States, Any]:
        """What the last block gives, (batch, time, width), the states after it, and its mask."""
        kind, settings = self.reader
        hidden, after = embeddings.read(kind, settings, self.weights, ids), list[Any]()
        if self.params.ngrams:
            hidden += ngrams.read(Given(arrays, self._own("ngrams")), self.params.ngrams, embeddings.tokens(ids))
        for place, (block, state) in enumerate(zip(self.design.blocks, states, strict=False)):  # the cache's state is not a block's
            hidden, state, mask = block.read(Given(arrays, self._own(f"reader{place}")), hidden, state, mask)
            after.append(state)
        return hidden, after, mask

    def _own(self, part: str) -> dict[str, np.ndarray]:
        """Weights of one part, by their own names."""
        own = {name[len(part) + 1 :]: weight for name, weight in self.weights.items() if name.startswith(f"{part}.")}
        return own | {heads.TABLE: self.weights[embeddings.PREFIX]} if part == "head" and self.params.tied else own

    def _score(self, stream: np.ndarray) -> np.ndarray:
        states, scores = self.start(1), []
        for begin in range(0, len(stream) - 1, CHUNK):
            targets = stream[begin + 1 : begin + 1 + CHUNK]
            score, states = self.scores(stream[None, begin : begin + len(targets)], targets[None], states)
            scores.append(score[0])
        return np.concatenate(scores).astype(np.float64)

    def scores(self, ids: np.ndarray, wanted: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """((batch, time) log probabilities of what came next, states). ids, wanted: (batch, time)."""
        scores, looks, states = self.looked(ids, wanted, states)
        return neural_cache.together(scores, looks, self.weights, wanted), states

    def looked(self, ids: np.ndarray, wanted: np.ndarray, states: States) -> tuple[np.ndarray, Looks | None, States]:
        """The same of the network alone, and what its outputs find in its cache if it has one."""
        hidden, looks, states = self._remembered(ids, states)
        flat = self.design.head.score(self._own("head"), hidden.reshape(-1, hidden.shape[-1]), wanted.reshape(-1))
        return flat.reshape(wanted.shape), looks, states

    def _remembered(self, ids: np.ndarray, states: States) -> tuple[np.ndarray, Looks | None, States]:
        hidden, after, _ = self._read(ids, states, None)  # (batch, time, width)
        if not self.design.cache:
            return hidden, None, after
        looks, kept = self.design.cache.look(states[-1], ids, hidden)
        return hidden, looks, [*after, kept]

    def start(self, size: int) -> States:
        """State of `size` streams of which nothing was read."""
        states = [zeros(block, size, lambda shape: np.zeros(shape, np.float32)) for block in self.design.blocks]
        return states + ([self.design.cache.start(size)] if self.design.cache else [])

    def next(self, state: States, ids: np.ndarray) -> tuple[np.ndarray, States]:
        """Read one id of each stream. Returns ((size, width) log probabilities of the next, state)."""
        state = afresh.begun(state, ids) if self.training.reset else state
        hidden, looks, state = self._remembered(ids[:, None], state)  # (size, 1, width)
        scores = np.asarray(log_softmax(self.design.head.scores(arrays, self._own("head"), hidden[:, 0]), 1))
        return neural_cache.together(scores, looks, self.weights), state

    def save(self, folder: Path) -> None:
        """Write weights.npz and model.json."""
        folder.mkdir(parents=True, exist_ok=True)
        save_arrays(folder / "weights.npz", self.weights)
        settings: dict[str, Any] = {"params": asdict(self.params), "training": asdict(self.training), "spec": self.spec.settings()}
        settings |= {"reader": self.reader, "size": self.design.size}
        (folder / "model.json").write_text(json.dumps(settings, indent=1))


def build(blocks: Blocks, params: frame.Frame, training: Training, spec: Spec) -> SequenceModel:
    """An untrained model. Raises ConfigError where the settings do not go with the problem or the features."""
    frame.check(params, spec)
    check(training, spec.problem)
    if params.cache and training.reset:
        raise ConfigError("model.cache: looks back over texts, and training.reset begins every text afresh: leave one of them out")
    size = embeddings.width(spec, params.embedding)
    return SequenceModel(design(blocks, params, spec, size), training, spec)


def load(blocks: Blocks, kind: type, folder: Path) -> SequenceModel:
    """The model that `save` wrote. kind: the family's Params."""
    saved = json.loads((folder / "model.json").read_text())
    spec = Spec(**saved["spec"])
    params: Any = read(kind, saved["params"], f"{folder / 'model.json'}: params")
    model = SequenceModel(design(blocks, params, spec, saved["size"]), Training(**saved["training"]), spec)
    model.reader = tuple(saved["reader"])
    with np.load(folder / "weights.npz", allow_pickle=False) as file:
        model.weights = {name: file[name] for name in file.files}
    return model
