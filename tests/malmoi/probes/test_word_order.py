"""What word order is worth, by models whose scores are known: one counts words that stand out of order, the other does not look."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from malmoi.probes import word_order
from malmoi.probing import Source
from malmoi.rows import Example, write_examples

TEXTS = ["가 나 다 라 마 바", "나 라 바", "다"]


class Known:
    """A bit for every word; where `looks`, another for each that comes after a greater one. Every text costs a bit of spelling."""

    def __init__(self, looks: bool) -> None:
        self.looks, self.read = looks, list[list[str]]()

    def score(self, texts: list[str]) -> Any:
        self.read.append(texts)
        words = [text.split(" ") for text in texts]
        wrong = [sum(one > other for one, other in pairwise(each)) for each in words]
        bits = np.array([len(each) + self.looks * falls for each, falls in zip(words, wrong, strict=True)], float)
        return SimpleNamespace(bits=bits, charged=np.ones(len(texts)), units={"characters": np.array([len(text) for text in texts])})


@pytest.mark.parametrize(("looking", "held"), [("en", True), ("ko", False)])
def test_the_language_whose_words_may_be_moved(looking: str, held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = {language: Known(language == looking) for language in ("ko", "en")}
    monkeypatch.setattr(word_order.Predictor, "load", lambda bundle: models[bundle.parent.name])
    sources = {}
    for language in models:
        (tmp_path / language).mkdir()
        write_examples(tmp_path / language / "test.parquet", [Example(str(place), text, None) for place, text in enumerate(TEXTS)])
        sources[language] = Source(tmp_path / language, tmp_path / language)
    found = word_order.measure(word_order.Params(), sources)
    plain, shuffled = models[looking].read
    assert plain == TEXTS
    assert shuffled != TEXTS
    assert [sorted(text.split(" ")) for text in shuffled] == [sorted(text.split(" ")) for text in TEXTS], "the same words"
    bits = dict(zip(zip(found.table["language"], found.table["words"], strict=True), found.table["bits"], strict=True))
    assert min(bits.values()) == pytest.approx((10 + 3) / 17)  # ten words, three texts, seventeen characters
    assert [one > 0.8 for one in bits.values()].count(True) == 1
    assert found.held is held
    assert "+0.0%" in found.measured


def test_of_many_texts_some_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Known(True)
    monkeypatch.setattr(word_order.Predictor, "load", lambda bundle: model)
    write_examples(tmp_path / "test.parquet", [Example(str(place), text, None) for place, text in enumerate(TEXTS)])
    found = word_order.measure(word_order.Params(texts=2), {"ko": Source(tmp_path, tmp_path)})
    assert len(model.read[0]) == 2
    assert model.read[0] == sorted(model.read[0], key=TEXTS.index), "in the order of the split"
    assert found.held is None, "there is nothing to compare with"
