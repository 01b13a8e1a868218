"""Who is champion: decided by `promote`, accepted, challenged, forced, rolled back to, and met again after the data has changed."""

import shutil
from pathlib import Path

import pytest
from stood import MODEL, RULES, Stood

from malmoi.config import ConfigError
from tasks import _champions, rollback


@pytest.fixture
def board(tmp_path: Path) -> Stood:
    """A poor classifier, alone."""
    found = Stood(tmp_path)
    found.train("reviews-poor", wrong=0.42)
    return found


@pytest.fixture
def challenged(board: Stood) -> Stood:
    """The poor one stands, and a good one challenges it."""
    board.promote()
    board.accept()
    board.train("reviews-good", wrong=0.0)
    return board


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_the_first_champion_stands_once_it_is_accepted(board: Stood) -> None:
    decision = board.promote()
    assert (decision["outcome"], decision["champion"], decision["standing"]) == ("promoted", "reviews-poor", None)
    assert decision["data"]["examples"] == 200
    assert [check["broken"] for check in decision["checks"]] == ["", "", ""]
    board.accept(again=True)  # nobody stands yet
    assert board.history == []
    board.accept()
    assert board.history == [("first", "reviews-poor")]
    [event] = _champions.read(board.champions)[MODEL]
    kept = board.champions / MODEL / event.place
    assert contents(kept / "out/train") == contents(board.out / "train")
    assert (kept / "out/evaluate/reviews-poor/metrics.json").is_file()
    assert f"path: {MODEL}/{event.place}" in (board.champions / "bundles.dvc").read_text(encoding="utf-8")


def test_a_decision_made_again_after_it_was_accepted_has_the_same_bytes(challenged: Stood) -> None:
    challenged.promote()
    before = contents(challenged.out / "promote")
    challenged.accept()
    challenged.accept()
    assert challenged.history == [("first", "reviews-poor"), ("evidence", "reviews-good")]
    assert challenged.promote()["outcome"] == "promoted"
    assert contents(challenged.out / "promote") == before


def test_a_better_challenger_takes_the_place_by_evidence(challenged: Stood) -> None:
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"], decision["bundle"]) == (
        "promoted",
        "reviews-good",
        (challenged.out / "train/reviews-good/seed-1").as_posix(),
    )
    assert (decision["standing"]["experiment"], decision["standing"]["today"]) == ("reviews-poor", True)
    [row] = decision["challengers"]
    assert row["examples"] == 200
    assert max(row["p_bootstrap"], row["p_mcnemar"]) < 0.001
    written = (challenged.out / f"promote/{MODEL}.md").read_text(encoding="utf-8")
    assert decision["why"] in written
    assert "reviews-good takes the place of reviews-poor: better by +" in written


def test_once_accepted_it_is_the_one_to_beat(challenged: Stood) -> None:
    challenged.promote()
    challenged.accept()
    challenged.train("reviews-other", wrong=0.2)
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"], decision["standing"]["by"]) == ("no difference", "reviews-good", "evidence")
    assert {row["experiment"] for row in decision["challengers"]} == {"reviews-poor", "reviews-other"}
    challenged.accept()
    assert len(challenged.history) == 2


def test_rules_refuse_what_is_better(challenged: Stood) -> None:
    challenged.rule({"defaults": RULES["defaults"], "boards": {MODEL: {"guards": {"latency": {"most": 5}}}}})
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"]) == ("refused", "reviews-poor")
    assert decision["challengers"][0]["refusals"] == ["time for a text: was not measured"]
    assert "reviews-poor stays champion. reviews-good is better by +" in decision["why"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("leakage", "texts of test that occur in train: 9 of 200 (4.50%)"),
        ("data_card", "data card: there is none"),
        ("contract", "examples"),
    ],
)
def test_data_that_is_not_right_refuses_everybody(board: Stood, broken: str, said: str) -> None:
    if broken == "leakage":
        board.data(range(3), range(3, 5), shared=9)
    elif broken == "data_card":
        board.rule({"defaults": {"checks": {"data_card": True}}})
        (board.out / "ingest/reviews/card.json").unlink()
    else:
        file = board.out / "profile/reviews/contract.json"
        file.write_text(file.read_text(encoding="utf-8").replace("false", "true"), encoding="utf-8")
    decision = board.promote()
    assert (decision["outcome"], decision["champion"], decision["bundle"]) == ("refused", None, None)
    assert said in decision["why"]


