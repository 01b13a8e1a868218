"""Raw text in, answer out."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from tiny import BAD, GOOD, Tiny

from malmoi.config import ConfigError
from malmoi.predictor import Predictor, _draw
from malmoi.token_cache import TokenCache
from tasks import features, tokens, train


@pytest.fixture(scope="module")
def classifier(tiny: Tiny) -> Predictor:
    return Predictor.load(tiny.train("review-linear") / "seed-1")


@pytest.fixture(scope="module")
def language(tiny: Tiny) -> Predictor:
    return Predictor.load(tiny.train("law-ngram") / "seed-1")


def test_classifies_raw_text(classifier: Predictor) -> None:
    assert classifier.labels == ["bad", "good"]
    assert [answer["label"] for answer in classifier.answer([GOOD[1], BAD[1]])] == ["good", "bad"]
    assert 0.5 < classifier.answer([GOOD[1]])[0]["probability"] <= 1


@pytest.mark.parametrize("text", ["", " ", "😀😀", "ㅋㅋㅋ", "漢字", "\ud800", "a" * 100_000, "\x00\u200b"])
def test_odd_text_has_an_answer(classifier: Predictor, language: Predictor, text: str) -> None:
    assert classifier.classify([text]).sum() == pytest.approx(1, abs=1e-5)
    scores = language.score([text, "국민"])
    assert np.isfinite(scores.bits).all()
    assert scores.units["characters"].tolist() == [len(text) + 1, 3]


def test_no_texts_no_answers(classifier: Predictor) -> None:
    assert classifier.classify([]).shape == (0, 2)
    assert classifier.answer([]) == []


def test_bits_are_those_of_the_stream(language: Predictor) -> None:
    texts = ["모든 국민은", "법"]
    scores = language.score(texts)
    assert scores.units["tokens"].tolist() == [7, 2]
    assert scores.units["bytes"].tolist() == [5 * 3 + 1 + 1, 4]
    assert scores.bits.sum() == pytest.approx(scores.token_bits.sum())
    assert scores.bits[0] == pytest.approx(scores.token_bits[:7].sum())


def test_greedy_generation_is_the_likeliest_and_seeds_repeat(language: Predictor) -> None:
    assert language.generate("대한", 4) == "민국은 "
    drawn = [language.generate("모든 ", 30, temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_generation_refuses_what_cannot_be(language: Predictor, classifier: Predictor) -> None:
    with pytest.raises(ConfigError, match="only a language model continues a text"):
        classifier.generate("x")
    with pytest.raises(ConfigError, match="must not be negative"):
        language.generate("x", temperature=-1)


def test_padding_and_unknown_are_never_drawn() -> None:
    shares = np.log(np.array([0.4, 0.4, 0.1, 0.1]))
    random = np.random.default_rng(0)
    drawn = {_draw(shares, 1.0, random) for _ in range(100)}
    assert drawn == {2, 3}
    assert _draw(np.log(np.array([0.9, 0.05, 0.01, 0.04])), 0, random) == 3


def test_a_low_temperature_is_nearly_greedy() -> None:
    shares = np.log(np.array([0.1, 0.1, 0.3, 0.5]))
    random = np.random.default_rng(0)
    cold = [_draw(shares, 0.1, random) for _ in range(200)]
    warm = [_draw(shares, 1.0, random) for _ in range(2000)]
    assert cold.count(3) > 195
    assert warm.count(3) / 2000 == pytest.approx(0.625, abs=0.04)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no trained model here"):
        Predictor.load(tmp_path)


def test_a_bundle_takes_along_what_its_tokenizer_learned(tiny: Tiny, tmp_path: Path) -> None:
    """tokens -> features -> train; what they read is removed, and the bundle alone answers; with a cache too."""
    table = {
        "tokens": {"bpe": {"corpus": "review", "tokenizer": "subwords", "options": {"size": 60}}},
        "features": {"bpe-counts": {"corpus": "review", "tokens": "bpe", "kind": "counts", "options": {}}},
        "experiments": {"bpe-linear": {"problem": "classify", "corpus": "review", "features": "bpe-counts", "model": {"family": "linear"}}},
    }
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")
    out = [tmp_path / name for name in ("tokens", "features", "train")]
    tokens.run("bpe", tmp_path / "p.yaml", tiny.root / "ingest/review", out[0])
    features.run("bpe-counts", tmp_path / "p.yaml", out[0], out[1])
    train.run("bpe-linear", tmp_path / "p.yaml", out[1], out[2])
    learned = (out[0] / "state/subwords.json").read_bytes()
    shutil.rmtree(out[0])
    shutil.rmtree(out[1])
    bundle = out[2] / "seed-1"
    assert (bundle / "tokenizer/subwords.json").read_bytes() == learned
    cache = TokenCache(tmp_path / "cache", 8)
    answers = [Predictor.load(bundle, given).answer([GOOD[1], BAD[1]]) for given in (None, cache, cache)]
    assert [answer["label"] for answer in answers[0]] == ["good", "bad"]
    assert answers[0] == answers[1] == answers[2]
    assert (tmp_path / "cache").is_dir()
