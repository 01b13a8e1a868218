"""How networks are trained: the settings that every Keras family takes. No heavy import, so that a wrong key is found at once."""

from typing import Literal

from malmoi.config import ConfigError, params
from malmoi.models._network.ranges import least, shares


@params
class Training:
    """Settings of a network's training.

    epochs: passes at most; patience: passes without a better validation loss before it stops (the best weights are kept).
    batch_size: texts, or streams side by side. steps: tokens through which the gradient of a language model is carried; jitter: standard
    deviation of that number, drawn anew for each window, one in twenty half as long (Merity et al., 2018; the rate goes with the length).
    carry: whether a language model's state goes from window to window in training; without it every window begins with zeros.
    reset: a language model begins every text afresh, with a state of zeros, in training and when it answers.
    optimizer: adam, adamw (weights but no biases decay; Loshchilov and Hutter, 2019), sgd, or asgd: sgd whose weights are averaged from the
    epoch on whose validation loss is above the best of all but the last `trigger` (NT-ASGD; Merity et al., 2018); patience begins then.
    learning_rate: its own; momentum: of sgd; weight_decay: share of a weight that goes with every update, times its rate.
    average: share of a running mean of the weights that stays with every update (0.999); 0 for none. The mean is validated and kept.
    schedule: constant; from the rate to zero over all epochs, by a cosine or a line (linear); or plateau: times plateau_factor after
    plateau_patience passes without a better validation loss, least_rate at least. warm_up: updates over which the rate first rises from 0.
    discriminative: how many times as slowly each layer learns as the one above it (2.6 in Howard and Ruder, 2018, section 3.2; 1: as fast).
    unfreeze: epochs after which the next lower layer begins to learn too, the head first (ibid.); 0: all of them from the start.
    clip_norm: of the whole gradient; 0 for no limit.
    loss: cross_entropy, or of a classifier's probabilities the squares (mse) or sizes (mae) of what they are off by.
    label_smoothing: share of each target that is spread over all classes or tokens (Szegedy et al., 2016).
    activation, temporal: how much a language model pays for large outputs, and for outputs that change from step to step (AR and TAR, there
    alpha and beta; Merity et al., 2017).
    explosion: a loss of so many times the first (or so many nats, if that was less) stops the training; 0 for no limit.
    limit: a longer text is cut after so many tokens (classification).
    precision: float32, or auto: products in bfloat16 where the machine makes them faster (`_precision`).
    """

    epochs: int = 10
    patience: int = 3
    batch_size: int = 32
    steps: int = 64
    jitter: float = 0.0
    carry: bool = True
    reset: bool = False
    optimizer: Literal["adam", "adamw", "sgd", "asgd"] = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    weight_decay: float = 0.0
    trigger: int = 5
    average: float = 0.0
    schedule: Literal["constant", "cosine", "linear", "plateau"] = "constant"
    plateau_factor: float = 0.5
    plateau_patience: int = 1
    least_rate: float = 0.0
    warm_up: int = 0
    discriminative: float = 1.0
    unfreeze: int = 0
    clip_norm: float = 1.0
    loss: Literal["cross_entropy", "mse", "mae"] = "cross_entropy"
    label_smoothing: float = 0.0
    activation: float = 0.0
    temporal: float = 0.0
    explosion: float = 1e4
    limit: int = 256
    precision: Literal["float32", "auto"] = "float32"


PLATEAU = ("plateau_factor", "plateau_patience", "least_rate")
LANGUAGE = ("jitter", "reset", "activation", "temporal")  # what only a language model has
LEAST = dict.fromkeys(("epochs", "patience", "batch_size", "steps", "trigger", "plateau_patience", "limit", "discriminative"), 1)
SHARES = ("momentum", "average", "label_smoothing")  # from 0 to less than 1
AMOUNTS = (
    "jitter",
    "learning_rate",
    "weight_decay",
    "least_rate",
    "warm_up",
    "unfreeze",
    "clip_norm",
    "activation",
    "temporal",
    "explosion",
)


def check(training: Training, problem: str) -> None:
    """Raises ConfigError where a number is out of its range, or settings do not go with one another or with the problem."""
    _ranges(training)
    for wrong, said in _conflicts(training, problem):
        if wrong:
            raise ConfigError(f"training.{said}")


def _ranges(training: Training) -> None:
    least("training", training, LEAST | dict.fromkeys(AMOUNTS, 0))
    shares("training", training, SHARES)
    if not 0 < training.plateau_factor < 1:
        raise ConfigError(f"training.plateau_factor: should be between 0 and 1, found {training.plateau_factor}")


def _conflicts(one: Training, problem: str) -> list[tuple[bool, str]]:
    """(whether it is so, what is wrong and what would be right) of settings that do not go together."""
    language, default = problem == "language_model", Training()
    foreign = next((name for name in LANGUAGE if getattr(one, name)), "") if not language else ""
    unheeded = next((name for name in PLATEAU if getattr(one, name) != getattr(default, name)), "")
    flat = one.schedule == "plateau"
    late = f"training stops after {one.patience} passes without a better loss (patience), so {one.plateau_patience} is never reached"
    return [
        *_of_optimizers(one),
        (bool(foreign), f"{foreign}: only a language model reads a stream step by step; leave it out"),
        (not (one.carry or language), "carry: only a language model reads a stream window by window; leave it out"),
        (bool(unheeded) and not flat, f"{unheeded}: only schedule: plateau heeds it, and schedule is {one.schedule}"),
        (flat and one.plateau_patience >= one.patience, f"plateau_patience: {late}; set it lower"),
        (flat and one.least_rate >= one.learning_rate, f"least_rate: should be below learning_rate {one.learning_rate:g}"),
        (one.jitter > 0 and one.reset, "jitter: with reset, texts are read from their start to their end; leave one of the two out"),
        (language and one.loss != "cross_entropy", f"loss: {one.loss} is for classification; a language model takes cross_entropy"),
        (one.loss != "cross_entropy" and one.label_smoothing > 0, f"label_smoothing: goes with loss: cross_entropy, not {one.loss}"),
    ]


def _of_optimizers(one: Training) -> list[tuple[bool, str]]:
    """The same of what belongs to one optimizer."""
    name, averaged = one.optimizer, one.optimizer == "asgd"
    rate = f"schedule: {one.schedule} does not go with asgd, which averages weights at a constant rate"
    return [
        (averaged and one.schedule != "constant", f"{rate}; take schedule: constant, or optimizer: sgd"),
        (averaged and one.average > 0, "average: asgd averages by itself; leave it out, or take optimizer: sgd"),
        (not averaged and one.trigger != Training().trigger, f"trigger: {name} averages nothing; take optimizer: asgd"),
        (averaged and one.momentum > 0, "momentum: asgd is without; leave it out, or take optimizer: sgd"),
        (name in ("adam", "adamw") and one.momentum > 0, f"momentum: {name} has its own; leave it out, or take optimizer: sgd"),
        (name == "adam" and one.weight_decay > 0, "weight_decay: adam has none; take optimizer: adamw"),
        (name == "adamw" and not one.weight_decay, "optimizer: adamw without weight_decay is adam; set weight_decay, as 0.01"),
    ]
