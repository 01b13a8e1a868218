"""What champions/ and the decisions say becomes aliases in MLflow; nothing that was rolled back to is undone by recording again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from stood import MODEL, Stood

from malmoi.config import ConfigError
from tasks import _aliases, _champions, _freshness, _recording, _records, _subject, _tracking, leaderboard, rollback


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
