"""Every kind of network learns that one token comes before another, but for the one that cannot see it."""

from typing import Any

import pytest
from synthetic import labelled_sequences

from malmoi import registry
from malmoi.batches import Spec
from malmoi.config import read


@pytest.mark.parametrize(
    ("family", "shape", "learns"),
    [
        ("bag", {}, False),
        ("qrnn", {"units": 8}, True),
        ("recurrent", {"units": 8, "front": {"width": 2, "filters": 8, "stride": 2}}, True),
        ("textcnn", {"widths": [2], "filters": 8}, True),
        ("transformer", {"heads": 1, "inner": 16, "layers": 1, "bidirectional": True, "pooling": "mean"}, True),
        ("wavenet", {"channels": 8, "skips": 8, "layers": 3}, True),
    ],
    ids=str,
)
def test_order_is_learned_but_by_a_bag(family: str, shape: dict[str, Any], learns: bool) -> None:
    module = registry.find("models", family)
    training = module.Training(epochs=10, batch_size=16, learning_rate=0.02, patience=10)
    model = module.build(read(module.Params, {"embedding": 8} | shape, "test"), training, Spec("classify", 8, 2, seed=1))
    train, test = labelled_sequences(200), labelled_sequences(100, seed=5)
    model.fit(train, test, lambda epoch: None)
    right = (model.predict(test.inputs).argmax(1) == test.labels).mean()
    assert right > 0.95 if learns else right < 0.7
