"""Beam search against all texts there are."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from malmoi import generation
from malmoi.batches import END, PAD, UNKNOWN
from malmoi.decoding import Decoding
from malmoi.drafts import Request
from malmoi.transcript import Writer

WIDTH, LENGTH = 6, 4
WRITER = Writer(["", "", "\n", "a", "b", "c"])


class Table:
    """A language model that is a table: log probabilities of the next token by the two before."""

    def __init__(self, seed: int) -> None:
        drawn = np.random.default_rng(seed).dirichlet(np.full(WIDTH, 0.5), (WIDTH, WIDTH))
        self.logs = np.log(drawn + 1e-6)

    def start(self, size: int) -> Any:
        return [np.zeros((size, 2), np.int64)]

    def next(self, state: Any, ids: np.ndarray) -> tuple[np.ndarray, Any]:
        last = np.stack([state[0][:, 1], ids], axis=1)
        return self.logs[last[:, 0], last[:, 1]], [last]

    def score(self, text: tuple[int, ...]) -> float:
        """Log probability after the prompt "a", of what can be written alone."""
        before, total = (END, 3), 0.0
        for token in text:
            row = np.delete(self.logs[before], [PAD, UNKNOWN])
            total += float(self.logs[before][token] - np.log(np.exp(row).sum()))
            before = (before[1], token)
        return total


def texts(over: Any) -> list[tuple[int, ...]]:
    """All texts of up to LENGTH tokens: those that end at the first place where `over` says so, and the full ones."""
    whole = itertools.product(range(END, WIDTH), repeat=LENGTH)
    cut = (next((text[:size] for size in range(1, LENGTH + 1) if over(text[:size])), text) for text in whole)
    return sorted(set(cut))


def best(table: Table, found: list[tuple[int, ...]], penalty: float) -> tuple[int, ...]:
    return max(found, key=lambda text: table.score(text) / ((5 + len(text)) / 6) ** penalty)


def search(table: Table, **options: Any) -> generation.Continuation:
    [found] = generation.write(table, [Request([3], Decoding(length=LENGTH, **options))], WRITER)
    return found


@pytest.mark.parametrize("penalty", [0.0, 0.6, 3.0])
@pytest.mark.parametrize("seed", range(8))
def test_a_beam_that_holds_all_texts_finds_the_best(seed: int, penalty: float) -> None:
    table = Table(seed)
    wanted = best(table, texts(lambda text: text[-1] == END), penalty)
    found = search(table, beams=300, length_penalty=penalty, stop_at_end=True)
    assert found.ids == wanted
    assert found.finish == ("end" if wanted[-1] == END else "length")
    assert found.text == "".join(WRITER.tokens[token] for token in wanted if token != END)
    wanted = best(table, texts(lambda text: "ab" in "".join(WRITER.tokens[token] for token in text)), penalty)
    assert search(table, beams=300, length_penalty=penalty, stop=("ab",)).ids == wanted


@pytest.mark.parametrize("seed", range(8))
def test_a_wider_beam_is_never_far_and_one_is_greedy(seed: int) -> None:
    table = Table(seed)
    greedy, wide = search(table), search(table, beams=4)
    narrow = search(table, beams=2)
    assert table.score(wide.ids) >= table.score(greedy.ids) - 1e-9
    assert len(wide.ids) == len(narrow.ids) == LENGTH
    assert search(table, beams=4) == wide


def test_a_higher_length_penalty_gives_longer_texts() -> None:
    sizes = [
        sum(len(search(Table(seed), beams=20, length_penalty=penalty, stop_at_end=True).ids) for seed in range(20))
        for penalty in (0.0, 1.0, 4.0)
    ]
    assert sizes[0] < sizes[2]
    assert sizes == sorted(sizes)


def test_the_stream_gives_what_all_beams_share_early() -> None:
    certain = Table(0)
    certain.logs = np.log(np.full((WIDTH, WIDTH, WIDTH), 1e-9))
    for token in (3, 4, 5):  # a b c a b c ... for sure
        certain.logs[:, token, 3 + (token - 2) % 3] = 0.0
    request = Request([3], Decoding(length=30, beams=3))
    pieces = list(generation.stream(certain, request, WRITER))
    assert "".join(pieces) == ("bca" * 10)
    assert len(pieces) > 20


def test_a_search_ends_as_soon_as_it_is_decided() -> None:
    table, steps = Table(0), []
    table.logs = np.log(np.full((WIDTH, WIDTH, WIDTH), 0.02))
    table.logs[:, :, END] = np.log(0.9)
    step = table.next
    table.next = lambda state, ids: steps.append(1) or step(state, ids)  # type: ignore[method-assign, func-returns-value]
    decoding = Decoding(length=500, beams=3, stop_at_end=True, length_penalty=0.6)
    [found] = generation.write(table, [Request([3], decoding)], WRITER)
    assert (found.ids, found.text, found.finish) == ((END,), "", "end")
    assert len(steps) < 40
    [other] = generation.write(table, [Request([3], replace(decoding, length_penalty=0.0))], WRITER)
    assert other.ids == (END,)
