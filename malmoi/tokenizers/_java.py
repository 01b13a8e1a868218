"""A tokenizer whose analyzer runs in workers: its options, and how texts become units of work and morphemes become tokens.

A unit is what the analyzer is given at once: an eojeol, a line, a text, whichever it analyses by itself. Equal units of a batch are
analysed once. What an analyzer fails on is cut at whitespace instead, and the text's index is kept in `failures`.
"""

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from malmoi import processor
from malmoi.config import params
from malmoi.tokenizers import _morphemes
from malmoi.tokenizers._worker import Answer, pairs
from malmoi.tokenizers._workers import Job, Pool

REMEMBERED = 200_000  # units; some 60 MB where they are eojeols
Dictionary = tuple[tuple[str, str], ...]
Known = dict[str, tuple[list[str], bool]]  # of each unit its tokens, and whether the analyzer could do it
SPEED_ONLY = ("heap_mb", "long_run", "workers", "timeout_s")  # options that change no token


@params
class Options(_morphemes.Options):
    """pos, keep, stop_words: see `_morphemes.Options`. heap_mb: most memory for Java, for each worker process.

    workers: texts cut at the same time (0: as many as there are cores, and memory for); the first thousand are cut one by one. long_run:
    start with all workers, for very many texts. timeout_s: after so long without an answer a text is cut at whitespace.
    """

    heap_mb: int = 1024
    workers: int = 0
    long_run: bool = False
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        if self.heap_mb < 1 or self.workers < 0 or self.timeout_s <= 0:
            raise ValueError("heap_mb and timeout_s should be greater than 0, workers 0 or more")


class Analyzer:
    """A tokenizer on Java workers: texts in, tokens out, in order. Nothing is started before the first text comes.

    module: where the worker finds `engine`; `threads` says how many may use one engine at a time. failures: indices, over all texts given
    so far, of those that the analyzer failed on. Subclasses say what a unit is, and how a text's tokens come from those of its units.
    """

    module = ""
    threads = 1

    def __init__(self, options: Options, how: dict[str, Any] | None = None, dictionary: Dictionary = ()) -> None:
        self.failures: list[int] = []
        self._options, self._how, self._seen, self._lock = options, how or {}, 0, threading.Lock()
        self._dictionary = dictionary

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each text; an empty text has none."""
        with self._lock:
            documents = [self.units(text) for text in texts]
            known = self._analyse(list(dict.fromkeys(unit for units in documents for unit in units)), len(texts))
            failed = [index for index, units in enumerate(documents) if not all(known[unit][1] for unit in units)]
            self.failures += [self._seen + index for index in failed]
            self._seen += len(texts)
        return [self.tokens(text, units, known) for text, units in zip(texts, documents, strict=True)]

    def units(self, text: str) -> list[str]:
        """The parts of a text that are analysed by themselves; none is blank."""
        raise NotImplementedError

    def tokens(self, text: str, units: list[str], known: Known) -> list[str]:
        """The tokens of a text, of those of its units."""
        return [token for unit in units for token in known[unit][0]]

    def _analyse(self, units: list[str], texts: int) -> Known:
        if not units:
            return {}
        options = self._options
        many = options.workers or most_workers(options.heap_mb)
        job = Job(self._how, options.timeout_s, many, self._seen + texts, options.long_run)
        workers = pool(self.module, self.threads, options.heap_mb, self._dictionary)
        found = workers.run(units, job)
        return {unit: self._finish(unit, answer) for unit, answer in zip(units, found, strict=True)}

    def _finish(self, unit: str, answer: Answer | None) -> tuple[list[str], bool]:
        """Words, where the analyzer failed or swallowed the unit whole."""
        found = pairs(answer) if answer else [(word, _morphemes.UNKNOWN) for word in unit.split()]
        return _morphemes.finish(found, self._options), answer is not None


class Remembering(Analyzer):
    """An analyzer of units that come again in other texts."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._known: Known = {}

    def _analyse(self, units: list[str], texts: int) -> Known:
        known = {unit: self._known[unit] for unit in units if unit in self._known}
        fresh = super()._analyse([unit for unit in units if unit not in known], texts)
        if len(self._known) > REMEMBERED:
            self._known.clear()
        self._known |= {unit: tokens for unit, tokens in fresh.items() if tokens[1]}
        return known | fresh


@cache
def pool(module: str, threads: int, heap_mb: int, dictionary: Dictionary) -> Pool:
    """The workers for one analyzer, kept for the life of the process and shared by all tokenizers that differ in no more than `how`."""
    return Pool(module, {"heap_mb": heap_mb} | ({"dictionary": dictionary} if dictionary else {}), threads)


def most_workers(heap_mb: int) -> int:
    """As many as cores, while their heaps take no more than half of the memory."""
    return max(1, min(processor.cores(), processor.memory() // 2**20 // 2 // heap_mb))
