"""Batches and streams: nothing is lost, nothing is mixed up, the same bytes again."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import labelled_rows, labelled_sequences, language_split, sequences

from malmoi.batches import END, PAD, UNKNOWN, Sequences, buckets, load_split, pad, save_split, windows

TEXTS = st.lists(st.lists(st.integers(3, 9), max_size=6), min_size=1, max_size=8)


@given(TEXTS)
def test_stream_is_every_text_and_its_end(texts: list[list[int]]) -> None:
    expected = [END]
    for text in texts:
        expected += [*text, END]
    assert sequences(texts).stream().tolist() == expected


@given(TEXTS, st.integers(1, 5))
def test_buckets_hold_every_row_once(texts: list[list[int]], size: int) -> None:
    lengths = sequences(texts).lengths
    for random in (None, np.random.default_rng(0)):
        groups = buckets(lengths, size, random)
        assert sorted(np.concatenate(groups).tolist()) == list(range(len(texts)))
        assert max(map(len, groups)) <= size


def test_buckets_are_of_similar_lengths() -> None:
    lengths = np.random.default_rng(0).integers(1, 1000, 640)
    spans = [np.ptp(lengths[rows]) for rows in buckets(lengths, 32, np.random.default_rng(1))]
    assert np.mean(spans) < 250 < np.ptp(lengths)


def test_pad_on_the_right_cut_and_never_a_masked_row() -> None:
    padded = pad(sequences([[3, 4, 5, 6], [], [7]]), np.array([2, 0, 1]), limit=3)
    assert padded.tolist() == [[7, PAD, PAD], [3, 4, 5], [UNKNOWN, PAD, PAD]]


def test_windows_are_contiguous_and_targets_are_next() -> None:
    stream = np.arange(3, 26, dtype=np.int32)  # 23 tokens: two parts of 11
    parts = list(windows(stream, 2, 4))
    inputs = np.concatenate([part for part, _ in parts], axis=1)
    targets = np.concatenate([part for _, part in parts], axis=1)
    assert inputs.tolist() == [list(range(3, 14)), list(range(14, 25))]
    assert (targets == inputs + 1).all()
    assert [part.shape[1] for part, _ in parts] == [4, 4, 3]


def test_take_keeps_texts_and_charges() -> None:
    whole = Sequences(np.array([3, 4, 5], np.int32), np.array([0, 1, 1, 3]), np.array([0.5, 0.0, 2.0]))
    part = whole.take(np.array([2, 0]))
    assert [part[row].tolist() for row in range(2)] == [[4, 5], [3]]
    assert part.charged.tolist() == [2.0, 0.5]


@pytest.mark.parametrize("split", [labelled_sequences(9), labelled_rows(9), language_split([[3], []])], ids=["ids", "rows", "language"])
def test_splits_come_back_and_are_the_same_bytes(split: object, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_split(tmp_path / name, split)  # type: ignore[arg-type]
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    found = load_split(tmp_path / "a.npz")
    assert found.labels.tolist() == split.labels.tolist()  # type: ignore[attr-defined]
    if isinstance(found.inputs, Sequences):
        assert found.inputs.ids.tolist() == split.inputs.ids.tolist()  # type: ignore[attr-defined]
    else:
        assert (found.inputs != split.inputs).nnz == 0  # type: ignore[attr-defined]
