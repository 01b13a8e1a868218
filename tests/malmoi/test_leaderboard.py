"""Ranking and decisions on entries made by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from malmoi.champion import decide
from malmoi.config import ConfigError
from malmoi.leaderboard import Entry, Outcomes, compare, intervals, rank, say, verdict


def classifier(name: str, family: str, right: int, **about: Any) -> Entry:
    """One that gets the first `right` of 100 examples right. valid: its validation accuracy by seed (default: as on test)."""
    values = np.repeat((np.arange(100) < right)[:, None], len(about.get("valid", [0])), axis=1)
    valid = about.get("valid", [right / 100])
    seeds = {str(place): {"accuracy": value} for place, value in enumerate(valid, start=1)}
    metrics = {
        "experiment": name,
        "problem": "classify",
        "corpus": "c",
        "language": "ko",
        "family": family,
        "parameters": about.get("size", 9),
    }
    metrics |= {"primary": "accuracy", "better": "higher", "valid": {"mean": {"accuracy": float(np.mean(valid))}, "seeds": seeds}}
    test = {"mean": {"accuracy": right / 100}, "spread": {"accuracy": None}, "interval": {"accuracy": [0.1, 0.9]}, "seeds": seeds}
    ids = np.array([f"{about.get('prefix', 'e')}{place:03}" for place in range(100)])
    return Entry(metrics | {"test": test}, Outcomes(ids, values, {"accuracy": np.ones(100, int)}), "okt", "okt-ids")


def language_model(name: str, tokenizer: str, bits: float, lossless: bool, tokens: int = 4, vocabulary: str = "") -> Entry:
    """One that spends `bits` on each character of 40 texts of ten characters. vocabulary: its digest; "": as of an older `evaluate`."""
    per_token = bits * 10 / tokens
    mean = {"perplexity": 2**per_token, "bits_per_character": bits if lossless else None, "tokens": 40.0 * tokens, "unknown_rate": 0.0}
    summary = {"mean": mean, "spread": dict.fromkeys(mean), "interval": {}, "seeds": {"1": mean}}
    primary = "bits_per_character" if lossless else "perplexity"
    metrics = {"experiment": name, "problem": "language_model", "corpus": "c", "language": "en", "family": "ngram", "parameters": 9}
    metrics |= {"primary": primary, "better": "lower", "valid": summary, "test": summary} | (
        {"vocabulary": vocabulary} if vocabulary else {}
    )
    sizes = {"bits_per_character": np.full(40, 10), "bits_per_token": np.full(40, tokens)}
    return Entry(metrics, Outcomes(np.arange(40), np.full((40, 1), bits * 10), sizes), tokenizer, "ids")


def test_best_first_with_a_paired_test_against_the_next() -> None:
    rows = rank([classifier("a", "linear", 80), classifier("b", "recurrent", 95), classifier("c", "recurrent", 81)])
    assert [(row["experiment"], row["rank"]) for row in rows] == [("b", 1), ("c", 2), ("a", 3)]
    first, second = rows[0]["paired"], rows[1]["paired"]
    assert (first["against"], first["verdict"], first["difference"]) == ("c", "better", 0.14)
    assert first["p"] == pytest.approx(2**-14, rel=1e-5)  # 14 differ, all one way: 2 / 2^14, half of it for mid-p
    assert first["p_adjusted"] == pytest.approx(2 * 2**-14, rel=1e-5)
    assert (second["verdict"], rows[2]["paired"]) == ("no difference", None)
    assert say(second).startswith("no difference shown from a: +1.0 points (95% interval ")
    assert "; McNemar, mid-p: p = " in say(second).replace("\u00a0", " ")


def test_equal_scores_go_to_the_smaller_model_and_then_by_name() -> None:
    rows = rank([classifier("z", "linear", 80), classifier("big", "linear", 80, size=10), classifier("y", "linear", 80)])
    assert [row["experiment"] for row in rows] == ["y", "z", "big"]


def test_perplexity_ranks_only_its_own_tokenization() -> None:
    entries = [
        language_model("words", "english", 2.5, True),
        language_model("letters", "characters", 2.0, True, tokens=10),
        language_model("lossy", "okt", 1.0, False, vocabulary="1f"),
        language_model("lossy-other", "okt", 0.9, False, vocabulary="2e"),  # as many tokens, as many unknown: of another vocabulary
        language_model("lossy-too", "okt", 1.1, False, vocabulary="1f"),
        language_model("older", "okt", 1.0, False),
        language_model("oldest", "okt", 1.1, False),
    ]
    rows = rank(entries)
    assert [(row["group"], row["rank"], row["experiment"]) for row in rows] == [
        ("", 1, "letters"),  # more bits per character than `lossy`, with which it does not compare
        ("", 2, "words"),
        ("okt (160 test tokens, 0.0% unknown; vocabulary 1f)", 1, "lossy"),
        ("okt (160 test tokens, 0.0% unknown; vocabulary 1f)", 2, "lossy-too"),
        ("okt (160 test tokens, 0.0% unknown; vocabulary 2e)", 1, "lossy-other"),
        ("okt (160 test tokens, 0.0% unknown; vocabulary not known, older alone)", 1, "older"),
        ("okt (160 test tokens, 0.0% unknown; vocabulary not known, oldest alone)", 1, "oldest"),
    ]
    assert rows[0]["paired"]["metric"] == "bits_per_character"
    assert rows[0]["paired"]["verdict"] == "better"
    assert (rows[0]["paired"]["test"], rows[0]["paired"]["examples"]) == ("paired bootstrap", 40), "over texts, not over tokens"
    with pytest.raises(ConfigError, match="perplexity is per token"):
        compare(entries[2], entries[3])


def test_a_metric_that_nobody_declared_has_no_direction() -> None:
    paired = {"metric": "word_error_rate", "difference": -0.1}
    with pytest.raises(ConfigError, match=r"no metric is called 'word_error_rate'.*declare it"):
        verdict(paired, 0.01)
    for metric, said in (("accuracy", "worse"), ("log_loss", "better"), ("bits_per_token", "better"), ("macro_f1", "worse")):
        assert verdict(paired | {"metric": metric}, 0.01) == said


def test_of_several_seeds_only_intervals_of_means_are_shown() -> None:
    entry = classifier("gru", "recurrent", 70, valid=[0.9, 0.94])
    older = entry.metrics["test"] | {"interval": {"accuracy": [0.1, 0.9], "macro_f1": [0.1, 0.9]}}
    assert set(intervals(replace(entry, metrics=entry.metrics | {"test": older}))) == {"accuracy"}  # those of the first seed are left out
    newer = older | {"redrawn": "texts and seeds"}
    found = intervals(replace(entry, metrics=entry.metrics | {"test": newer}))
    assert found["macro_f1"] == [0.1, 0.9]
    assert found["accuracy"] != [0.1, 0.9]


def test_other_test_examples_are_refused() -> None:
    with pytest.raises(ConfigError, match="a and b were evaluated on different test examples"):
        compare(classifier("a", "linear", 80), classifier("b", "linear", 80, prefix="f"))


def test_the_champion_is_chosen_on_validation_and_its_best_seed() -> None:
    network = classifier("gru", "recurrent", 70, valid=[0.90, 0.94, 0.94])
    decision = decide([classifier("tfidf", "linear", 90, valid=[0.91]), network])
    assert (decision["champion"], decision["seed"], decision["chosen_on"]) == ("gru", 2, "valid")
    assert (
        "gru has the best validation accuracy: 92.7%, mean of 3 seeds. It beats the best baseline there, tfidf with 91.0%."
        in decision["why"]
    )
    assert decision["evidence"]["baseline"]["verdict"] == "worse"
    assert "On the test split, which had no say: worse than tfidf: −20.0 points" in decision["why"]


def test_networks_that_do_not_beat_the_baseline_are_said_so() -> None:
    entries = [classifier("tfidf", "linear", 90), classifier("bow", "linear", 88), classifier("gru", "recurrent", 80)]
    decision = decide(entries)
    assert decision["champion"] == "tfidf"
    assert "The networks did not beat this baseline: the best of them, gru, has 80.0%." in decision["why"]
    assert "The runner-up, bow, has 88.0%." in decision["why"]
    assert set(decision["evidence"]) == {"best_network", "runner_up"}


def test_one_experiment_alone() -> None:
    decision = decide([classifier("tfidf", "linear", 90)])
    assert decision["why"].endswith("it is the only comparable experiment.")
    assert decision["evidence"] == {}


def test_no_champion_where_nothing_compares() -> None:
    decision = decide([language_model("a", "okt", 1.0, False), language_model("b", "komoran", 1.0, False, tokens=3)])
    assert (decision["champion"], decision["seed"]) == (None, None)
    assert decision["why"].startswith("No champion: no tokenizer here gives the text back")
    alone = decide([language_model(name, "okt", bits, False, vocabulary="1f") for name, bits in (("a", 1.0), ("b", 1.1))])
    assert alone["champion"] == "a"
