"""A champion of an earlier training than today's: its card, its runs in MLflow and its version are of what was promoted."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from stood import MODEL, Stood

from malmoi.config import ConfigError
from tasks import _aliases, _champions, _kept, _lineage, _recording, _registry, _runs, _subject, _tracking, card, rollback

COMMIT = "mlflow.source.git.commit"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stood:
    """reviews-poor was promoted with two seeds and accepted; it has been trained again since, worse, and has not taken its own place."""
    monkeypatch.chdir(tmp_path)
    found = Stood(tmp_path)
    found.train("reviews-poor", wrong=0.1, seeds=(1, 2))
    found.promote()
    found.accept()
    found.train("reviews-poor", wrong=0.45, seeds=(1, 2))
    decision = found.promote()
    assert (decision["champion"], decision["current"]) == ("reviews-poor", False)
    return found


def better_one(folder: Path) -> Stood:
    """reviews-poor stands; reviews-good was promoted, and is not accepted yet."""
    board = Stood(folder)
    for name, wrong in (("reviews-poor", 0.42), ("reviews-good", 0.0)):
        board.train(name, wrong)
        board.promote()
        if name == "reviews-poor":
            board.accept()
    return board


def event(board: Stood) -> _champions.Event:
    return _champions.read(board.champions)[MODEL][-1]


def said(board: Stood, name: str, capsys: pytest.CaptureFixture[str], **options: int) -> str:
    capsys.readouterr()
    card.run(name, out=board.out, **options)
    return capsys.readouterr().out


def test_the_card_of_a_model_is_of_what_was_promoted(board: Stood, capsys: pytest.CaptureFixture[str]) -> None:
    today = next(run for run in _runs.read(board.out) if int(run.seed) == event(board).seed)
    assert today.bundle["key"] != event(board).key
    promoted = said(board, MODEL, capsys)
    assert promoted.startswith(f"# {MODEL}: reviews-poor, seed {event(board).seed}\n")
    assert f"`{event(board).key}`" in promoted
    assert "(of an earlier training, scored again on today’s test texts) stays champion" in promoted
    assert "git commit" not in promoted  # nobody knows it: today's would be wrong
    by_name = said(board, "reviews-poor", capsys, seed=event(board).seed)
    assert by_name.startswith("# reviews-poor, seed ")  # which is today's, and no champion
    assert f"`{today.bundle['key']}`" in by_name
    other = 3 - event(board).seed
    sibling = said(board, MODEL, capsys, seed=other)
    kept = _champions.out_of(board.champions, MODEL, event(board))
    key = next(run.bundle["key"] for run in _runs.read(kept) if int(run.seed) == other)
    assert f"`{key}`" in sibling
    assert "stays champion" not in sibling


def test_a_bundle_that_is_not_here_or_was_changed_is_said(board: Stood) -> None:
    folder = _champions.out_of(board.champions, MODEL, event(board))
    (folder / "train/reviews-poor/history.csv").write_text("seed,epoch\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not what was made champion; bring that back"):
        _subject.find(board.out, MODEL, None)
    folder.parent.rename(folder.parent.with_name("elsewhere"))
    with pytest.raises(ConfigError, match="the champion's bundle is not there; bring it: dvc pull"):
        _subject.find(board.out, MODEL, None)
    assert _subject.find(board.out, "reviews-poor", None).model == ""  # today's training needs none of that


def test_why_it_stands_is_said_of_the_one_that_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody is there to be told
    board = better_one(tmp_path)
    waiting = _subject.find(board.out, MODEL, None)
    assert waiting.why == "Champion as the first one, chosen on validation. reviews-good was promoted, and is not accepted yet."
    assert _subject.find(board.out, "reviews-good", None).model == ""
    board.accept()
    assert _subject.find(board.out, MODEL, None).why.startswith("reviews-good takes the place of reviews-poor")
    assert _subject.find(board.out, "reviews-good", None).model == MODEL
    rollback.run(MODEL, reason="slow", out=board.out, champions=board.champions)
    back = _subject.find(board.out, MODEL, None)
    assert (back.run.name, back.why) == ("reviews-poor", "Champion by a rollback (slow).")  # the decision is older than that


def test_an_empty_store_is_filled_with_the_runs_of_what_stands(
    board: Stood, empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    monkeypatch.setattr(_lineage, "commit_with", lambda hashed: {COMMIT: hashed})
    store = _tracking.store()
    assert _recording.record(store, board.out)["new"] == 8  # today's and the promoted one's: two seeds, and what is above
    _aliases.register(store, board.out)
    version = store.client.get_model_version_by_alias(MODEL, "champion")
    run = store.client.get_run(version.run_id)
    assert (run.info.status, run.data.tags["malmoi.key"]) == ("FINISHED", event(board).key)
    assert run.data.metrics["test_accuracy"] > 0.8
    assert version.tags[COMMIT] == run.data.tags[COMMIT] == event(board).train
    assert f"`{event(board).train}`" in version.description  # the commit
    assert store.client.get_run(run.data.tags["mlflow.parentRunId"]).info.run_name == "reviews-poor"
    everything = store.client.search_runs([run.info.experiment_id])
    assert {one.info.status for one in everything} == {"FINISHED"}


def test_what_was_recorded_when_it_was_todays_is_left_as_it_is(
    board: Stood, empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = _tracking.store()
    _recording.record(store, board.out)
    folder = board.champions / MODEL / event(board).place / "out/evaluate/reviews-poor"
    (folder / "metrics.json").write_text((folder / "metrics.json").read_text(encoding="utf-8").replace("0.", "0.0"), encoding="utf-8")
    assert _recording.record(store, board.out) == {"unchanged": 8, "ended": 0}
    [standing] = _kept.standing(board.out).values()
    assert not standing.current(list(_runs.read(board.out)))


def test_a_version_that_is_nowhere_else_is_brought_back_with_the_scores_that_record_has_left(
    empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    monkeypatch.chdir(tmp_path)
    board = better_one(tmp_path)
    store = _tracking.store()
    for _ in range(2):
        _recording.record(store, board.out)
        _aliases.register(store, board.out)
    versions = {one.tags["malmoi.experiment"]: int(one.version) for one in store.client.search_model_versions(f"name = '{MODEL}'")}
    for stage in ("train", "evaluate"):
        (board.out / stage / "reviews-good").rename(tmp_path / stage)
    rollback.run(MODEL, to=versions["reviews-good"], reason="it was better", out=board.out, champions=board.champions)
    assert board.history[-1] == ("rollback", "reviews-good")
    assert _subject.find(board.out, MODEL, None).run.evaluation["test"]["mean"]["accuracy"] == 1.0


def test_the_commit_is_the_first_one_whose_lock_has_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tracking, "ROOT", tmp_path)

    def git(*arguments: str) -> str:
        names = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.run(["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    commits = []
    for text in ("md5: one.dir", "md5: two.dir", "md5: two.dir\nother: 1", "md5: three.dir"):
        (tmp_path / "dvc.lock").write_text(text, encoding="utf-8")
        git("add", "dvc.lock")
        git("commit", "--quiet", "--message", "x")
        commits.append(git("rev-parse", "HEAD"))
    assert _lineage.commit_with("two.dir") == {COMMIT: commits[1], "malmoi.dirty": "false"}
    assert _lineage.commit_with("four.dir") == {}


def test_registering_says_of_an_unknown_commit_nothing(board: Stood) -> None:
    [standing] = _kept.standing(board.out).values()
    run = standing.seeds(list(_runs.read(board.out)))[0]
    assert _registry._facts(MODEL, run, {}, {}).commit == ""
