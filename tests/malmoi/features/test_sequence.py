import math

import pytest

from malmoi import config
from malmoi.features import sequence

TRAIN = [["ab", "b"], ["ab", "c"]]  # characters: a 2, b 3, c 1; end marks 4; N = 10


@pytest.fixture
def feature():
    return sequence.fit(TRAIN, sequence.Params(min_count=2))


def test_ids_by_frequency_after_the_special_ones():
    feature = sequence.fit([["나", "가", "다", "다"]], sequence.Params())
    assert feature.tokens == ["<pad>", "<unk>", "<end>", "다", "가", "나"]
    inputs = feature.transform([["가", "다", "라"], [], ["나"]])
    assert inputs.ids.tolist() == [4, 3, 1, 5]
    assert inputs.offsets.tolist() == [0, 3, 3, 4]
    assert feature.width == 6


def test_unknown_tokens_are_charged_their_spelling(feature):
    # "b" = P(b) P(end) = 3/11 * 4/11; "cz": c 1/11, z unseen 1/11 / (1114112 - 3), end 4/11
    b = -math.log2(3 / 11 * 4 / 11)
    cz = -math.log2(1 / 11 * (1 / 11 / 1_114_109) * 4 / 11)
    inputs = feature.transform([["ab", "b", "b"], ["ab"], ["cz"]])
    assert inputs.charged == pytest.approx([2 * b, 0, cz])
    assert feature.bits("") == pytest.approx(-math.log2(4 / 11))


def test_spelling_probabilities_sum_to_one(feature):
    seen = sum(2.0 ** -feature._costs[character] for character in ("a", "b", "c", ""))
    assert seen == pytest.approx(10 / 11)
    assert seen + (1_114_112 - 3) * 2.0 ** -feature._costs["한"] == pytest.approx(1)


def test_a_token_that_looks_special_is_one_of_its_own():
    feature = sequence.fit([["<unk>", "a"]], sequence.Params())
    inputs = feature.transform([["<unk>", "<pad>", "a"]])
    assert inputs.ids.tolist() == [3, 1, 4]
    assert inputs.charged[0] > 0


def test_cuts():
    feature = sequence.fit([["a", "a", "b", "b", "c"]], sequence.Params(max_size=1))
    assert feature.tokens[3:] == ["a"]
    with pytest.raises(config.ConfigError, match=r"comes 9 times .the most frequent: 2.; lower min_count"):
        sequence.fit([["a", "a", "b"]], sequence.Params(min_count=9))
    with pytest.raises(config.ConfigError, match=r"here: entry: .*min_count should be 1"):
        config.read(sequence.Params, {"min_count": 0}, "here")


def test_a_long_text_is_cut_where_the_parameter_says():
    documents = [["가", "나", "다", "라"], ["나"], []]
    for truncate, kept in (("after", ["가", "나"]), ("before", ["다", "라"])):
        feature = sequence.fit(documents, sequence.Params(max_length=2, truncate=truncate))
        inputs = feature.transform(documents)
        assert [feature.tokens[number] for number in inputs[0]] == kept
        assert inputs.lengths.tolist() == [2, 1, 0]


def test_tokens_that_are_cut_off_are_charged_like_unknown_ones():
    feature = sequence.fit(TRAIN, sequence.Params(min_count=2, max_length=1))
    bits = {token: feature.bits(token) for token in ("ab", "b")}
    inputs = feature.transform([["ab", "b"], ["b", "ab", "ab"], ["ab"]])
    assert inputs.charged == pytest.approx([bits["b"], bits["b"] + 2 * bits["ab"], 0])


def test_the_usual_way_to_cut_leaves_no_file(tmp_path):
    sequence.fit(TRAIN, sequence.Params()).save(tmp_path / "usual")
    assert sorted(file.name for file in (tmp_path / "usual").iterdir()) == ["spelling.tsv", "vocabulary.tsv"]
    sequence.fit(TRAIN, sequence.Params(pad="before", max_length=7)).save(tmp_path / "other")
    assert sequence.load(tmp_path / "other").cut == sequence.Cut(max_length=7, pad="before")


@pytest.mark.parametrize(
    ("options", "message"), [({"max_length": 0}, "max_length should be 1 or more"), ({"truncate": "left"}, "'before' or 'after'")]
)
def test_ways_to_cut_that_cannot_be_right(options, message):
    with pytest.raises(config.ConfigError, match=message):
        config.read(sequence.Params, options, "here")
