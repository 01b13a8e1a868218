"""Where the address of the webhook comes from, and that it is not said again."""

import io
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from flows import notify
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[2]
URL = "https://hooks.example.org/services/s3cret"


def run(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "flows.notify", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != notify.ADDRESS}
    return subprocess.run(command, cwd=ROOT, env=environment, input=given, capture_output=True, text=True, timeout=120, check=False)


def test_an_address_on_the_command_line_is_refused_with_the_cure_and_not_repeated() -> None:
    done = run(URL)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the webhook's address is a secret")
    assert "python -m flows.notify < FILE" in done.stderr
    assert "MALMOI_WEBHOOK" in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize("given", ["", "\n", "hooks.example.org/s3cret\n", f"{URL} {URL}\n"])
def test_what_is_no_address_is_an_error(given: str) -> None:
    done = run(given=given)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no address of a webhook")
    assert "s3cret" not in done.stderr


def test_it_is_read_from_standard_input_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(notify.ADDRESS, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{URL}\n"))
    assert notify.address([]) == URL
    monkeypatch.setenv(notify.ADDRESS, f"{URL}2")
    assert notify.address([]) == f"{URL}2"
    with pytest.raises(ConfigError, match="command line"):
        notify.address([URL])


def test_a_webhook_that_refuses_does_not_bring_its_address_into_a_log() -> None:
    answer = httpx.Response(404, request=httpx.Request("POST", URL))
    with pytest.raises(httpx.HTTPStatusError) as caught:
        answer.raise_for_status()
    assert "s3cret" in str(caught.value)  # httpx's own words
    assert notify._reason(caught.value) == "status 404"
    assert notify._reason(httpx.ReadTimeout("")) == "ReadTimeout"
