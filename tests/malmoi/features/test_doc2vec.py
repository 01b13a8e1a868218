"""Vectors of texts: texts about the same come near each other, inference always gives the same."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from malmoi import config
from malmoi.features import doc2vec

TOPICS = [["개", "고양이", "꼬리", "동물", "짖다"], ["밥", "빵", "먹다", "맛", "배"]]


def texts(count, seed=0):
    """Texts of one topic and the other in turn; beside each word stands 은, so that only the text's vector can foretell the word."""
    random = np.random.default_rng(seed)
    return [[token for word in random.choice(TOPICS[number % 2], 8) for token in (str(word), "은")] for number in range(count)]


@pytest.fixture(scope="module", params=["dbow", "dm"])
def feature(request):
    return doc2vec.fit(
        texts(400), doc2vec.Params(algorithm=request.param, size=8, window=1, sample=0.0, epochs=20, learning_rate=0.05, infer_train=False)
    )


def near(rows):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


def test_texts_about_the_same_are_near(feature):
    found = near(feature.transform(texts(40, seed=1)))
    same = np.add.outer(np.arange(40), np.arange(40)) % 2 == 0
    assert found[same].mean() > found[~same].mean() + 0.5


def test_training_texts_keep_their_vectors(feature):
    assert feature.fitted.shape == (400, 8)
    assert feature.fitted.dtype == np.float32
    found = near(np.concatenate([feature.fitted[:2], feature.transform(texts(2, seed=1))]))
    assert found[0, 2] > found[0, 3]
    assert found[1, 3] > found[1, 2]


def test_inference_gives_the_same_after_other_texts_and_when_loaded(feature, tmp_path):
    first = feature.transform([texts(1, seed=3)[0]])
    feature.transform(texts(5, seed=4))
    assert feature.transform([texts(1, seed=3)[0]]).tolist() == first.tolist()
    feature.save(tmp_path)
    assert doc2vec.load(tmp_path).transform([texts(1, seed=3)[0]]).tolist() == first.tolist()
    assert doc2vec.load(tmp_path).fitted is None


def test_eight_threads_infer_what_one_does(feature):
    given = texts(50, seed=6)
    alone = [feature.transform([text])[0].tolist() for text in given]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: feature.transform([text])[0].tolist(), given * 20))
    assert found == alone * 20


def test_inference_changes_no_weight(feature):
    before = feature.outputs.copy()
    feature.transform(texts(20, seed=5))
    assert (feature.outputs == before).all()
    assert before.any()


def test_texts_of_unknown_words_are_zeros(feature):
    rows = feature.transform([["모르는", "말"], [], ["개", "모르는"]])
    assert not rows[:2].any()
    assert rows[2].any()
    empty = doc2vec.fit([["가", "나"], ["다"], []] * 2, doc2vec.Params(size=2, min_count=2, epochs=1, infer_train=False))
    assert empty.fitted.any(1).tolist() == [True, True, False] * 2


def test_files_are_as_small_as_they_can_be(feature, tmp_path):
    feature.save(tmp_path)
    with np.load(tmp_path / doc2vec.ARRAYS) as file:
        assert sorted(file.files) == (["inputs", "outputs"] if feature.params.algorithm == "dm" else ["outputs"])


def test_training_texts_are_inferred_as_new_ones_are():
    assert doc2vec.fit(texts(10), doc2vec.Params(size=2, epochs=1)).fitted is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "dm", "words": True}, "words is for dbow"),
        ({"infer_epochs": 0}, "infer_epochs should be 1 or more"),
        ({"epochs": 0}, "epochs should be 1 or more"),
    ],
)
def test_options_that_cannot_be_right(options, message):
    with pytest.raises(config.ConfigError, match=message):
        config.read(doc2vec.Params, options, "here")
