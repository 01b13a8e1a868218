"""What champions/ and the decisions say becomes aliases in MLflow; nothing that was rolled back to is undone by recording again."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stood import MODEL, Stood

from malmoi.config import ConfigError
from tasks import _aliases, _champions, _freshness, _recording, _records, _subject, _tracking, accept, leaderboard, record, rollback

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def board(empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stood:
    """A good classifier has taken the place of a poor one, and both steps are in an MLflow store."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = Stood(tmp_path)
    found.train("reviews-poor", wrong=0.42)
    found.promote()
    found.accept()
    _aliases.register(_tracking.store(), found.out)
    found.train("reviews-good", wrong=0.0)
    found.promote()
    return found


def aliases(out: Path) -> tuple[list[str], dict[str, str]]:
    """What registering says, and which experiment is behind each alias."""
    store = _tracking.store()
    said = _aliases.register(store, out)
    numbers = store.client.get_registered_model(MODEL).aliases
    versions = {alias: store.client.get_model_version(MODEL, str(number)) for alias, number in numbers.items()}
    return said, {alias: f"{version.tags['malmoi.experiment']} {version.version}" for alias, version in versions.items()}


def test_only_what_was_accepted_is_champion(board: Stood) -> None:
    assert aliases(board.out) == ([], {"champion": "reviews-poor 1", "challenger": "reviews-good 2"})
    assert _freshness.problems(board.out) == [f"{MODEL}: reviews-good was promoted and is not accepted yet; run: python -m tasks accept"]
    board.accept()
    assert aliases(board.out) == (
        [f"{MODEL} version 2 (reviews-good · seed 1)"],
        {"champion": "reviews-good 2"},  # nobody else has challenged
    )
    assert aliases(board.out)[0] == []
    assert _freshness.problems(board.out) == []


def test_the_decision_is_an_artifact_of_the_champions_run(board: Stood) -> None:
    board.accept()
    aliases(board.out)
    client = _tracking.store().client
    version = client.get_model_version_by_alias(MODEL, "champion")
    written = Path(client.download_artifacts(version.run_id, "promotion/decision.md")).read_text(encoding="utf-8")
    assert written == (board.out / f"promote/{MODEL}.md").read_text(encoding="utf-8")
    assert version.tags["malmoi.decision"] == f"promoted {board.decision['decided']}"


def test_rolling_back_to_a_version_stays_when_everything_is_recorded_again(board: Stood, capsys: pytest.CaptureFixture[str]) -> None:
    board.accept()
    aliases(board.out)
    rollback.run(MODEL, to=1, reason="slow", out=board.out, champions=board.champions)
    assert f"MLflow: champion {MODEL} version 1 (reviews-poor · seed 1)" in capsys.readouterr().out
    assert aliases(board.out)[1]["champion"] == "reviews-poor 1"
    assert board.history[-1] == ("rollback", "reviews-poor")
    board.promote()
    assert aliases(board.out) == ([], {"champion": "reviews-poor 1", "challenger": "reviews-good 2"})
    with pytest.raises(ConfigError, match=r"version 1 \(reviews-poor · seed 1\) is the champion"):
        rollback.run(MODEL, to=1, out=board.out, champions=board.champions)
    with pytest.raises(ConfigError, match=r"has no version 7; there are: 1 \(reviews-poor\), 2 \(reviews-good\)"):
        rollback.run(MODEL, to=7, out=board.out, champions=board.champions)


def test_an_empty_store_has_former_champions_to_go_back_to(
    board: Stood, empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.accept()
    board.train("reviews-poor", wrong=0.44)  # what stood once is in champions/ alone
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path / "empty"))
    store = _tracking.store()
    for _ in range(2):  # the second time there is nothing to do
        _recording.record(store, board.out)
        assert aliases(board.out)[1]["champion"] == "reviews-good 2"
    former, today = sorted(store.client.search_model_versions(f"name = '{MODEL}'"), key=lambda one: int(one.version))
    events = _champions.read(board.champions)[MODEL]
    assert [former.tags["malmoi.key"], today.tags["malmoi.key"]] == [event.key for event in events]
    assert "Champion as the first one, chosen on validation." in former.description
    assert store.client.get_run(former.run_id).info.status == "FINISHED"
    rollback.run(MODEL, to=int(former.version), reason="slow", out=board.out, champions=board.champions)
    assert aliases(board.out)[1]["champion"] == "reviews-poor 1"


