import numpy as np
import pytest

from malmoi import config
from malmoi.features import counts

TEXTS = ["말을 모으다", "말 모이", "", "다다다", "a  b a", "말을 모은 것이 말모이다", "b\tb"]
NEW = ["말을 모은 새것", "없던 글", "", "aa  b"]


def _sorted(feature, matrix, names):
    """Columns in the order of `names`, joined as scikit-learn names them."""
    place = {"".join(name): column for column, name in enumerate(feature.names())}
    assert sorted(place) == sorted(names)
    return matrix.toarray()[:, [place[name] for name in names]]


@pytest.mark.parametrize("ngrams", [[1, 1], [1, 4], [2, 3]], ids=str)
@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("min_count", [1, 2])
def test_tfidf_of_characters_is_scikit_learns(ngrams, sublinear, min_count):
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts, new = [[text.replace("  ", " ").replace("\t", " ") for text in part] for part in (TEXTS, NEW)]  # as its analyzer does
    theirs = TfidfVectorizer(analyzer="char", ngram_range=tuple(ngrams), sublinear_tf=sublinear, min_df=min_count, lowercase=False)
    expected = theirs.fit_transform(texts).toarray()
    params = counts.Params(weights="tfidf", ngrams=ngrams, sublinear=sublinear, min_count=min_count)
    ours = counts.fit(map(list, texts), params)
    names = list(theirs.get_feature_names_out())
    np.testing.assert_allclose(_sorted(ours, ours.transform(map(list, texts)), names), expected, atol=1e-6)
    np.testing.assert_allclose(_sorted(ours, ours.transform(map(list, new)), names), theirs.transform(new).toarray(), atol=1e-6)


@pytest.mark.parametrize(("weights", "binary"), [("counts", False), ("binary", True)])
def test_counts_of_words_are_scikit_learns(weights, binary):
    from sklearn.feature_extraction.text import CountVectorizer

    theirs = CountVectorizer(analyzer=str.split, binary=binary)
    expected = theirs.fit_transform(TEXTS).toarray()
    ours = counts.fit([text.split() for text in TEXTS], counts.Params(weights=weights))
    got = _sorted(ours, ours.transform([text.split() for text in TEXTS]), list(theirs.get_feature_names_out()))
    assert (got == expected).all()


def test_columns_go_from_frequent_to_rare_then_short_then_by_code_point():
    feature = counts.fit([["b", "a"], ["b"], ["c", "b"]], counts.Params(ngrams=[1, 2]))
    assert feature.names() == [("b",), ("a",), ("c",), ("b", "a"), ("c", "b")]
    assert feature.frequency.tolist() == [3, 1, 1, 1, 1]


def test_max_size_keeps_the_most_frequent_even_where_their_parts_have_no_column():
    documents = [["a", "b"], ["a", "b"], ["c"]]
    feature = counts.fit(documents, counts.Params(ngrams=[2, 2], max_size=1))
    assert feature.names() == [("a", "b")]
    assert feature.transform([["x", "a", "b", "a", "b"], ["c"]]).toarray().tolist() == [[2], [0]]


def test_ngrams_do_not_reach_over_documents_or_unknown_tokens():
    feature = counts.fit([["a", "b"], ["b", "a"]], counts.Params(ngrams=[2, 2]))
    assert feature.transform([["a"], ["b"], ["a", "x", "b"], []]).nnz == 0


def test_texts_of_one_token_each_have_no_bigram():
    feature = counts.fit([["a"], ["b"]], counts.Params(ngrams=[1, 2]))
    assert feature.names() == [("a",), ("b",)]
    assert feature.transform([["a", "b"]]).toarray().tolist() == [[1, 1]]


def test_tokens_with_spaces_are_not_confused_with_ngrams():
    feature = counts.fit([["a b"], ["a", "b"]], counts.Params(ngrams=[1, 2]))
    assert feature.width == 4
    assert ("a b",) in feature.names()
    assert ("a", "b") in feature.names()


def test_rows_are_scaled_where_asked():
    feature = counts.fit([["a", "a", "b"]], counts.Params(normalise=True))
    assert feature.transform([["a", "a", "b"]]).toarray()[0].tolist() == pytest.approx([2 / 5**0.5, 1 / 5**0.5])
    flat = counts.fit([["a", "a", "b"]], counts.Params(weights="tfidf", normalise=False))
    assert flat.transform([["a", "a"]]).toarray()[0].tolist() == [2, 0]  # idf = ln(2 / 2) + 1


def test_ngrams_of_too_many_documents_are_left_out():
    documents = [["a", "b"], ["a", "c"], ["a", "b"], ["d"]]
    assert counts.fit(documents, counts.Params(max_share=0.5)).names() == [("b",), ("c",), ("d",)]  # a is in 3 of 4
    assert counts.fit(documents, counts.Params(max_share=0.75)).names()[0] == ("a",)
    with pytest.raises(config.ConfigError, match="10% of them or less"):
        counts.fit(documents, counts.Params(max_share=0.1))


WRONG = [
    {"max_share": 0.0},
    {"ngrams": [2, 1]},
    {"ngrams": [1]},
    {"ngrams": [0, 1]},
    {"weights": "binary", "sublinear": True},
    {"max_size": 0},
    {"weights": "idf"},
]


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_options_that_cannot_be_right(options):
    with pytest.raises(config.ConfigError, match=r"^here: .*(should|changes nothing|input)"):
        config.read(counts.Params, options, "here")


def test_a_cut_that_leaves_nothing_says_so():
    with pytest.raises(config.ConfigError, match="in 3 documents"):
        counts.fit([["a"], ["b"]], counts.Params(min_count=3))


def test_the_numbers_of_tokens_are_made_once_and_not_for_each_request(monkeypatch):
    made = []

    class Counted(counts._Tokens):
        def __init__(self, *given):
            made.append(1)
            super().__init__(*given)

    monkeypatch.setattr(counts, "_Tokens", Counted)
    feature = counts.fit([["가", "나"], ["나"]], counts.Params())
    for _ in range(3):
        assert feature.transform([["나", "다"]]).sum() == 1
    assert len(made) == 1
