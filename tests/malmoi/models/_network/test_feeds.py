"""Batches of a pass: all that there is, once, from any place on."""

import numpy as np
import pytest
from synthetic import labelled_sequences, language_split

from malmoi.batches import PAD, windows
from malmoi.models._network.feeds import Feeds, framed
from malmoi.models._network.training import Training

TEXTS = [[3, 4, 5, 6, 7, 3, 4], [5], [], [6, 7, 3], [4, 4, 4, 4]]


def test_texts_are_drawn_as_batches_and_taken_up_in_the_middle() -> None:
    split = labelled_sequences(50)
    feeds = Feeds(split, Training(batch_size=8), False, 1)
    feed = feeds.feed(1, np.random.default_rng(3))
    batches, again = list(feed.after(0)), list(feeds.feed(1, np.random.default_rng(3)).after(4))
    assert len(feed) == len(batches) == 7 == feeds.updates(1)
    assert sum(batch.targets for batch in batches) == 50
    assert sorted(np.concatenate([batch.wanted for batch in batches])) == sorted(split.labels)
    assert [batch.ids.tolist() for batch in again] == [batch.ids.tolist() for batch in batches[4:]]


def test_streams_are_the_windows_of_truncated_bptt() -> None:
    split = language_split(TEXTS * 9)
    feed = Feeds(split, Training(batch_size=4, steps=6), True, 1).feed(1, None)
    batches, expected = list(feed.after(0)), list(windows(split.inputs.stream(), 4, 6))  # type: ignore[union-attr]
    found = [(batch.ids.tolist(), batch.wanted.tolist()) for batch in batches]
    assert found == [(ids.tolist(), wanted.tolist()) for ids, wanted in expected]
    assert [batch.begins for batch in batches] == [True] + [False] * (len(batches) - 1)
    assert sum(batch.targets for batch in batches) == sum(wanted.size for _, wanted in expected)


def test_drawn_windows_read_all_and_differ_from_epoch_to_epoch() -> None:
    split = language_split(TEXTS * 60)
    feeds = Feeds(split, Training(batch_size=2, steps=20, jitter=2.0), True, 5)
    first, second, plain = (list(feeds.feed(epoch, None).after(0)) for epoch in (1, 2, 0))
    lengths = [[batch.ids.shape[1] for batch in one] for one in (first, second, plain)]
    assert np.concatenate([batch.ids for batch in first], 1).tolist() == np.concatenate([batch.ids for batch in plain], 1).tolist()
    assert lengths[0] != lengths[1]
    assert lengths[0] == [batch.ids.shape[1] for batch in Feeds(split, feeds.training, True, 5).feed(1, None).after(0)]
    assert lengths[0] != [batch.ids.shape[1] for batch in Feeds(split, feeds.training, True, 6).feed(1, None).after(0)]
    assert set(lengths[2][:-1]) == {20}
    assert min(lengths[0][:-1]) >= 5
    assert feeds.updates(2) == len(first) + len(second)


def test_half_windows_are_one_in_twenty() -> None:
    feeds = Feeds(language_split(TEXTS * 4000), Training(batch_size=1, steps=20, jitter=1.0), True, 5)
    lengths = np.diff(feeds._edges(1))
    assert (lengths < 15).mean() == pytest.approx(0.05, abs=0.01)
    assert lengths[lengths >= 15].mean() == pytest.approx(20, abs=0.2)


def test_texts_that_begin_afresh_are_read_from_their_start_to_their_end() -> None:
    split = language_split(TEXTS)
    batches = list(Feeds(split, Training(batch_size=2, steps=3, reset=True), True, 1).feed(1, None).after(0))
    read, current = list[list[int]](), np.zeros((0, 0))
    for batch in batches:
        current = batch.wanted if batch.begins else np.concatenate([current, batch.wanted], 1)
        if batch.begins:
            assert set(batch.ids[:, 0]) == {2}
            read += [[]] * len(batch.ids)
        read[-len(current) :] = [[int(token) for token in row if token != PAD] for row in current]
        assert batch.targets == (batch.wanted != PAD).sum()
    assert sorted(read) == sorted([*text, 2] for text in TEXTS)
    assert framed(split.inputs, np.array([1, 2])).tolist() == [[2, 5, 2], [2, 2, 0]]  # type: ignore[arg-type]