def test_a_version_that_is_nowhere_else_is_brought_back_from_mlflow(board: Stood) -> None:
    aliases(board.out)  # the good one is version 2, and was never champion
    shutil.rmtree(board.out / "train/reviews-good")
    shutil.rmtree(board.out / "evaluate/reviews-good")
    store = _tracking.store()
    version = store.client.get_model_version(MODEL, "2")
    scores = board.out / "evaluate/reviews-poor/metrics.json"
    store.client.log_artifact(version.run_id, str(scores))  # as `record` does
    rollback.run(MODEL, to=2, reason="it was better", out=board.out, champions=board.champions)
    assert aliases(board.out)[1]["champion"] == "reviews-good 2"
    decision = board.promote()  # nothing of it is in out/: it is scored again from champions/
    assert (decision["champion"], decision["current"]) == ("reviews-good", False)
    assert decision["test"] == 1.0


def test_a_clone_without_the_bundles_leaves_the_alias_alone(board: Stood, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(board.champions / MODEL)
    assert aliases(board.out)[1]["challenger"] == "reviews-good 2"
    assert "bring it" not in capsys.readouterr().err  # today's training is the same one
    shutil.rmtree(board.out / "train/reviews-poor")
    assert aliases(board.out)[1]["champion"] == "reviews-poor 1"
    assert "bring it: dvc pull" in capsys.readouterr().err


def test_a_board_where_nobody_is_better_than_guessing_has_no_champion(
    empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the decision to MLflow, the leaderboard and the card: once somebody was named, then nobody is."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    monkeypatch.chdir(tmp_path)
    board = Stood(tmp_path)
    board.train("reviews-poor", wrong=0.42)
    board.promote()
    assert aliases(board.out)[1] == {"champion": "reviews-poor 1"}
    board.train("reviews-poor", wrong=0.5)
    decision = board.promote()
    assert (decision["outcome"], decision["champion"], decision["bundle"]) == ("refused", None, None)
    assert decision["why"].startswith("No champion: no experiment is better than guessing. reviews-poor: not better than guessing (always ")
    assert _freshness.problems(board.out) == [f"{MODEL}: a champion is registered, and nobody is one any more; run: python -m tasks record"]
    assert aliases(board.out) == ([f"{MODEL}: nobody any more"], {})
    assert (aliases(board.out), _freshness.problems(board.out)) == (([], {}), [])
    board.accept()
    assert (board.history, _champions.read(board.champions)) == ([], {})
    capsys.readouterr()
    leaderboard.run(board.out / "compare", board.out / "promote")
    printed = capsys.readouterr().out
    assert "  reviews-poor: not better than guessing, p = " in printed
    assert "* reviews-poor" not in printed
    assert "make serve" not in printed
    with pytest.raises(ConfigError, match=f"{MODEL}: No champion: no experiment is better than guessing"):
        _subject.find(board.out, MODEL, None)


def test_mlflow_says_that_an_experiment_is_not_better_than_guessing(tmp_path: Path) -> None:
    board = Stood(tmp_path)
    board.train("reviews-poor", wrong=0.5, seeds=(1, 2))
    board.train("reviews-good", wrong=0.0)
    board.promote()
    said = {record.name: record for record, _ in _records.read(board.out)}
    assert "; higher is better. It is not better than guessing, p\u00a0=\u00a0" in said["reviews-poor"].tags["mlflow.note.content"]
    assert "guessing" not in said["reviews-good"].tags["mlflow.note.content"]
    assert said["reviews-poor"].scores["test_guessing_p"] > 0.05 > said["reviews-good"].scores["test_guessing_p"]


ROLL_BACK = """
import sys
from pathlib import Path
from tasks import _aliases, rollback
_aliases.tell = lambda out: None
print("begun", flush=True)
rollback.run(sys.argv[1], reason="slow", out=Path("out"), champions=Path("champions"))
"""


def test_a_rollback_that_comes_while_decisions_are_accepted_has_the_last_word(board: Stood, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting reads the history, and before it writes, somebody rolls back: that waits, and is not overruled."""
    board.accept()
    board.train("reviews-best", wrong=0.0, seeds=(2,))
    board.promote()
    keep, other = _champions.keep, []

    def slow(*given: Any) -> None:
        command = [sys.executable, "-c", ROLL_BACK, MODEL]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=board.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(2.0)
        assert process.poll() is None  # it waits
        other.append(process)
        keep(*given)

    before = board.history
    event = _champions.event_of(board.out, "force", "reviews-best", 2)
    monkeypatch.setattr(_champions, "keep", slow)
    accept.run([MODEL], force="reviews-best", reason="a race", out=board.out, champions=board.champions)
    [process] = other
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "is champion again" in said
    assert "waiting for process" in errors
    assert board.history == [*before, ("force", event.experiment), ("rollback", before[-1][1])]


def test_a_history_that_changes_while_aliases_are_set_is_read_again(board: Stood, monkeypatch: pytest.MonkeyPatch) -> None:
    board.accept()
    point, times = _aliases._point, []

    def late(*given: Any) -> list[str]:
        if not times:  # between reading the history and setting the alias
            events = _champions.read(board.champions)[MODEL]
            _champions.add(board.champions, MODEL, replace(events[0], by="rollback", reason="slow"))
        times.append(given)
        return point(*given)

    monkeypatch.setattr(_aliases, "_point", late)
    assert aliases(board.out)[1]["champion"] == "reviews-poor 1"


@pytest.mark.parametrize("what", ["a file", "its key", "no digest"])
def test_files_that_are_not_what_was_registered_are_not_gone_back_to(board: Stood, what: str) -> None:
    aliases(board.out)
    for part in ("train", "evaluate"):
        shutil.rmtree(board.out / part / "reviews-good")
    store = _tracking.store()
    version = store.client.get_model_version(MODEL, "2")
    store.client.log_artifact(version.run_id, str(board.out / "evaluate/reviews-poor/metrics.json"))
    if what == "no digest":
        store.client.delete_model_version_tag(MODEL, "2", "malmoi.files")
    elif what == "its key":
        store.client.set_model_version_tag(MODEL, "2", "malmoi.key", "0" * 64)
    else:
        folder = Path(store.client.get_logged_model(version.source.removeprefix("models:/")).artifact_location.removeprefix("file://"))
        weights = next(folder.rglob("*.npz"))
        weights.write_bytes(weights.read_bytes() + b"\0")
    before = board.history
    with pytest.raises(ConfigError, match=r"not\s+gone"):
        rollback.run(MODEL, to=2, reason="it was better", out=board.out, champions=board.champions)
    assert board.history == before


def test_nothing_is_accepted_where_one_decision_is_out_of_date(board: Stood) -> None:
    """All boards or none."""
    file = board.out / "promote/decisions.json"
    decisions = json.loads(file.read_text(encoding="utf-8"))
    [decision] = decisions.values()
    file.write_text(json.dumps(decisions | {"zzz": decision | {"model": "zzz", "history": 7}}), encoding="utf-8")
    before = board.history
    with pytest.raises(ConfigError, match="zzz: out/promote was decided before"):
        board.accept()
    assert board.history == before


def test_a_strict_record_is_refused_where_a_champion_is_nowhere(board: Stood, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (board.champions / MODEL, board.out / "train/reviews-poor"):
        shutil.rmtree(folder)
    assert _aliases.missing(board.out) == [MODEL]
    record.run(board.out)
    with pytest.raises(ConfigError, match=f"bundles are not here: {MODEL}; bring them"):
        record.run(board.out, strict=True)
