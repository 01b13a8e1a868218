"""A worker: a small process that holds one analyzer and its Java machine. Texts come in by a pipe, morphemes go out by another.

A process of its own can be killed when an analyzer hangs, and may crash without taking anything along. It ends with its parent, however
that ends. A frame is four bytes of length and as many of JSON in UTF-8 (with lone surrogates, which text may have).

in:  {"path", "module", "settings", "threads"}, then any number of {"how", "units": [[place, text], ...]}
out: {"ready": true}, then for each unit [place, [[morpheme, tag], ...]] (or these as one text: `Answer`), or null where the analyzer
     failed; {"memory"} or {"fault"} and the end.
"""

import json
import os
import queue
import select
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

LENGTH = struct.Struct(">I")
GATHER_S = 0.002
BETWEEN = "\x1e\x1f"
Pairs = list[tuple[str, str]]
Answer = Pairs | str  # morphemes with their tags, or these as one text: morpheme/tag, joined by BETWEEN
Engine = Callable[[str, dict[str, Any]], Answer]  # a text, and how it is to be cut


def pack(message: Any) -> bytes:
    """A frame."""
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return LENGTH.pack(len(data)) + data


def unpack(data: bytes | bytearray) -> Any:
    """What is in a frame, without its length."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def pairs(answer: Answer) -> Pairs:
    """An engine's answer.

    >>> pairs("말/NNG\\x1e\\x1f을/JKO")
    [('말', 'NNG'), ('을', 'JKO')]
    """
    if not isinstance(answer, str):
        return answer
    found = (token.rpartition("/") for token in answer.split(BETWEEN) if token)
    return [(morpheme, tag) for morpheme, _, tag in found]


def main() -> None:
    """Serve until the parent is gone."""
    source, target = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what anybody prints is no answer
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(source, requests, os.getppid()), daemon=True).start()
    setup = requests.get()
    sys.path[:] = setup["path"]
    answers = _Answers(target)
    with answers.complaining():
        engine: Engine = import_module(setup["module"]).engine(**setup["settings"])
    answers.send({"ready": True})
    units: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(setup["threads"]):
        threading.Thread(target=_serve, args=(engine, units, answers), daemon=True).start()
    while True:
        request = requests.get()
        for place, unit in request["units"]:
            units.put((place, unit, request["how"]))


class _Answers:
    """The way out, for several threads; what comes within two milliseconds goes at once, which spares the parent many awakenings."""

    def __init__(self, target: int) -> None:
        self._target, self._waiting = target, queue.SimpleQueue[bytes]()
        threading.Thread(target=self._pass_on, daemon=True).start()

    def send(self, message: Any) -> None:
        self._waiting.put(pack(message))

    def _pass_on(self) -> None:
        while True:
            data = [self._waiting.get()]
            time.sleep(GATHER_S)
            while not self._waiting.empty():
                data.append(self._waiting.get())
            self._write(memoryview(b"".join(data)))

    def _write(self, data: memoryview) -> None:
        try:
            while data:
                data = data[os.write(self._target, data) :]
        except OSError:
            os._exit(0)

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """What goes wrong is told to the parent, which raises it; that is the end of the worker."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            self._write(memoryview(pack({"memory": str(error)} if _is_memory(error) else {"fault": traceback.format_exc()})))
            os._exit(1)


def _serve(engine: Engine, units: "queue.SimpleQueue[Any]", answers: _Answers) -> None:
    with answers.complaining():
        while True:
            place, unit, how = units.get()
            answers.send([place, _cut(engine, unit, how)])


def _listen(source: int, requests: "queue.SimpleQueue[Any]", parent: int) -> None:
    """Pass requests on. Ends the process at the end of the pipe, or with its parent where a fork of that still holds the pipe open."""
    while True:
        _wait(source, parent)
        head = _read(source, LENGTH.size)
        requests.put(unpack(_read(source, LENGTH.unpack(head)[0])))


def _wait(source: int, parent: int) -> None:
    while not select.select([source], [], [], 1.0)[0]:
        if os.getppid() != parent:
            os._exit(0)


def _read(source: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(source, min(count, 1 << 20))
        if not part:
            os._exit(0)  # at once, whatever Java is doing
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _cut(engine: Engine, unit: str, how: dict[str, Any]) -> Answer | None:
    try:
        return engine(unit, how)
    except UnicodeError:  # strings that do not survive the way to Java and back
        return None
    except Exception as error:
        if _is_memory(error) or not _is_java(error):
            raise
        return None


def _is_java(error: BaseException) -> bool:
    jpype = sys.modules.get("jpype")  # not imported by an engine that needs no Java
    return jpype is not None and isinstance(error, jpype.JException)


def _is_memory(error: BaseException) -> bool:
    return "OutOfMemoryError" in f"{type(error).__name__} {error}"