def test_an_earlier_champion_is_scored_again_without_the_texts_that_it_knows(challenged: Stood) -> None:
    challenged.promote()
    challenged.accept()
    challenged.data(range(5, 7), range(2, 6))  # of the new test texts, those of number 2 were in the champion's training
    challenged.train("reviews-good", wrong=0.01)  # trained again, and so another one
    challenged.evaluate("reviews-poor")
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"], decision["current"]) == ("no difference", "reviews-good", False)
    assert decision["standing"]["today"] is False
    assert (decision["data"]["examples"], decision["data"]["left_out"]) == (400, 100)
    assert {row["experiment"]: row["examples"] for row in decision["challengers"]} == {"reviews-good": 300, "reviews-poor": 300}
    assert decision["bundle"].startswith(challenged.champions.as_posix())
    assert (challenged.out / f"promote/standing/{MODEL}/evaluate/reviews-good/predictions.parquet").is_file()
    assert "(of an earlier training, scored again on today’s test texts)" in decision["why"]


def test_a_champion_that_cannot_answer_stays_and_says_why(challenged: Stood, monkeypatch: pytest.MonkeyPatch) -> None:
    challenged.promote()
    challenged.accept()
    monkeypatch.setattr("stood.WORDS", {"만족": ["좋아요"], "불만": ["나빠요"], "보통": ["그래요"]})
    monkeypatch.setattr("stood.WRONG", {"만족": "불만", "불만": "만족", "보통": "불만"})
    challenged.data(range(3), range(3, 5))
    for name in ("reviews-good", "reviews-poor"):
        challenged.train(name, wrong=0.0)
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"], decision["challenger"]) == ("refused", "reviews-good", None)
    assert "cannot be scored on today's test split: labels ['보통'] are not among those" in decision["why"]
    assert f"python -m tasks accept {MODEL} --force EXPERIMENT" in decision["why"]


def test_a_bundle_that_is_gone_or_was_changed_is_an_error(challenged: Stood) -> None:
    challenged.train("reviews-poor", wrong=0.4)
    [event] = _champions.read(challenged.champions)[MODEL]
    kept = challenged.champions / MODEL / event.place
    with open(kept / "out/train/reviews-poor/history.csv", "a", encoding="utf-8") as file:
        file.write("1,1,0,0\n")
    with pytest.raises(ConfigError, match=r"is not what was made champion; .* dvc checkout --force"):
        challenged.promote()
    shutil.rmtree(kept)
    with pytest.raises(ConfigError, match=r"the champion's bundle is not there; bring it: dvc pull"):
        challenged.promote()


def test_force_needs_a_reason_and_is_held_until_it_is_released(challenged: Stood) -> None:
    challenged.promote()
    challenged.accept()
    with pytest.raises(ConfigError, match="it needs a reason"):
        challenged.accept(MODEL, force="reviews-poor")
    with pytest.raises(ConfigError, match="no experiment of this board is called 'reviews-por'; did you mean 'reviews-poor'"):
        challenged.accept(MODEL, force="reviews-por", reason="x")
    with pytest.raises(ConfigError, match="are for one MODEL"):
        challenged.accept(force="reviews-poor", reason="x")
    challenged.accept(MODEL, force="reviews-poor", reason="작아서")
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"]) == ("refused", "reviews-poor")
    assert decision["challengers"][0]["refusals"] == ["the champion was put there by force (작아서) and stays until it is released"]
    challenged.accept()
    assert challenged.history[-1] == ("force", "reviews-poor")
    challenged.accept(MODEL, release=True, reason="enough")
    assert challenged.promote()["outcome"] == "promoted"
    challenged.accept()
    assert challenged.history[2:] == [("force", "reviews-poor"), ("release", "reviews-poor"), ("evidence", "reviews-good")]
    with pytest.raises(ConfigError, match="its champion is not held"):
        challenged.accept(MODEL, release=True)


def test_what_was_rolled_back_from_does_not_come_back_by_itself(challenged: Stood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    challenged.promote()
    challenged.accept()
    rollback.run(MODEL, reason="slow", out=challenged.out, champions=challenged.champions)
    with pytest.raises(ConfigError, match="run: dvc repro promote"):
        challenged.accept()  # the decision that is there still says "promoted"
    assert challenged.history[2:] == [("rollback", "reviews-poor")]
    decision = challenged.promote()
    assert (decision["outcome"], decision["champion"], decision["held"]) == (
        "refused",
        "reviews-poor",
        "the champion was rolled back to (slow) and stays until it is released",
    )
    challenged.accept()
    assert len(challenged.history) == 3


def test_there_must_be_somebody_to_go_back_to(challenged: Stood) -> None:
    with pytest.raises(ConfigError, match="knows no earlier champion; name a version: --to VERSION"):
        rollback.run(MODEL, out=challenged.out, champions=challenged.champions)


def test_decisions_that_are_out_of_date_are_not_accepted(challenged: Stood) -> None:
    challenged.promote()
    challenged.train("reviews-good", wrong=0.1)
    with pytest.raises(ConfigError, match="was decided before champions/ or out/train changed; run: dvc repro promote"):
        challenged.accept()
    with pytest.raises(ConfigError, match="no board is called 'classify-review'; did you mean 'classify-reviews'"):
        challenged.accept("classify-review")
