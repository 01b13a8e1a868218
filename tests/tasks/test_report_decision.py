"""The report and the leaderboard say what was decided, and who is champion by an earlier training."""

import json
from pathlib import Path
from typing import Any

import pytest
from evaluated import write

from tasks import compare, leaderboard, promote, report

STANDING = {"experiment": "bills-rnn", "seed": 1, "by": "evidence", "reason": "", "train": "ab.dir", "today": False}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = write(tmp_path / "out")
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", out / "compare")
    promote.run(out / "compare", out / "evaluate", out / "train", out / "promote", ingest=out / "ingest")
    return out


def page(out: Path) -> str:
    report.run(**{name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}, out=out / "report")
    return (out / "report/index.html").read_text(encoding="utf-8")


def decide(out: Path, **changes: Any) -> None:
    """Another decision for one board."""
    file = out / "promote/decisions.json"
    decisions = json.loads(file.read_text(encoding="utf-8"))
    decisions["classify-bills"] |= changes
    file.write_text(json.dumps(decisions), encoding="utf-8")


def test_a_board_shows_what_was_said_of_each_experiment(out: Path) -> None:
    found = page(out)
    assert found.count("<b>Decision: promoted</b> what the rules said of each experiment") == 4
    assert '<th scope="row">bills-rnn</th><td>2</td><td>eligible</td><td>keeps every rule</td>' in found
    assert "out/promote/classify-bills.md" in found
    assert (out / "promote/classify-bills.md").is_file()


def test_a_champion_of_an_earlier_training_is_no_row(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    badges = page(out).count('<span class="badge">champion</span>')
    leaderboard.run(out / "compare", out / "promote")
    assert "hold challengers to evidence .venv/bin/python -m tasks accept" in capsys.readouterr().out
    decide(out, champion="bills-rnn", current=False, standing=STANDING, outcome="no difference", why="bills-rnn stays champion.", test=0.81)
    found = page(out)
    assert found.count('<span class="badge">champion</span>') == badges - 2  # neither above the board nor in it
    assert "what each challenger has shown against bills-rnn, the champion before" in found
    assert '<span class="figure">81.0%</span>\n<span class="soft">accuracy, of an earlier training</span>' in found
    leaderboard.run(out / "compare", out / "promote")
    printed = capsys.readouterr().out
    assert "classify-bills: no difference. bills-rnn stays champion." in printed
    assert "hold challengers" not in printed
