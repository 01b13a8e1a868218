"""Vectors learned by prediction: words of the same contexts are near; the same bytes in every process; rows worked out by hand."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from malmoi import config, pretrained
from malmoi.batches import END, PAD, UNKNOWN
from malmoi.features import _corpus, fasttext, word2vec

TWINS = {"개": "고양이", "밥": "빵"}  # each pair stands in the same contexts, and only there
CONTEXTS = {"개": ["짖다", "꼬리", "동물"], "밥": ["먹다", "배", "맛"]}


def twins(count=1500):
    random = np.random.default_rng(0)
    documents = []
    for _ in range(count):
        word = random.choice(list(TWINS))
        left, right = random.choice(CONTEXTS[word], 2)
        documents.append([str(left), str(random.choice([word, TWINS[word]])), str(right)])
    return documents


def cosine(feature, one, other):
    first, second = (feature.vectors[feature.ids[word]] for word in (one, other))
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


@pytest.mark.parametrize(("room", "algorithm"), [(word2vec, "cbow"), (word2vec, "skip_gram"), (fasttext, "cbow"), (fasttext, "skip_gram")])
def test_words_that_can_stand_for_each_other_are_near(room, algorithm):
    feature = room.fit(twins(), room.Params(algorithm=algorithm, size=16, epochs=5, sample=0.0))
    for word, twin in TWINS.items():
        assert cosine(feature, word, twin) > 0.95
    assert cosine(feature, "개", "밥") < 0.6
    assert feature.vectors.shape == (feature.width, 16)


def test_ids_are_those_of_sequence_and_special_rows_are_as_said():
    feature = word2vec.fit([["다", "가", "다"], ["다", "나", "가"]], word2vec.Params(size=3, min_count=2))
    assert feature.tokens == ["<pad>", "<unk>", "<end>", "다", "가"]
    assert feature.transform([["가", "나"]]).ids.tolist() == [4, UNKNOWN]
    assert feature.vectors[[PAD, END]].tolist() == [[0] * 3] * 2
    assert feature.vectors[UNKNOWN] == pytest.approx(feature.vectors[3:].mean(0))


def test_pooled_rows_by_hand():
    documents = [["다", "가", "다"], ["다", "나"], ["나"]]
    mean, weighed = (word2vec.fit(documents, word2vec.Params(size=3, min_count=1, pooling=how)) for how in ("mean", "tfidf"))
    assert mean.vectors.tolist() == weighed.vectors.tolist()
    da, ga = (mean.vectors[mean.ids[word]] for word in ("다", "가"))
    text = [["다", "가", "다", "새말"], ["새말"], []]
    assert mean.transform(text)[0] == pytest.approx((2 * da + ga) / 3, abs=1e-6)
    one, two = np.log(4 / 2) + 1, np.log(4 / 3) + 1  # of 3 documents, 가 is in 1 and 다 in 2
    assert weighed.transform(text)[0] == pytest.approx((2 * two * da + one * ga) / (2 * two + one), abs=1e-6)
    assert mean.transform(text)[1:].tolist() == [[0] * 3] * 2
    assert mean.width == 3


def test_pooling_reads_what_is_left_of_a_cut_text():
    feature = word2vec.fit([["가", "나", "다"]], word2vec.Params(size=3, min_count=1, pooling="mean", max_length=1, truncate="before"))
    assert feature.transform([["가", "나", "다"]])[0] == pytest.approx(feature.vectors[feature.ids["다"]])


def test_the_vectors_wait_in_the_folder(tmp_path):
    word2vec.fit(twins(50), word2vec.Params(size=3)).save(tmp_path)
    loaded = word2vec.load(tmp_path)
    (tmp_path / pretrained.ARRAYS).unlink()  # as in the bundle of a network that has them among its weights
    assert len(loaded.transform([["개", "?"]]).ids) == 2
    with pytest.raises(FileNotFoundError, match="a trained network holds its own"):
        _ = loaded.vectors


def test_every_pass_is_told():
    said = []
    word2vec.fit([["가", "나"], ["나"]], word2vec.Params(size=2, min_count=1, epochs=2), said.append)
    assert said == ["pass 1 of 2 over 2 texts", "pass 2 of 2 over 2 texts"]


def test_a_corpus_gives_its_documents_again_and_again_and_long_ones_in_pieces(monkeypatch):
    documents = [["가", "나"], [], ["나", "나", "다"]]
    corpus = _corpus.Corpus.read(iter(documents))
    assert list(corpus) == list(corpus) == documents
    assert corpus.frequency() == {"가": 1, "나": 2, "다": 1}
    assert corpus.ids.dtype == np.int32
    monkeypatch.setattr(_corpus, "LONGEST", 2)
    passes = _corpus.Passes(corpus, 1, lambda line: None)
    assert list(passes) == [["가", "나"], [], ["나", "나"], ["다"]]
    assert passes.pieces == 4


@pytest.mark.parametrize(
    ("room", "options", "message"),
    [
        (word2vec, {"size": 0}, "size should be 1 or more"),
        (word2vec, {"algorithm": "glove"}, "'cbow' or 'skip_gram'"),
        (word2vec, {"min_count": 0}, "min_count should be 1"),
        (fasttext, {"ngrams": [4, 3]}, "ngrams should be"),
        (fasttext, {"buckets": 0}, "buckets should be 1 or more"),
    ],
)
def test_options_that_cannot_be_right(room, options, message):
    with pytest.raises(config.ConfigError, match=message):
        config.read(room.Params, options, "here")


PROGRAM = """
import hashlib, json, sys
from pathlib import Path
from malmoi import registry
CASES = ("word2vec", {}), ("fasttext", {"buckets": 99, "pooling": "mean"}), ("doc2vec", {}), ("doc2vec", {"algorithm": "dm"})
for kind, options in CASES:
    room = registry.find("features", kind)
    params = room.Params(size=5, min_count=1, epochs=2, **options)
    feature = room.fit([["말", "을", "모으", "다"], ["말", "모이"], ["다", "다"]] * 20, params)
    feature.save(Path(sys.argv[1]))
    feature.transform([["새", "말"]])
    rows = feature.transform([["말", "모으", "새말"]])
    print(hashlib.sha256(getattr(rows, "ids", rows).tobytes()).hexdigest())
    print(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(sys.argv[1]).iterdir())))
"""


def test_another_process_with_other_hashes_makes_the_same_bytes(tmp_path):
    said = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        command = [sys.executable, "-c", PROGRAM, str(folder)]
        said.append(subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}).stdout)
    assert said[0] == said[1]
    assert len(said[0].split()) > 8
    assert hashlib.sha256(b"").hexdigest() not in said[0]
