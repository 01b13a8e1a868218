"""Every feature against the contract of the room: fit, transform, save, load."""

import hashlib

import numpy as np
import pytest

from malmoi import registry
from malmoi.batches import Sequences
from malmoi.config import ConfigError

TRAIN = [["말", "을", "모으", "다"], ["말", "모이"], [], ["다", "다", " ", "\t", "\x00"], ["a b", "a", "b"]]
OTHER = [["말", "새말"], [], ["없", "던", "것"], ["다", "다"]]
MEMBERS = registry.names("features")


def _dense(inputs):
    if isinstance(inputs, Sequences):
        return [(inputs[row].tolist(), float(inputs.charged[row])) for row in range(len(inputs))]
    return inputs.toarray().tolist()


def _digest(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.fixture(params=MEMBERS)
def room(request):
    return registry.find("features", request.param)


@pytest.fixture
def feature(room):
    return room.fit(iter(TRAIN), room.Params())


def _rows(inputs):
    return len(inputs) if isinstance(inputs, Sequences) else inputs.shape[0]


def test_a_row_for_each_document_empty_ones_too(feature):
    assert _rows(feature.transform(iter(OTHER))) == 4
    assert _rows(feature.transform([])) == 0
    assert _rows(feature.transform([[]])) == 1


def test_numbers_stay_below_the_width(feature):
    for documents in (TRAIN, OTHER):
        inputs = feature.transform(documents)
        largest = inputs.ids.max() if isinstance(inputs, Sequences) else inputs.indices.max()
        assert largest < feature.width
        if not isinstance(inputs, Sequences):
            assert inputs.shape[1] == feature.width
            assert inputs.dtype == np.float32


def test_loaded_it_is_the_same(feature, room, tmp_path):
    feature.save(tmp_path / "state")
    loaded = room.load(tmp_path / "state")
    assert loaded.width == feature.width
    assert _dense(loaded.transform(OTHER)) == _dense(feature.transform(OTHER))


def test_saved_twice_the_bytes_are_the_same(room, tmp_path):
    for folder in ("one", "two"):
        room.fit(TRAIN, room.Params()).save(tmp_path / folder)
    assert _digest(tmp_path / "one") == _digest(tmp_path / "two")


def test_documents_in_another_order_give_the_same_state(room, tmp_path):
    room.fit(TRAIN, room.Params()).save(tmp_path / "one")
    room.fit(TRAIN[::-1], room.Params()).save(tmp_path / "two")
    assert _digest(tmp_path / "one") == _digest(tmp_path / "two")


def test_a_document_does_not_depend_on_its_neighbours(feature):
    assert _dense(feature.transform(OTHER)) == [_dense(feature.transform([document]))[0] for document in OTHER]


def test_many_documents_go_through_in_blocks(feature, room, monkeypatch):
    whole = _dense(feature.transform(TRAIN * 3))
    monkeypatch.setattr(room, "BLOCK", 2)
    assert _dense(feature.transform(TRAIN * 3)) == whole


def test_nothing_to_learn_from_is_an_error(room):
    for nothing in ([], [[], []]):
        with pytest.raises(ConfigError, match="token"):
            room.fit(nothing, room.Params())


def test_documented_like_the_others(room):
    assert room.__doc__
    assert room.Params.__doc__
    assert room.fit.__doc__
    assert room.load.__doc__
