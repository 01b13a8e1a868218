"""Decisions on candidates made by hand: what is shown, what is refused and why, and in which words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from malmoi.challenge import Board, Candidate, challenge, first
from malmoi.leaderboard import Entry, Outcomes
from malmoi.promotion import Guards, Limit, Rules
from malmoi.promotion_words import page, sentence

TEXTS = 400
ABOUT = {"problem": "classify", "corpus": "c", "language": "ko", "primary": "accuracy", "better": "higher", "parameters": 9}
STANDING = {"experiment": "old", "seed": 1, "by": "first", "reason": "", "train": "ab.dir", "today": True}


def classifier(name: str, right: float, valid: float = 0.5, family: str = "linear", **more: Any) -> Candidate:
    """One that gets this share right: those texts that are easiest, some more or less by chance. seeds: how many (1)."""
    random = np.random.default_rng(list(name.encode()))
    seeds = more.get("seeds", 1)
    noise = 0.1 * random.random((TEXTS, seeds))
    values = np.linspace(0, 1, TEXTS)[:, None] + noise < right + 0.05
    scores = {str(seed + 1): {"accuracy": valid + seed / 1000} for seed in range(seeds)}
    summary = {"mean": {"accuracy": valid}, "seeds": scores}
    test = {"mean": {"accuracy": float(values.mean())}, "interval": {}, "seeds": scores}
    metrics = ABOUT | {"experiment": name, "family": family, "valid": summary, "test": test}
    outcomes = Outcomes(
        np.array([f"e{place:03}" for place in range(TEXTS)]),
        values,
        {"accuracy": np.ones(TEXTS, int)},
        np.arange(TEXTS) < 0.2 * TEXTS,
        "always 'a'",
    )
    return Candidate(Entry(metrics, outcomes, "okt", "ids"), more.get("seed", seeds), more.get("measures", {}))


def language_model(name: str, bits: float, group: str = "") -> Candidate:
    """One that spends so many bits on a character. group: its tokenizer, which loses text."""
    spent = np.random.default_rng(list(name.encode())).normal(bits, 0.2, size=(TEXTS, 1)) * 10
    mean = {"bits_per_character": None if group else bits, "perplexity": 2**bits, "tokens": 4000.0, "unknown_rate": 0.0}
    summary = {"mean": mean, "seeds": {"1": mean}, "interval": {}}
    metrics = ABOUT | {
        "problem": "language_model",
        "experiment": name,
        "vocabulary": group or "characters",
        "family": "ngram",
        "valid": summary,
        "test": summary,
    }
    metrics |= {"primary": "perplexity" if group else "bits_per_character", "better": "lower"}
    sizes = {"bits_per_character": np.full(TEXTS, 10), "bits_per_token": np.full(TEXTS, 10)}
    return Candidate(
        Entry(metrics, Outcomes(np.arange(TEXTS), spent, sizes, np.full(TEXTS, 80.0), "by frequencies"), group or "characters", "ids"), 1
    )


def told(decision: dict[str, Any]) -> dict[str, str]:
    return {row["experiment"]: row["outcome"] for row in decision["challengers"]}


def row(decision: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in decision["challengers"] if one["experiment"] == name)


def test_one_that_is_shown_better_takes_the_place() -> None:
    decision = challenge(classifier("old", 0.6), [classifier("new", 0.8, 0.7), classifier("same", 0.6, 0.9)], Board(Rules()))
    assert (decision["outcome"], decision["champion"], decision["seed"]) == ("promoted", "new", 1)
    assert told(decision) == {"new": "promoted", "same": "no difference"}
    found = row(decision, "new")
    assert found["p_mcnemar"] < 1e-6
    assert (
        found["p"] == max(found["p_bootstrap"], found["p_mcnemar"]) == pytest.approx(2 / 5001, rel=1e-4)
    )  # of 5000 draws none the other way
    assert found["p_adjusted"] == pytest.approx(2 * found["p"], rel=1e-4)  # Holm: the smaller of two
    assert found["only_challenger_right"] - found["only_champion_right"] == round(found["difference"] * TEXTS)
    assert decision["challenger"] == {"experiment": "same", "seed": 1}


def test_nothing_shown_is_no_difference_whatever_validation_says() -> None:
    decision = challenge(classifier("old", 0.6, 0.5), [classifier("lucky", 0.61, 0.99)], Board(Rules()))
    assert (decision["outcome"], decision["champion"], decision["challenger"]) == (
        "no difference",
        "old",
        {"experiment": "lucky", "seed": 1},
    )


def test_many_challengers_need_more_than_one_does() -> None:
    old, close = classifier("old", 0.6), classifier("close", 0.62)
    alone = challenge(old, [close], Board(Rules()))
    among = challenge(old, [close, *(classifier(f"other{place}", 0.6) for place in range(30))], Board(Rules()))
    assert alone["outcome"] == "promoted"
    assert row(among, "close")["p"] == row(alone, "close")["p"] < 0.05 < row(among, "close")["p_adjusted"]
    assert among["outcome"] == "no difference"


def test_of_several_that_are_better_validation_chooses() -> None:
    challengers = [classifier("best-on-test", 0.9, 0.7), classifier("best-on-valid", 0.8, 0.8)]
    decision = challenge(classifier("old", 0.6), challengers, Board(Rules()))
    assert (decision["champion"], told(decision)["best-on-test"]) == ("best-on-valid", "passed over")
    assert "so does best-on-valid, which is better on validation" in row(decision, "best-on-test")["why"]


def test_a_gain_that_does_not_matter_is_not_enough() -> None:
    decision = challenge(classifier("old", 0.6), [classifier("new", 0.7)], Board(Rules(gain={"accuracy": 0.2})))
    assert (decision["outcome"], row(decision, "new")["verdict"]) == ("no difference", "better")
    assert "less than the 20.0 points that matter" in row(decision, "new")["why"]


@pytest.mark.parametrize(
    ("more", "board", "said"),
    [
        ({"family": "recurrent"}, Board(Rules(seeds=2)), "it has 1 seed, and a model that draws random numbers needs 2"),
        ({"measures": {"size": {"": 9.0}}}, Board(Rules(guards=Guards(size=Limit(most=5)))), "size of the bundle: 9 MB is more than 5 MB"),
        ({}, Board(Rules(), [{"what": "texts shared", "broken": "3 of 100"}]), "texts shared: 3 of 100"),
        ({}, Board(Rules(), held="rolled back to (slow) and stays until it is released"), "rolled back to (slow)"),
    ],
)
def test_a_rule_that_is_broken_refuses_what_is_better(more: dict[str, Any], board: Board, said: str) -> None:
    decision = challenge(classifier("old", 0.6), [classifier("new", 0.8, **more), classifier("worse", 0.3)], board)
    assert (decision["outcome"], decision["champion"]) == ("refused", "old")
    assert told(decision) == {"new": "refused", "worse": "worse"}
    assert said in row(decision, "new")["refusals"][0]
    assert decision["challenger"]["experiment"] == "new"
    said_so = sentence(decision | {"standing": STANDING})
    assert said_so.startswith("old stays champion. new is better by +")
    assert said in said_so


def test_a_deterministic_family_needs_no_second_seed() -> None:
    assert challenge(classifier("old", 0.6), [classifier("new", 0.8)], Board(Rules(seeds=5)))["outcome"] == "promoted"


def test_seeds_count_and_so_does_the_bundle_that_is_served() -> None:
    old, new = classifier("old", 0.6, seeds=3), classifier("new", 0.8, seeds=2, seed=2)
    worst = new.entry.outcomes.values.copy()
    worst[:, 1] = old.entry.outcomes.values[:, 0]  # the seed that would be served is no better than the champion
    found = row(challenge(old, [new], Board(Rules())), "new")
    assert found["seeds"] == 2
    assert found["p_mcnemar"] < 0.001
    copied = Candidate(Entry(new.entry.metrics, replace(new.entry.outcomes, values=worst), "okt", "ids"), 2)
    found = row(challenge(Candidate(old.entry, 1), [copied], Board(Rules())), "new")
    assert (found["p_mcnemar"], found["outcome"]) == (1.0, "no difference")


def test_language_models_meet_by_their_bits_and_only_where_these_compare() -> None:
    challengers = [language_model("new", 2.0), language_model("lossy", 1.0, "okt")]
    decision = challenge(language_model("old", 2.2), challengers, Board(Rules(gain={"bits_per_character": 0.05})))
    assert (decision["outcome"], decision["champion"], told(decision)["lossy"]) == ("promoted", "new", "not compared")
    found = row(decision, "new")
    assert (found["metric"], found["verdict"]) == ("bits_per_character", "better")
    assert "p_mcnemar" not in found
    assert found["difference"] == pytest.approx(-0.2, abs=0.05)


def test_where_perplexity_ranks_slices_are_named_by_what_they_measure() -> None:
    """Bits per token: a limit of 0.05 is of these, and not of a perplexity."""
    new, old = (
        replace(language_model(name, bits, "okt"), measures={"slices": {"Korean": bits}}) for name, bits in (("new", 2.0), ("old", 2.2))
    )
    rules = Rules(guards=Guards(slices=Limit(worse=0.05)))
    [found] = row(challenge(old, [new], Board(rules)), "new")["guards"]
    assert (found["what"], found["value"], found["broken"]) == ("bits per token on texts in Korean", 2.0, "")


def test_the_first_is_chosen_on_validation_among_those_that_keep_the_rules() -> None:
    candidates = [classifier("seedy", 0.9, 0.9, "recurrent"), classifier("good", 0.7, 0.8), classifier("next", 0.8, 0.6)]
    decision = first(candidates, Board(Rules(seeds=2)))
    assert (decision["outcome"], decision["champion"], decision["standing"]) == ("promoted", "good", None)
    assert decision["challenger"] == {"experiment": "next", "seed": 1}
    assert told(decision) == {"seedy": "refused", "good": "eligible", "next": "eligible"}
    assert decision["why"].startswith(
        "No champion stood here, so validation alone has chosen the first. good has the best validation accuracy"
    )
    assert decision["why"].endswith("Refused, as they break a rule: seedy.")


def test_where_everybody_breaks_a_rule_there_is_no_champion() -> None:
    decision = first([classifier("a", 0.9)], Board(Rules(), [{"what": "data card", "broken": "there is none"}]))
    assert (decision["outcome"], decision["champion"], decision["seed"]) == ("refused", None, None)
    assert decision["why"] == "No champion: every experiment is refused. a: data card: there is none."


def test_the_page_says_every_number() -> None:
    guards = Guards(size=Limit(times=2))
    old, new = (classifier(name, right, measures={"size": {"": size}}) for name, right, size in (("old", 0.6, 1.0), ("new", 0.8, 1.5)))
    check = {"check": "leakage", "what": "texts shared", "value": "0 of 400", "limit": "at most 2%", "broken": ""}
    decision = challenge(old, [new], Board(Rules(guards=guards), [check])) | {"standing": STANDING | {"today": False}}
    decision |= {
        "model": "classify-c",
        "why": sentence(decision),
        "checks": [check],
        "rules": {"level": 0.05, "seeds": 2, "gain": {"accuracy": 0.01}},
    }
    written = page(decision | {"data": {"examples": 400, "sha256": "abc", "left_out": 3}})
    for said in (
        "# classify-c: promoted\n",
        "new takes the place of old (of an earlier training, scored again on today’s test texts): better by +",
        "400 texts, SHA-256 `abc`",
        "3 of them were in the champion's training",
        "| texts shared | 0 of 400 | at most 2% | kept |",
        "least gain 1.0 points (accuracy)",
        "McNemar's test of the two bundles: p\u00a0<\u00a00.001 (",
        "size of the bundle: challenger 1.5, champion 1; at most 2 times the champion's: kept.",
    ):
        assert said in written
