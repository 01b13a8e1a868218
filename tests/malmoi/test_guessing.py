"""Models held against a guesser: what is better, by which test, and what is said of it."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from malmoi import metrics
from malmoi.batches import END, UNKNOWN
from malmoi.challenge import Board, Candidate, challenge, first
from malmoi.guessing import always, judge, most_frequent
from malmoi.leaderboard import Entry, Outcomes
from malmoi.promotion import Rules
from malmoi.promotion_words import against_guessing, guessing, page, sentence

ABOUT = {"problem": "classify", "corpus": "c", "language": "en", "primary": "accuracy", "parameters": 9, "family": "linear"}


def classifier(name: str, right: np.ndarray, labels: np.ndarray, valid: float = 0.5) -> Entry:
    """right: (n, seeds)."""
    seeds = {str(seed): {"accuracy": valid} for seed in range(1, right.shape[1] + 1)}
    summary = {"mean": {"accuracy": float(right.mean())}, "interval": {}, "seeds": seeds}
    most = most_frequent(labels)
    outcomes = Outcomes(np.arange(len(labels)), right, {"accuracy": np.ones(len(labels), int)}, labels == most, always(most))
    valid_scores = summary | {"mean": {"accuracy": valid}}
    return Entry(ABOUT | {"experiment": name, "valid": valid_scores, "test": summary}, outcomes, "words", "counts")


def balanced(name: str, hits: int, texts: int = 40, valid: float = 0.5) -> Entry:
    """So many of two classes in turn are right, the first ones."""
    return classifier(name, np.arange(texts)[:, None] < hits, np.array(["neg", "pos"] * (texts // 2)), valid)


def test_the_p_value_is_that_of_the_exact_binomial_test_against_the_most_frequent_class() -> None:
    labels = np.array(["b"] * 60 + ["a"] * 40)
    right = np.concatenate([np.arange(60) < 45, np.arange(40) < 24])  # 69 of 100, where always saying b has 60
    [found] = judge([(classifier("one", right[:, None], labels), 1)])
    assert found["against"] == "always 'b'"
    assert found["difference"] == pytest.approx(0.09)
    assert found["p"] == pytest.approx(binomtest(69, 100, 0.6, alternative="greater").pvalue, rel=1e-4)
    assert found["better"]


@pytest.mark.parametrize(("hits", "better"), [(18, False), (20, False), (25, False), (34, True)])
def test_chance_is_not_better_than_guessing(hits: int, better: bool) -> None:
    [found] = judge([(balanced("one", hits), 1)])
    assert found["better"] is better
    words = against_guessing(found).replace("\u00a0", " ")
    assert words.startswith(f"{'' if better else 'not '}better than guessing (always 'neg'): ")
    assert (guessing(found) == "") is better
    assert better or (found["p"] > 0.05 and guessing(found).replace("\u00a0", " ").startswith("not better than guessing, p = 0."))


def test_a_model_that_is_worse_than_guessing_has_a_large_p() -> None:
    [found] = judge([(balanced("worse", 6), 1)])
    assert found["p"] > 0.99


def test_all_models_of_a_board_are_judged_together() -> None:
    lucky = balanced("lucky", 28)
    [alone] = judge([(lucky, 1)])
    among, *_ = judge([(lucky, 1), *((balanced(f"chance{place}", 20), 1) for place in range(9))])
    assert (alone["better"], among["better"]) == (True, False)
    assert among["p_adjusted"] == pytest.approx(10 * alone["p"], rel=1e-4)


def test_neither_a_lucky_seed_nor_a_lucky_mean_is_enough() -> None:
    labels = np.array(["neg", "pos"] * 100)
    order = np.random.default_rng(0).permutation(200)
    seeds = np.stack([order < share * 200 for share in (0.8, 0.35, 0.3)], axis=1)
    [found] = judge([(classifier("unsteady", seeds, labels), 1)])
    assert not found["better"]  # the seed that is served is, the recipe is not
    steady = np.stack([order < share * 200 for share in (0.48, 0.8, 0.8)], axis=1)
    assert [one["better"] for one in judge([(classifier("a", steady, labels), 1)])] == [False]  # the other way round
    assert [one["better"] for one in judge([(classifier("a", steady[:, 1:], labels), 1)])] == [True]


def test_a_split_of_one_class_shows_nothing() -> None:
    [found] = judge([(classifier("one", np.ones((50, 1), bool), np.array(["a"] * 50)), 1)])
    assert not found["better"]


def candidates(*entries: Entry) -> list[Candidate]:
    return [Candidate(entry, 1) for entry in entries]


def test_nobody_becomes_the_first_champion_by_guessing() -> None:
    decision = first(candidates(balanced("a", 18, valid=0.9), balanced("b", 22)), Board(Rules()))
    assert (decision["outcome"], decision["champion"], decision["seed"], decision["challenger"]) == ("refused", None, None, None)
    said = decision["why"].replace("\u00a0", " ")
    assert said.startswith(
        "No champion: no experiment is better than guessing. a: not better than guessing (always 'neg'): −5.0 points, p = "
    )
    about = {"model": "classify-c", "checks": [], "rules": {"level": 0.05, "seeds": 1, "gain": {"accuracy": 0.005}}}
    written = page(decision | about | {"data": {"examples": 40, "sha256": "ab", "left_out": 0}})
    assert "# classify-c: refused" in written
    assert "| a | 1 | 90.0% | 45.0% | refused | not better than guessing" in written


def test_of_several_only_those_that_are_better_can_be_first() -> None:
    decision = first(candidates(balanced("chance", 21, valid=0.99), balanced("good", 36, valid=0.8)), Board(Rules()))
    assert (decision["outcome"], decision["champion"]) == ("promoted", "good")
    assert decision["guessing"]["better"]
    assert decision["why"].endswith("Refused, as they break a rule: chance.")


def test_a_challenger_must_be_better_than_guessing_too() -> None:
    """Against a champion that is worse than guessing, one that guesses is better."""
    texts = 400
    old, new = balanced("old", 100, texts), balanced("new", 205, texts)
    decision = challenge(Candidate(old, 1), candidates(new), Board(Rules()))
    assert (decision["outcome"], decision["champion"]) == ("refused", "old")
    assert "but not better than guessing (always 'neg'): +1.2 points" in decision["challengers"][0]["why"]
    said = sentence(decision | {"standing": {"experiment": "old", "today": True}}).replace("\u00a0", " ")
    assert said.endswith("Itself it is not better than guessing (always 'neg'): −25.0 points, p = 1.00.")


def test_what_was_not_measured_is_not_better() -> None:
    entry = balanced("old-format", 40)
    bare = Entry(entry.metrics, Outcomes(entry.outcomes.ids, entry.outcomes.values, entry.outcomes.sizes), "words", "counts")
    [found] = judge([(bare, 1)])
    assert found == {"better": False}
    assert first(candidates(bare), Board(Rules()))["challengers"][0]["refusals"] == ["what guessing scores was not measured"]


def language_model(bits: np.ndarray, guess: np.ndarray) -> Entry:
    about: dict[str, Any] = ABOUT | {"problem": "language_model", "primary": "bits_per_character", "experiment": "lm"}
    summary = {"mean": {"bits_per_character": 2.0, "tokens": 9, "unknown_rate": 0}, "seeds": {"1": {"bits_per_character": 2.0}}}
    sizes = {"bits_per_character": np.full(len(bits), 10)}
    outcomes = Outcomes(np.arange(len(bits)), bits[:, None], sizes, guess, "by the frequencies of tokens alone")
    return Entry(about | {"valid": summary, "test": summary}, outcomes, "characters", "ids")


def test_a_language_model_must_beat_the_frequencies_of_tokens() -> None:
    random = np.random.default_rng(0)
    guess = random.normal(42, 2, 60)
    assert [one["better"] for one in judge([(language_model(guess - random.normal(4, 2, 60), guess), 1)])] == [True]
    [found] = judge([(language_model(guess + random.normal(4, 2, 60), guess), 1)])
    assert (found["better"], found["p"] > 0.99) == (False, True)


def test_the_unigram_is_counted_by_hand() -> None:
    """Two texts: "b <unk>" and "b"; train had b three times, c once, and one token that the vocabulary lacks."""
    ids, lengths = np.array([3, UNKNOWN, END, 3, END]), np.array([3, 2])
    bits = metrics.unigram_bits(ids, lengths, np.array([0, 0, 0, 3, 1]), 1)
    rest = 3 / 5  # two of five tokens are ends
    share = {3: 4 / 8, UNKNOWN: 2 / 8}  # (3 + 1), (1 + 1) and, of c, (1 + 1)
    cost = {token: -np.log2(one * rest) for token, one in share.items()} | {END: -np.log2(2 / 5)}
    assert bits == pytest.approx([cost[3] + cost[UNKNOWN] + cost[END], cost[3] + cost[END]])
