"""Continuing texts with a language model: greedily, by drawing (`decoding`), or by beam search (`beam_search`).

Several prompts are read and continued side by side. Each has settings and draws of its own, so its continuation is the one that it has
alone (up to the rounding of a larger matrix product). `predictor` brings tokenizer and model; `generate`, `evaluate` and the served
model come from there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

import numpy as np

from malmoi import beam_search
from malmoi.decoding import allowed, choose
from malmoi.drafts import Draft, LanguageModel, Request, read, take
from malmoi.transcript import Writer

# After each step: for every request the drafts that may still become its continuation.
Search: TypeAlias = Callable[[LanguageModel, Sequence[Request], Writer], Iterator[list[list[Draft]]]]


@dataclass(frozen=True)
class Continuation:
    """What was written after a prompt. ids, logs: all tokens chosen, also those of the stop string or the end that the text leaves out,
    and the log probability of each in nats as the model has it. finish: see `drafts.Draft`."""

    text: str
    ids: tuple[int, ...]
    logs: tuple[float, ...]
    finish: str


def write(model: LanguageModel, requests: Sequence[Request], writer: Writer) -> list[Continuation]:
    """The continuation of every request, in order."""
    written: dict[int, Draft] = {}
    for search in (sample, beam_search.search):
        places = [place for place, request in enumerate(requests) if search is _search(request)]
        for drafts in search(model, [requests[place] for place in places], writer) if places else ():
            written |= {place: found[0] for place, found in zip(places, drafts, strict=True)}
    whole = [written[place] for place in range(len(requests))]
    return [Continuation(draft.transcript.settled, draft.ids, draft.logs, draft.finish) for draft in whole]


def stream(model: LanguageModel, request: Request, writer: Writer) -> Iterator[str]:
    """The text of one continuation in pieces, each as soon as it is certain: side by side they are the text that `write` gives.

    Of a beam search, that is what all texts that may still win have in common.
    """
    given = 0
    for [drafts] in _search(request)(model, [request], writer):
        certain = _shared([draft.transcript.certain for draft in drafts])
        if len(certain) > given:
            yield certain[given:]
            given = len(certain)


def sample(model: LanguageModel, requests: Sequence[Request], writer: Writer) -> Iterator[list[list[Draft]]]:
    """A token at a time, the likeliest or drawn."""
    logs, state = read(model, requests)
    drafts = [Draft.begin(request, writer) for request in requests]
    randoms = [np.random.default_rng(request.decoding.seed) for request in requests]
    alive = list(range(len(requests)))
    for step in count():
        yield [[draft] for draft in drafts]
        going = [row for row, place in enumerate(alive) if not drafts[place].finish]
        if not going:
            return
        if len(going) < len(alive):
            alive, logs, state = [alive[row] for row in going], logs[going], take(state, going)
        if step:  # the first token follows the prompt, which was read
            logs, state = model.next(state, np.array([drafts[place].ids[-1] for place in alive]))
        for place, row in zip(alive, logs, strict=True):
            drafts[place] = _extended(drafts[place], row, randoms[place])


def _search(request: Request) -> Search:
    return beam_search.search if request.decoding.beams > 1 else sample


def _shared(texts: list[str]) -> str:
    """What all texts begin with; in alphabetical order, what the first and the last do."""
    first, last = min(texts), max(texts)
    return first[: next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))]


def _extended(draft: Draft, logs: np.ndarray, random: np.random.Generator) -> Draft:
    scores = allowed(logs, draft.ids, draft.decoding)
    token = choose(scores, draft.decoding, random)
    if token is None:
        return draft.ended("exhausted")
    return draft.extended(token, float(logs[token]), draft.score + float(scores[token]))
