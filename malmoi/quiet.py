"""Keeps TensorFlow's start quiet and short.

Its C++ side writes a dozen lines about devices that are not there straight to file descriptor 2. Keras imports scikit-learn and matplotlib
where they are installed, for wrappers and plots that are not used here: a third of the time it takes to start.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = ("sklearn", "matplotlib")


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to stderr, which is shown after all where an exception passes through; hide UNUSED from imports."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held, _hidden():
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _hidden() -> Iterator[None]:
    """While it lasts, importing one of UNUSED that is not imported yet fails as if it were not installed."""
    absent = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python itself marks such a module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
