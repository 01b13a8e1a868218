"""What all networks have in common around their blocks: embedding, dropout, pooling, head. No heavy import."""

from dataclasses import field

from malmoi.batches import Spec
from malmoi.config import ConfigError, params
from malmoi.models._network import embeddings, heads, ranges
from malmoi.models._network.ngrams import Ngrams
from malmoi.models._network.pooling import Pooling, wide


@params
class Frame:
    """Settings that every family takes.

    embedding: numbers per token where they are learned in the model; features with vectors bring their own, and `frozen` leaves those as
    they are instead of fine-tuning them. ngrams: vectors of n-grams of tokens beside them (`ngrams.Ngrams`; classification only).
    pooling: what of the outputs is shown to the classifier: the last, their mean or maximum over time, all three (concat), or a mean with
    learned weights (attention).
    dropout: share of numbers that is zeroed in training, before every block and before the head; input_dropout, hidden_dropout: of the
    embedding and between blocks, where they differ. locked: the same numbers at all steps (variational dropout; Gal and Ghahramani, 2016).
    embedding_dropout: share of tokens whose vectors are zeroed, wherever they come in a batch (ibid.).
    tied: a language model scores tokens by the vectors that it reads them with (Press and Wolf, 2017).
    cache: outputs that a language model looks back to when it answers, for what came after them (continuous cache; Grave et al., 2017; see
    `neural_cache`); 0 for none. It takes no part in training.
    adaptive: ids at which an adaptive softmax begins a cluster of rarer tokens (Grave et al., 2017), as [4000, 12000]; none for a full one.
    """

    embedding: int = 64
    frozen: bool = False
    ngrams: Ngrams | None = None
    pooling: Pooling = "last"
    dropout: float = 0.0
    input_dropout: float | None = None
    hidden_dropout: float | None = None
    embedding_dropout: float = 0.0
    locked: bool = False
    tied: bool = False
    adaptive: list[int] = field(default_factory=list)
    cache: int = 0

    @property
    def dropouts(self) -> tuple[float, float, float]:
        """Of the embedding, between blocks, and before the head."""
        inside = self.dropout if self.hidden_dropout is None else self.hidden_dropout
        return (self.dropout if self.input_dropout is None else self.input_dropout), inside, self.dropout


def head(frame: Frame, spec: Spec, inputs: int, size: int) -> heads.Plain:
    """The head over blocks whose last is `inputs` wide; size: numbers per token of the embedding."""
    if spec.problem != "language_model":
        return heads.find(wide(frame.pooling, inputs), spec.classes, [], 0)
    return heads.find(inputs, spec.width, frame.adaptive, size if frame.tied else 0)


def check(frame: Frame, spec: Spec) -> None:
    """Raises ConfigError where settings are out of their range, or do not go with the problem or the features."""
    ranges.least("model", frame, {"embedding": 1, "cache": 0})
    ranges.shares("model", frame, ("dropout", "input_dropout", "hidden_dropout", "embedding_dropout"))
    embeddings.check(spec, frame.frozen)
    language = spec.problem == "language_model"
    if language and frame.pooling != type(frame)().pooling:
        raise ConfigError("model.pooling: a language model shows its head what it read at every step; leave it out")
    if frame.ngrams:
        frame.ngrams.check(language)
    if wrong := [name for name in ("tied", "adaptive", "cache") if getattr(frame, name) and not language]:
        raise ConfigError(f"model.{wrong[0]}: only a language model scores tokens; a classifier names classes: leave it out")
    if language and (frame.adaptive != sorted(set(frame.adaptive)) or any(not 2 < edge < spec.width for edge in frame.adaptive)):
        raise ConfigError(
            f"model.adaptive: should be rising token ids from 3 to {spec.width - 1} (one less than there are), found {frame.adaptive}"
        )
