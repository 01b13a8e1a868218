"""Batches and streams: nothing is lost, nothing is mixed up, the same bytes again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import labelled_rows, labelled_sequences, language_split, sequences

from malmoi.batches import END, PAD, UNKNOWN, Sequences, Side, Split, buckets, load_split, pad, save_split, windows

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


def test_pad_and_cut_on_the_side_that_the_sequences_say() -> None:
    rows = np.array([2, 0, 1])
    before = replace(sequences([[3, 4, 5, 6], [], [7]]), padding="before", truncation="before")
    assert pad(before, rows, limit=3).tolist() == [[PAD, PAD, 7], [4, 5, 6], [PAD, PAD, UNKNOWN]]
    assert pad(replace(before, truncation="after"), rows, limit=3).tolist()[1] == [3, 4, 5]
    assert pad(replace(before, padding="after"), rows, limit=3).tolist() == [[7, PAD, PAD], [4, 5, 6], [UNKNOWN, PAD, PAD]]


def test_tokens_of_several_numbers_stay_together() -> None:
    ids = np.array([[3, 8, 9], [4, 8, 0], [5, 9, 9]], np.int32)  # a token's id, then its characters
    wide = Sequences(ids, np.array([0, 2, 2, 3]), np.zeros(3))
    assert pad(wide, np.array([0, 1]), limit=9).tolist() == [[[3, 8, 9], [4, 8, 0]], [[UNKNOWN, 0, 0], [0, 0, 0]]]
    assert wide.take(np.array([2, 0])).ids.tolist() == [[5, 9, 9], [3, 8, 9], [4, 8, 0]]
    assert wide.stream().tolist() == [END, 3, 4, END, END, 5, END]


@given(TEXTS, st.integers(1, 5), st.sampled_from(["before", "after"]), st.sampled_from(["before", "after"]))
def test_padding_loses_only_what_is_over_the_limit(texts: list[list[int]], limit: int, padding: Side, truncation: Side) -> None:
    padded = pad(replace(sequences(texts), padding=padding, truncation=truncation), np.arange(len(texts)), limit)
    for text, row in zip(texts, padded.tolist(), strict=True):
        kept = [token for token in row if token != PAD]
        assert kept == ((text[:limit] if truncation == "after" else text[-limit:]) or [UNKNOWN])
        assert row == (kept + [PAD] * (len(row) - len(kept)) if padding == "after" else [PAD] * (len(row) - len(kept)) + kept)


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


def dense_rows() -> Split:
    return replace(labelled_rows(9), inputs=labelled_rows(9).inputs.toarray())  # type: ignore[union-attr]


def on_the_left() -> Split:
    split = labelled_sequences(9)
    return replace(split, inputs=replace(split.inputs, padding="before", truncation="before"))  # type: ignore[type-var]


SPLITS = {
    "ids": labelled_sequences(9),
    "left": on_the_left(),
    "rows": labelled_rows(9),
    "dense": dense_rows(),
    "language": language_split([[3], []]),
}


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_splits_come_back_and_are_the_same_bytes(split: object, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_split(tmp_path / name, split)  # type: ignore[arg-type]
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    found = load_split(tmp_path / "a.npz")
    assert found.labels.tolist() == split.labels.tolist()  # type: ignore[attr-defined]
    if isinstance(found.inputs, Sequences):
        assert found.inputs.ids.tolist() == split.inputs.ids.tolist()  # type: ignore[attr-defined]
        assert (found.inputs.padding, found.inputs.truncation) == (split.inputs.padding, split.inputs.truncation)  # type: ignore[attr-defined]
    elif isinstance(found.inputs, np.ndarray):
        assert found.inputs.tolist() == split.inputs.tolist()  # type: ignore[attr-defined]
    else:
        assert (found.inputs != split.inputs).nnz == 0  # type: ignore[attr-defined]
