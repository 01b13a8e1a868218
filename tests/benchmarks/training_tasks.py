"""What `train.py` trains: the text, the weights to start from, and the shape of each network."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from malmoi.batches import Sequences, Spec, buckets, offsets_of, pad, windows

LEARNING = {"rate": 1e-3, "clip": 1.0}
MODELS: dict[str, dict[str, Any]] = {
    "lm650": {"kind": "lm", "cell": "lstm", "units": 650, "layers": 2, "bidirectional": False, "width": 10_000, "classes": 10_000},
    "lm200": {"kind": "lm", "cell": "lstm", "units": 200, "layers": 2, "bidirectional": False, "width": 10_000, "classes": 10_000},
    "bigru": {"kind": "classify", "cell": "gru", "units": 128, "layers": 1, "bidirectional": True, "width": 2_500, "classes": 2},
}
BATCHES, HELD_OUT = 12, 8
STREAMS, STEPS = 20, 35  # of a language model's batch
TEXTS, LIMIT, MEAN = 128, 140, 35.0  # of a classifier's: reviews, most and mean syllables
Batch = tuple[np.ndarray, np.ndarray]


def write(folder: Path, name: str, words: Path | None, reviews: Path | None) -> list[Batch]:
    """Write task.json and arrays.npz of task `name` into `folder`; the batches to train on. Where there is no file: made-up text."""
    settings = MODELS[name] | LEARNING
    batches = streams(words, settings["width"]) if settings["kind"] == "lm" else texts(reviews, settings["width"])
    arrays = {f"weights/{name}": weight for name, weight in start(settings).items()}
    for part, some in (("train", batches[:BATCHES]), ("held", batches[BATCHES:])):
        for place, (ids, targets) in enumerate(some):
            arrays |= {f"{part}/ids{place}": ids, f"{part}/targets{place}": targets}
    np.savez(folder / "arrays.npz", **arrays)
    (folder / "task.json").write_text(json.dumps(settings))
    return batches[:BATCHES]


def streams(words: Path | None, width: int) -> list[Batch]:
    """Windows of contiguous streams: the file's words, the most frequent of them with ids, or ids drawn by Zipf's law."""
    count = (BATCHES + HELD_OUT) * STREAMS * STEPS + 1
    if words is None:
        stream = np.minimum(np.random.default_rng(1).zipf(1.2, count), width - 1).astype(np.int32)
    else:
        tokens = words.read_text(encoding="utf-8").split()
        places = {word: place for place, (word, _) in enumerate(Counter(tokens).most_common(width - 1), 1)}
        stream = np.array([places.get(word, 0) for word in tokens[:count]], np.int32)
    return list(windows(stream, STREAMS, STEPS))


def texts(reviews: Path | None, width: int) -> list[Batch]:
    """Length-bucketed batches of syllables with two classes: of NSMC's file, or random ones with lengths like its."""
    random = np.random.default_rng(1)
    if reviews is None:
        lengths = np.clip(random.gamma(1.5, MEAN / 1.5, 20_000).astype(int), 1, LIMIT)
        rows = [np.minimum(random.zipf(1.2, length) + 1, width - 1) for length in lengths]
        labels = random.integers(0, 2, len(rows))
    else:
        lines = [line.split("\t") for line in reviews.read_text(encoding="utf-8").splitlines()[1:40_001]]
        places = {one: place for place, (one, _) in enumerate(Counter("".join(line[1] for line in lines)).most_common(width - 2), 2)}
        rows = [np.array([places.get(one, 1) for one in line[1]], np.int32) for line in lines if line[1]]
        labels = np.array([int(line[2]) for line in lines if line[1]])
    counts = np.array([len(row) for row in rows])
    sequences = Sequences(np.concatenate(rows).astype(np.int32), offsets_of(counts), np.zeros(len(rows)))
    groups = [group for group in buckets(np.minimum(counts, LIMIT), TEXTS, random) if len(group) == TEXTS]
    return [(pad(sequences, group, LIMIT), labels[group].astype(np.int32)) for group in groups[: BATCHES + HELD_OUT]]


def start(settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Untrained weights by malmoi's names, in the order in which Keras has them."""
    from malmoi.models import recurrent
    from malmoi.models._network.network import Network
    from malmoi.models._network.trainer import prepare

    prepare(1)
    shape = {name: settings[name] for name in ("cell", "units", "layers", "bidirectional")}
    spec = Spec("language_model" if settings["kind"] == "lm" else "classify", settings["width"], settings["classes"])
    params = recurrent.Params(embedding=settings["units"], **shape)
    weights = Network(recurrent.build(params, recurrent.Training(), spec).design, spec).export()
    head = {name: weights.pop(name) for name in ("head.kernel", "head.bias")}
    return weights | head
