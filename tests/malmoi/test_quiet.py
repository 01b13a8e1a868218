"""TensorFlow's start: quiet, unless something goes wrong; what Keras need not import stays importable afterwards."""

import os
import subprocess
import sys

import pytest

from malmoi.quiet import quiet


def test_stderr_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        os.write(2, b"noise")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_stderr_is_shown_where_something_goes_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with quiet():
            os.write(2, b"the reason")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert capfd.readouterr().err == "the reason"


def test_what_is_hidden_comes_back() -> None:
    code = """
import sys
from malmoi.quiet import quiet
with quiet():
    try:
        import matplotlib
        print("found")
    except ImportError:
        print("hidden")
import matplotlib
print(matplotlib.__name__)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["hidden", "matplotlib"]
