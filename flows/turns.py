"""One thread at a time works with DVC, and holds its lock on the repository; while commands run side by side, none does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Turns:
    """Whose turn it is. DVC's objects are not made for threads, so between two commands there is one thread after another."""

    def __init__(self, repo: Any) -> None:
        self._lock, self._turn, self._away = repo.lock, threading.Lock(), 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn, and have DVC's lock while inside. It is kept from turn to turn unless a command runs, which may be a `dvc`.

        Raises LockError when another process has held the lock for three seconds.
        """
        with self._turn:
            if not self._lock.is_locked:
                self._lock._wait = False
                self._lock.lock()
            self._lock._wait = True  # when a command has ended: rather wait for somebody's `dvc status` than lose its work
            try:
                yield
            finally:
                if self._away and self._lock.is_locked:
                    self._lock.unlock()

    @contextmanager
    def leave(self) -> Iterator[None]:
        """Let others have their turn while a command runs. For the place where DVC has given its lock away and will take it back."""
        self._away += 1
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()
            self._away -= 1
            if self._lock.is_locked:
                self._lock.unlock()
