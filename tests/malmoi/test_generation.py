"""Continuations of whole models: draws, batches, streams and stops; greedy against the definition."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from synthetic import language_split

from malmoi import generation
from malmoi.batches import END, PAD, UNKNOWN, Spec
from malmoi.decoding import Decoding
from malmoi.drafts import Request, read, take
from malmoi.models import ngram, recurrent
from malmoi.tokenizers import jamo
from malmoi.transcript import Writer

WIDTH = 9
LETTERS = Writer(["", "", "\n", *"abcdef"])
SYLLABLES = Writer(["", "", "\n", "\u1100", "\u1106", "\u1161", "\u1169", "\u11a8", " "], jamo.join)
DRAWN = Decoding(length=30, temperature=1.0)


@pytest.fixture(scope="module")
def counted() -> ngram.NGram:
    model = ngram.build(ngram.Params(order=3), ngram.Training(), Spec("language_model", WIDTH))
    split = language_split([[3, 4, 5, 6, 7, 8], [3, 4, 3, 5], [8, 7, 6, 5, 4, 3], [5, 5, 6], [4, 8, 4, 8, 4]] * 3)
    model.fit(split, split, lambda epoch: None)
    return model


@pytest.fixture(scope="module", params=["ngram", "lstm", "gru"])
def model(request: Any, counted: ngram.NGram) -> Any:
    """A language model of each family, networks with random weights."""
    if request.param == "ngram":
        return counted
    network = recurrent.build(
        recurrent.Params(cell=request.param, units=6, embedding=5, layers=2), recurrent.Training(), Spec("language_model", WIDTH)
    )
    random, gates = np.random.default_rng(3), {"lstm": 24, "gru": 18}[request.param]
    shapes: dict[str, tuple[int, ...]] = {"embedding": (WIDTH, 5), "head.kernel": (6, WIDTH), "head.bias": (WIDTH,)}
    for layer, inputs in enumerate((5, 6)):
        bias = (2, gates) if request.param == "gru" else (gates,)
        parts = {"kernel": (inputs, gates), "recurrent": (6, gates), "bias": bias}
        shapes |= {f"reader{layer}.forward.{part}": shape for part, shape in parts.items()}
    network.weights = {name: random.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    return network


def write(model: Any, prompts: Sequence[Sequence[int]], *decodings: Decoding, writer: Writer = LETTERS) -> list[generation.Continuation]:
    each = decodings if len(decodings) > 1 else decodings * len(prompts)
    return generation.write(model, [Request(ids, one) for ids, one in zip(prompts, each, strict=True)], writer)


def test_greedy_takes_the_likeliest_and_says_how_likely(model: Any) -> None:
    [found] = write(model, [[3, 4]], Decoding(length=8))
    state, logs, wanted = model.start(1), np.zeros((1, WIDTH)), []
    for token in (END, 3, 4):
        logs, state = model.next(state, np.array([token]))
    for _ in range(8):
        wanted.append(int(np.where(np.isin(np.arange(WIDTH), [PAD, UNKNOWN]), -np.inf, logs[0]).argmax()))
        assert found.logs[len(wanted) - 1] == pytest.approx(float(logs[0, wanted[-1]]), abs=1e-5)
        logs, state = model.next(state, np.array(wanted[-1:]))
    assert list(found.ids) == wanted
    assert (found.text, found.finish) == ("".join(LETTERS.tokens[number] for number in wanted), "length")


def test_a_batch_gives_what_each_prompt_gives_alone(model: Any) -> None:
    prompts: list[list[int]] = [[3, 4, 5, 6], [], [8], [5, 5, 6, 3], [4], [3, 3, 3, 3, 3, 3]]
    decodings = [
        DRAWN,
        replace(DRAWN, seed=2, stop=("ab",)),
        Decoding(length=12, beams=3, stop_at_end=True),
        replace(DRAWN, length=5, top_p=0.7, repetition_penalty=1.3),
        Decoding(length=0),
        Decoding(length=9, beams=2, no_repeat=2),
    ]
    together = write(model, prompts, *decodings)
    alone = [write(model, [prompt], decoding)[0] for prompt, decoding in zip(prompts, decodings, strict=True)]
    assert [(one.ids, one.text, one.finish) for one in together] == [(one.ids, one.text, one.finish) for one in alone]
    assert np.concatenate([one.logs for one in together]) == pytest.approx(np.concatenate([one.logs for one in alone]), abs=1e-5)
    assert (together[4].text, together[4].ids, together[4].finish) == ("", (), "length")


def test_seeds_repeat_and_differ(counted: ngram.NGram) -> None:
    first, again, other = write(counted, [[3]] * 3, DRAWN, DRAWN, replace(DRAWN, seed=2))
    assert first == again
    assert first.ids != other.ids


def test_what_cannot_be_written_down_never_is(model: Any) -> None:
    found = write(model, [[3]] * 40, *(replace(DRAWN, temperature=3.0, seed=seed) for seed in range(40)))
    ids = {number for one in found for number in one.ids}
    assert ids == set(range(END, WIDTH))


def test_it_ends_where_it_is_told_to(counted: ngram.NGram) -> None:
    plain = write(counted, [[3]] * 20, *(replace(DRAWN, seed=seed) for seed in range(20)))
    ended = write(counted, [[3]] * 20, *(replace(DRAWN, seed=seed, stop_at_end=True) for seed in range(20)))
    stopped = write(counted, [[3]] * 20, *(replace(DRAWN, seed=seed, stop=("a\nb", "cd")) for seed in range(20)))
    for whole, end, stop in zip(plain, ended, stopped, strict=True):
        assert end.text == whole.text.partition("\n")[0]
        assert end.finish == ("end" if "\n" in whole.text else "length")
        assert stop.text == min(whole.text.partition("a\nb")[0], whole.text.partition("cd")[0], key=len)
        assert stop.finish == ("stop" if stop.text != whole.text else "length")
    assert {"stop", "length"} == {one.finish for one in stopped}


def test_penalties_make_texts_repeat_less(counted: ngram.NGram) -> None:
    prompts = [[3]]
    plain, banned = (write(counted, prompts, Decoding(length=40, no_repeat=size))[0].ids for size in (0, 2))
    assert len(set(itertools.pairwise(plain))) < 39
    assert len(set(itertools.pairwise(banned))) == len(banned) - 1
    [punished] = write(counted, prompts, Decoding(length=WIDTH - END, repetition_penalty=1e6))
    assert set(punished.ids) == set(range(END, WIDTH)), "all others come before a token comes again"


def test_where_no_token_is_left_the_text_is_over(counted: ngram.NGram) -> None:
    for decoding in (Decoding(length=40, no_repeat=1), Decoding(length=40, no_repeat=1, beams=2)):
        [found] = write(counted, [[3]], decoding)
        assert (sorted(found.ids), found.finish) == (list(range(END, WIDTH)), "exhausted")


@pytest.mark.parametrize("writer", [LETTERS, SYLLABLES, Writer(LETTERS.tokens, between=" ")])
@pytest.mark.parametrize("decoding", [DRAWN, replace(DRAWN, stop=("de", "가")), Decoding(length=15, beams=3, stop_at_end=True)])
def test_pieces_of_a_stream_are_the_text(model: Any, writer: Writer, decoding: Decoding) -> None:
    for seed in range(5):
        request = Request([4, 5], replace(decoding, seed=seed))
        pieces = list(generation.stream(model, request, writer))
        [whole] = generation.write(model, [request], writer)
        assert "".join(pieces) == whole.text
        assert all(pieces)
        assert decoding.beams > 1 or len(whole.text) < 3 or len(pieces) > 1, "as it is written, not in the end"


def test_a_stream_does_no_more_than_was_asked_of_it(counted: ngram.NGram) -> None:
    class Counting:
        steps = 0

        def start(self, size: int) -> Any:
            return counted.start(size)

        def next(self, state: Any, ids: np.ndarray) -> tuple[np.ndarray, Any]:
            self.steps += 1
            return counted.next(state, ids)

    model = Counting()
    pieces = generation.stream(model, Request([3], replace(DRAWN, length=10_000)), LETTERS)
    next(pieces), next(pieces)
    assert model.steps == 3, "END and the prompt, then one token"


def test_prompts_of_all_lengths_are_read_side_by_side(model: Any) -> None:
    prompts: list[list[int]] = [[3], [4, 5, 6, 7], [], [8, 8], [3, 4], [7, 6, 5, 4]]
    logs, state = read(model, [Request(ids, DRAWN) for ids in prompts])
    for row, ids in enumerate(prompts):
        alone, carried = read(model, [Request(ids, DRAWN)])
        assert logs[row] == pytest.approx(alone[0], abs=1e-5)
        after = model.next(take(state, [row, row]), np.array([5, 6]))[0]
        assert after == pytest.approx(model.next(take(carried, [0, 0]), np.array([5, 6]))[0], abs=1e-5)


def test_a_state_that_has_no_rows_is_named() -> None:
    state = {"a": (np.arange(6).reshape(3, 2), [np.arange(3)])}
    taken = take(state, [2, 0])
    assert (taken["a"][0].tolist(), taken["a"][1][0].tolist()) == ([[4, 5], [0, 1]], [2, 0])
    with pytest.raises(TypeError, match="arrays with a row for each stream, in lists, tuples or dicts, not int"):
        take([3], [0])
