"""Raw text in, answer out."""

import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import yaml
from tiny import BAD, GOOD, Tiny

from malmoi.config import ConfigError
from malmoi.decoding import Decoding
from malmoi.features.sequence import Feature
from malmoi.predictor import Predictor
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


def test_unknown_tokens_are_counted_without_making_the_vocabulary_again(classifier: Predictor, language: Predictor) -> None:
    for predictor in (classifier, language):
        vocabulary = predictor._vocabulary.ids
        assert predictor.unknown([["\U0010fffd", predictor._vocabulary.tokens[-1]], []]).tolist() == [1, 0]
        assert predictor._vocabulary.ids is vocabulary


def test_the_digest_of_a_vocabulary_says_what_a_perplexity_depends_on() -> None:
    def digest(tokens: list[str], text: list[str], characters: int = 9) -> str:
        feature = Feature([(token, 1) for token in tokens], {"": characters})
        ids = feature.transform([text]).stream()[1:]
        return Predictor({}, {}, None, feature, None).vocabulary(ids)  # type: ignore[arg-type]

    first = digest(["말", "모이"], ["말", "모이", "말"])
    assert digest(["모이", "말"], ["말", "모이", "말"], characters=7) == first, "the order of ids changes no prediction"
    others = [
        digest(["말", "모이", "글"], ["말", "모이", "말"]),  # more to choose from
        digest(["말", "글"], ["말", "모이", "말"]),  # as many, but another is unknown
        digest(["말", "모임"], ["말", "모임", "말"]),
        digest(["말", "모이"], ["모이", "말", "말"]),
    ]
    assert len({first, *others}) == 5


def test_bits_are_those_of_the_stream(language: Predictor) -> None:
    texts = ["모든 국민은", "법"]
    scores = language.score(texts)
    assert scores.units["tokens"].tolist() == [7, 2]
    assert scores.units["bytes"].tolist() == [5 * 3 + 1 + 1, 4]
    assert scores.bits.sum() == pytest.approx(scores.token_bits.sum())
    assert scores.bits[0] == pytest.approx(scores.token_bits[:7].sum())


def test_greedy_generation_is_the_likeliest_and_seeds_repeat(language: Predictor) -> None:
    assert [one.text for one in language.generate(["대한", "모든 국"], Decoding(length=4))] == ["민국은 ", "민은 법"]
    each = [Decoding(length=30, temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    drawn = [one.text for one in language.generate(["모든 "] * 3, each)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == language.generate(["모든 "], each[0])[0].text == "".join(language.stream("모든 ", each[0]))


def test_the_end_of_a_text_is_a_line_end_or_the_end(language: Predictor) -> None:
    [on] = language.generate(["대한민국은 민주공화국이"], Decoding(length=5))
    [over] = language.generate(["대한민국은 민주공화국이"], Decoding(length=5, stop_at_end=True))
    assert on.text.startswith("다.\n")
    assert (over.text, over.finish, len(over.ids)) == ("다.", "end", 3)


def test_what_is_served_says_why_it_ended(language: Predictor) -> None:
    assert language.answer(["대한"], length=9, stop=["은"]) == [{"text": "민국", "finish_reason": "stop"}]
    assert language.answer([], length=9) == []


def test_generation_refuses_what_cannot_be(language: Predictor, classifier: Predictor) -> None:
    with pytest.raises(ConfigError, match="only a language model continues a text"):
        classifier.generate(["x"], Decoding())
    with pytest.raises(ConfigError, match="only a language model continues a text"):
        classifier.stream("x", Decoding())
    with pytest.raises(ConfigError, match="temperature must not be negative"):
        language.answer(["x"], temperature=-1.0)
    with pytest.raises(ConfigError, match="unknown key 'topp'; did you mean 'top_p'"):
        language.answer(["x"], topp=0.9)
    with pytest.raises(ConfigError, match=r"length: .*found 'ten'"):
        language.answer(["x"], length="ten")


@pytest.mark.parametrize("name", ["law-word-ngram", "law-lossy-ngram", "law-lstm", "law-jamo-ngram", "law-subword-ngram"])
def test_every_tokenizer_writes_a_text_and_streams_it(tiny: Tiny, name: str) -> None:
    predictor = Predictor.load(tiny.train(name) / "seed-1")
    for options in ({"temperature": 1.0, "top_p": 0.9}, {"beams": 3, "stop_at_end": True}, {"temperature": 1.5, "stop": ("국민", "다.")}):
        decoding = Decoding(length=25, **options)
        [written] = predictor.generate(["모든 "], decoding)
        assert "".join(predictor.stream("모든 ", decoding)) == written.text
        assert not any(stop in written.text for stop in decoding.stop)
        assert "<" not in written.text, "a special token was written"
        assert unicodedata.is_normalized("NFC", written.text)


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
