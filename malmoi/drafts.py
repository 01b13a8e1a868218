"""What `generation` and `beam_search` share: texts in the making, and models read for several of them at once.

A language model has `start(size)` and `next(state, ids)`. Its state is arrays whose first axis is the streams, in lists, tuples or
mappings as the model likes; so states can be taken by rows, and put together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from malmoi.batches import END
from malmoi.decoding import Decoding
from malmoi.transcript import Transcript, Writer


class LanguageModel(Protocol):
    """Reads streams of ids side by side."""

    def start(self, size: int) -> Any:
        """State of `size` streams of which nothing was read."""

    def next(self, state: Any, ids: np.ndarray) -> tuple[np.ndarray, Any]:
        """Read one id of each stream. Returns ((size, width) log probabilities of the next, state)."""


@dataclass(frozen=True)
class Request:
    """A prompt's ids, and how it is to be continued."""

    ids: Sequence[int]
    decoding: Decoding


@dataclass(frozen=True)
class Draft:
    """A continuation so far.

    ids, logs: its tokens and the log probability of each as the model has it. score: sum of their log probabilities with penalties.
    finish: why nothing follows: "length", "stop" (a stop string), "end" (of the text), "exhausted" (no token was allowed); "" while
    something may.
    """

    transcript: Transcript
    decoding: Decoding
    ids: tuple[int, ...] = ()
    logs: tuple[float, ...] = ()
    score: float = 0.0
    finish: str = ""

    @classmethod
    def begin(cls, request: Request, writer: Writer) -> "Draft":
        """An empty continuation."""
        draft = cls(Transcript(writer, request.decoding.stop), request.decoding)
        return draft if request.decoding.length else draft.ended("length")

    def extended(self, token: int, log: float, score: float) -> "Draft":
        """With one more token. score: of the whole continuation."""
        ended = token == END and self.decoding.stop_at_end
        full = len(self.ids) + 1 >= self.decoding.length
        transcript = self.transcript if ended else self.transcript.add(token)
        longer = replace(self, transcript=transcript, ids=(*self.ids, token), logs=(*self.logs, log), score=score)
        if not (ended or full or transcript.stopped):
            return longer
        return longer.ended("end" if ended else "length")

    def ended(self, why: str) -> "Draft":
        """With nothing to follow."""
        transcript = self.transcript if self.transcript.closed else self.transcript.close()
        return replace(self, transcript=transcript, finish="stop" if transcript.stopped else why)


def read(model: LanguageModel, requests: Sequence[Request]) -> tuple[np.ndarray, Any]:
    """All prompts, side by side, each after an END. Returns ((requests, width) log probabilities of what follows, state)."""
    lengths = np.array([len(request.ids) + 1 for request in requests])
    rows = np.argsort(-lengths, kind="stable")  # those that are still read are always the first
    state, read_out = model.start(len(requests)), []
    for place in range(int(lengths.max())):
        going = int((lengths[rows] > place).sum())
        if going < len(rows):
            rows, state = rows[:going], take(state, range(going))
        ids = [int(requests[row].ids[place - 1]) if place else END for row in rows]
        logs, state = model.next(state, np.array(ids))
        done = np.flatnonzero(lengths[rows] == place + 1)
        read_out += [(rows[done], logs[done], take(state, done))] if len(done) else []
    order = np.argsort(np.concatenate([rows for rows, _, _ in read_out]))
    return np.concatenate([logs for _, logs, _ in read_out])[order], take(_together([state for _, _, state in read_out]), order)


def take(state: Any, rows: Sequence[int] | np.ndarray) -> Any:
    """The state of some streams; a stream may be taken more than once. Raises TypeError for a state that is not made of arrays."""
    if isinstance(state, np.ndarray):
        return state[np.asarray(rows, dtype=np.int64)]
    if isinstance(state, Mapping):
        return {name: take(part, rows) for name, part in state.items()}
    if isinstance(state, list | tuple):
        return [take(part, rows) for part in state]
    raise TypeError(f"a model's state should be arrays with a row for each stream, in lists, tuples or dicts, not {type(state).__name__}")


def _together(states: list[Any]) -> Any:
    first = states[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(states)
    if isinstance(first, Mapping):
        return {name: _together([state[name] for state in states]) for name in first}
    return [_together(list(parts)) for parts in zip(*states, strict=True)]
