"""The full-stream protocol: perplexity is of one stream, the whole test split, nothing dropped, each token read once by hand."""

import json
import math

import numpy as np
import pytest
from tiny import Tiny

from malmoi.batches import END, UNKNOWN
from malmoi.predictor import Predictor
from malmoi.rows import read_examples


@pytest.mark.parametrize("name", ["law-ngram", "law-word-ngram", "law-lstm"])
def test_perplexity_is_that_of_one_stream_read_token_by_token(tiny: Tiny, name: str) -> None:
    scores = json.loads((tiny.evaluate(name) / "metrics.json").read_text(encoding="utf-8"))["test"]["seeds"]["1"]
    texts = [example.text for example in read_examples(tiny.root / "ingest/law/test.parquet")]
    predictor = Predictor.load(tiny.train(name) / "seed-1")
    ids = predictor.feature.ids
    stream = [number for document in predictor.cut(texts) for number in [*(ids[token] for token in document), END]]
    nats, unknown = 0.0, 0
    state, before = predictor.model.start(1), END  # nothing carried in, and nothing reset on the way
    for number in stream:
        shares, state = predictor.model.next(state, np.array([before]))
        nats -= float(shares[0, number])
        unknown += number == UNKNOWN
        before = number
    assert scores["tokens"] == len(stream) == sum(map(len, predictor.cut(texts))) + len(texts)
    assert scores["perplexity"] == pytest.approx(math.exp(nats / len(stream)), rel=1e-4)
    assert scores["unknown_rate"] == pytest.approx(unknown / len(stream))
    assert scores["characters"] == sum(len(text) + 1 for text in texts)
    assert scores["bytes"] == sum(len(text.encode()) + 1 for text in texts)
    charged = sum(predictor.feature.bits(token) for document in predictor.cut(texts) for token in document if token not in ids)
    assert scores["bits_per_character"] == pytest.approx((nats / math.log(2) + charged) / scores["characters"], rel=1e-4)
