"""Every feature against the contract of the room: fit, transform, save, load."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from malmoi import registry
from malmoi.batches import Sequences
from malmoi.config import ConfigError, read

TRAIN = [["말", "을", "모으", "다"], ["말", "모이"], [], ["다", "다", " ", "\t", "\x00"], ["a b", "a", "b"]]
OTHER = [["말", "새말"], [], ["없", "던", "것"], ["다", "다"]]
FILE = "2 3\n말 0.5 -1 2\n다 1 0 0\n"  # of external vectors
LEARNED = {"size": 4, "min_count": 1, "epochs": 2}

# Every member, with the options that it is driven with.
OPTIONS = {
    "counts": [{}],
    "doc2vec": [{"algorithm": "dbow", "words": True, **LEARNED}, {"algorithm": "dm", "infer_train": False, **LEARNED}],
    "elmo": [
        {"epochs": 1, "characters": 4, "filters": [[1, 4], [2, 4]], "dimensions": 4, "units": 4, "batch_size": 2, "steps": 4, "samples": 0}
    ],
    "fasttext": [{"buckets": 50, **LEARNED}, {"buckets": 50, "pooling": "tfidf", **LEARNED}],
    "sequence": [{}, {"max_length": 2, "truncate": "before", "pad": "before"}],
    "vectors": [{"file": "FILE"}, {"file": "FILE", "pooling": "mean"}],
    "word2vec": [LEARNED, {"algorithm": "cbow", "pooling": "mean", **LEARNED}],
}
CASES = [pytest.param((kind, options), id=f"{kind}-{n}") for kind, given in OPTIONS.items() for n, options in enumerate(given)]
IN_ORDER = {"doc2vec", "elmo", "fasttext", "word2vec"}  # whose weights are learned, so that the order of the documents plays a part


def _plain(inputs):
    if isinstance(inputs, Sequences):
        return [(inputs[row].tolist(), float(inputs.charged[row]), inputs.padding, inputs.truncation) for row in range(len(inputs))]
    return inputs.tolist() if isinstance(inputs, np.ndarray) else inputs.toarray().tolist()


def _digest(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """(kind, room, parameters) of a member."""
    kind, options = request.param
    room = registry.find("features", kind)
    if "file" in options:
        path: Path = tmp_path_factory.mktemp("vectors") / "ko.vec"
        path.write_text(FILE, encoding="utf-8")
        options = {**options, "file": str(path)}
    return kind, room, read(room.Params, options, "test")


@pytest.fixture(scope="module")
def room(case):
    return case[1]


@pytest.fixture(scope="module")
def feature(case):
    return case[1].fit(iter(TRAIN), case[2])


def _rows(inputs):
    return len(inputs) if isinstance(inputs, Sequences) else inputs.shape[0]


def test_every_member_is_driven():
    assert sorted(OPTIONS) == registry.names("features")


def test_a_row_for_each_document_empty_ones_too(feature):
    assert _rows(feature.transform(iter(OTHER))) == 4
    assert _rows(feature.transform([])) == 0
    assert _rows(feature.transform([[]])) == 1


def test_numbers_stay_below_the_width(feature):
    for documents in (TRAIN, OTHER):
        inputs = feature.transform(documents)
        if isinstance(inputs, Sequences):
            tokens = inputs.ids if inputs.ids.ndim == 1 else inputs.ids[:, 0]
            assert tokens.min() > 0, "PAD is for batches"
            assert tokens.max() < feature.width
        else:
            assert inputs.shape[1] == feature.width
            assert inputs.dtype == np.float32


def test_loaded_it_is_the_same(feature, room, tmp_path):
    feature.save(tmp_path / "state")
    loaded = room.load(tmp_path / "state")
    assert loaded.width == feature.width
    assert _plain(loaded.transform(OTHER)) == _plain(feature.transform(OTHER))
    loaded.save(tmp_path / "again")
    assert _digest(tmp_path / "again") == _digest(tmp_path / "state")


def test_fitted_twice_the_bytes_are_the_same(case, feature, tmp_path):
    _, room, params = case
    feature.save(tmp_path / "one")
    room.fit(TRAIN, params).save(tmp_path / "two")
    assert _digest(tmp_path / "one") == _digest(tmp_path / "two")


def test_documents_in_another_order_give_the_same_state(case, feature, tmp_path):
    kind, room, params = case
    feature.save(tmp_path / "one")
    room.fit(TRAIN[::-1], params).save(tmp_path / "two")
    one, two = _digest(tmp_path / "one"), _digest(tmp_path / "two")
    if kind in IN_ORDER:  # the vocabulary, at least
        one, two = ({name: state.get(name) for name in ("vocabulary.tsv", "spelling.tsv")} for state in (one, two))
    assert one == two


def test_a_document_does_not_depend_on_its_neighbours(feature):
    assert _plain(feature.transform(OTHER)) == [_plain(feature.transform([document]))[0] for document in OTHER]


def test_what_fitting_made_of_the_training_texts_is_what_transform_makes(case, feature, monkeypatch):
    kind, room, params = case
    if kind == "doc2vec" or getattr(feature, "fitted", None) is None:
        pytest.skip("it keeps nothing, or its training texts have vectors of their own")
    monkeypatch.setattr("malmoi.features.counts.BLOCK", 2)
    assert _plain(room.fit(TRAIN, params).fitted) == _plain(feature.transform(TRAIN))


def test_many_documents_go_through_in_blocks(feature, monkeypatch):
    whole = _plain(feature.transform(TRAIN * 3))
    for name in ("_numbers", "_pooled"):
        monkeypatch.setattr(f"malmoi.features.{name}.BLOCK", 2)
    assert _plain(feature.transform(TRAIN * 3)) == whole


def test_nothing_to_learn_from_is_an_error(case):
    _, room, params = case
    for nothing in ([], [[], []]):
        with pytest.raises(ConfigError, match="token"):
            room.fit(nothing, params)


def test_documented_like_the_others(room):
    assert room.__doc__
    assert room.Params.__doc__
    assert room.fit.__doc__
    assert room.load.__doc__
