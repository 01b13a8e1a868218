"""Subwords: n-grams of jamo, numbered as fastText numbers them; words that train lacks get vectors from them."""

import numpy as np
import pytest

from malmoi.features import fasttext
from malmoi.features._subwords import NO_CODA, Grams, Subwords

WORDS = ["말모이", "the", "먹다", "a", "", "ㅋㅋㅋ", "漢字", "x😀y", "a b"]


@pytest.mark.parametrize("jamo", [True, False])
@pytest.mark.parametrize("ngrams", [(3, 6), (1, 2)])
def test_ngrams_are_gensims(jamo, ngrams):
    from gensim.models.fasttext import ft_ngram_hashes

    grams = Grams(*ngrams, 1000, jamo)
    for word in WORDS:
        assert sorted(grams.numbers(word)) == sorted(ft_ngram_hashes(grams.spell(word), *ngrams, 1000)), word


def test_forms_of_a_verb_share_their_jamo():
    grams = Grams(3, 3, 1 << 30, jamo=True)
    assert grams.spell("먹다") == f"ㅁㅓㄱㄷㅏ{NO_CODA}"
    # <ㅁㅓ ㅁㅓㄱ | ㅓㄱㄷ ㄱㄷㅏ ㄷㅏ_ ㅏ_> and <ㅁㅓ ㅁㅓㄱ | ㅓㄱㄴ ㄱㄴㅡ ㄴㅡㄴ ㅡㄴ>
    assert len(set(grams.numbers("먹다")) & set(grams.numbers("먹는"))) == 2
    assert not set(Grams(3, 3, 1 << 30, jamo=False).numbers("먹다")) & set(Grams(3, 3, 1 << 30, jamo=False).numbers("먹는"))


def test_the_vector_of_a_new_word_is_the_mean_of_the_ngrams_that_train_has():
    grams = Grams(2, 2, 1 << 30, jamo=False)
    known = {gram: grams.numbers(gram)[1] for gram in ("가나", "나다")}  # <가, 가나, 나>: the middle one
    buckets = sorted(known.values())
    vectors = np.array([[1, 0] if known["가나"] == bucket else [0, 3] for bucket in buckets], np.float32)
    subwords = Subwords(grams, np.array(buckets), vectors)
    assert subwords.vectors_of(["가나다", "가나", "라", ""]).tolist() == [[0.5, 1.5], [1, 0], [0, 0], [0, 0]]
    assert subwords.vectors_of([]).shape == (0, 2)


def test_rows_of_texts_with_new_words(tmp_path):
    documents = [["먹었다", "밥"], ["먹는다", "빵"], ["산", "강"]] * 30
    feature = fasttext.fit(documents, fasttext.Params(size=8, min_count=1, pooling="mean", buckets=2000))
    new = feature.subwords.vectors_of(["먹다"])[0]
    bread = feature.vectors[feature.ids["빵"]]
    feature.save(tmp_path)
    for one in (feature, fasttext.load(tmp_path)):
        rows = one.transform([["먹다"], ["먹다", "빵", "xyz"], ["xyz"]])
        assert rows[0] == pytest.approx(new, abs=1e-6)
        assert rows[1] == pytest.approx((new + bread) / 2, abs=1e-6)
        assert not rows[2].any(), "none of its n-grams was seen"


def test_a_known_word_is_its_own_vector_and_its_ngrams():
    from gensim.models import FastText

    documents = [["가나", "다"], ["다", "가나"]] * 10
    params = fasttext.Params(size=4, min_count=1, jamo=False, ngrams=[2, 2], buckets=500, epochs=3)
    theirs = FastText(
        documents, sg=1, min_n=2, max_n=2, bucket=500, vector_size=4, min_count=1, epochs=3, seed=1, workers=1, sorted_vocab=0
    )
    ours = fasttext.fit(documents, params)
    assert ours.vectors[ours.ids["가나"]] == pytest.approx(theirs.wv["가나"], abs=1e-6)


def test_tokens_that_are_spelled_alike_share_a_vector():
    feature = fasttext.fit([["먹", "밥"], ["ㅁㅓㄱ", "밥"]] * 5, fasttext.Params(size=4, min_count=1))
    first, second = (feature.vectors[feature.ids[token]].tolist() for token in ("먹", "ㅁㅓㄱ"))
    assert first == second
