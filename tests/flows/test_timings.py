"""How long is left: from last time, else from the same kind, else a guess."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.display import Plain, duration, ending
from flows.stages import Node, Outcome, Result
from flows.timings import GUESS, UNKNOWN, Timings

GRU, LSTM, OTHER = Node("train@gru", ()), Node("train@lstm", ()), Node("bake", ())


def test_last_time_then_the_same_kind_then_a_guess(tmp_path: Path) -> None:
    first = Timings(tmp_path)
    assert first.expected(GRU) == GUESS["train"]
    assert first.expected(OTHER) == UNKNOWN
    first.add(GRU, Result("train@gru", Outcome.RAN, 42.0))
    assert first.left([GRU, LSTM, OTHER]) == pytest.approx(42 + 42 + UNKNOWN)
    second = Timings(tmp_path)
    assert second.left([GRU, LSTM]) == pytest.approx(42 + GUESS["train"])


def test_only_what_ran_is_remembered(tmp_path: Path) -> None:
    timings = Timings(tmp_path)
    timings.add(GRU, Result("train@gru", Outcome.CACHED, 0.01))
    assert timings.expected(GRU) == GUESS["train"]
    assert not (tmp_path / ".malmoi").exists()


@pytest.mark.parametrize("content", ["", "[1]", '{"train@gru": "long"}', "\x00"])
def test_a_broken_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / ".malmoi").mkdir()
    (tmp_path / ".malmoi/timings.json").write_text(content)
    assert Timings(tmp_path).expected(GRU) == GUESS["train"]


def test_words() -> None:
    assert [duration(8.4), duration(75), duration(3600)] == ["8 s", "1 min 15 s", "60 min 0 s"]
    assert ending(Result("x", Outcome.CACHED, 0.2)) == "unchanged"
    assert ending(Result("x", Outcome.RAN, 3.14)) == "done  3.1 s"


def test_a_log_gets_a_progress_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr("flows.display.time", SimpleNamespace(monotonic=lambda: now[0]))
    display = Plain(3)
    display.start(Node("prep", ()), 61.0)
    display.end(Result("prep", Outcome.CACHED, 0.0))
    display.start(GRU, 60.0)
    for seconds, line in ((3.0, "epoch 1/9"), (12.0, "epoch 2/9"), (13.0, "epoch 3/9")):
        now[0] = seconds
        display.say("train@gru", line)
    display.start(Node("train@lstm", ()), 60.0)
    now[0] = 23.0
    display.say("train@gru", "epoch 4/9")
    now[0] = 61.0
    display.say("train@gru", "loss " * 40)
    display.end(Result("train@gru", Outcome.RAN, 23.0))
    assert capsys.readouterr().out.splitlines() == [
        "[1/3] prep  unchanged",
        "[2/3] train@gru ...",
        "        epoch 2/9  (12 s, about 48 s left)",
        "        train@gru: epoch 4/9  (23 s, about 37 s left)",
        f"        {('train@gru: ' + 'loss ' * 40)[:139]}…  (1 min 1 s, longer than expected)",
        "[2/3] train@gru  done  23.0 s",
    ]
