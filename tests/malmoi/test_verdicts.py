"""Verdicts on models whose behaviour is known: one that cannot be moved, one that looks at length, one that understands 안."""

from collections.abc import Callable

import numpy as np
import pytest

from malmoi.behaviour import Case, Plan, Sentiment, Settings, plan
from malmoi.config import ConfigError
from malmoi.verdicts import judge, summarise

LABELS = ["bad", "good"]
SETTINGS = Settings(cases=20, shown=2, sentiment={"reviews": Sentiment(positive="good", negative="bad")})
TEXTS = [f"정말 재미있는 영화를 봤다 {'아' * number}" for number in range(1, 31)]
Classify = Callable[[list[str]], np.ndarray]


def model(praise: Callable[[str], float]) -> Classify:
    """A classifier that holds a text for praise with this probability."""
    return lambda texts: np.array([[1 - praise(text), praise(text)] for text in texts])


def rates(classify: Classify) -> dict[str, float]:
    asked = plan(TEXTS, "ko", "reviews", SETTINGS)
    found = summarise(asked, {1: judge(asked, classify, LABELS, SETTINGS)}, SETTINGS)
    return {test: one["rate"] for test, one in found["tests"].items()} | {"kinds": found["kinds"]}


def test_what_never_moves_is_invariant_and_nothing_else() -> None:
    found = rates(model(lambda text: 0.9))
    assert found["kinds"] == {"invariance": 0.0, "direction": 1.0, "minimum": 0.5}
    assert (found["plain_praise"], found["plain_blame"]) == (0.0, 1.0)


def test_what_counts_spaces_fails_where_spaces_change() -> None:
    found = rates(model(lambda text: 0.9 if text.count(" ") == 4 else 0.2))
    assert (found["space_removed"], found["spaces_doubled"], found["closing_mark"]) == (1.0, 1.0, 0.0)


def test_what_understands_negation_passes() -> None:
    words = ("지루", "유치", "나빴", "나쁘", "어색", "답답", "시시", "허술", "형편", "짜증", "실망")

    def praise(text: str) -> float:
        negated = any(sign in text for sign in (" 안 ", " 못 ", "지 않", "지 못"))
        return 0.95 if any(word in text for word in words) == negated else 0.05

    assert rates(model(praise))["kinds"] == {"invariance": 0.0, "direction": 0.0, "minimum": 0.0}


def test_a_model_is_asked_once_and_for_each_text_once() -> None:
    asked = plan(TEXTS, "ko", "reviews", SETTINGS)
    calls: list[list[str]] = []
    judge(asked, lambda texts: calls.append(texts) or model(lambda text: 0.5)(texts), LABELS, SETTINGS)
    assert len(calls) == 1
    assert len(set(calls[0])) == len(calls[0])


def test_seeds_are_averaged_and_the_surest_failures_shown() -> None:
    cases = [Case("t", f"text {number}", f"texts {number}") for number in range(4)]
    asked = Plan("reviews", "en", cases, {"t": ("invariance", "an s more")}, {"other": "why"})
    sure = model(lambda text: {"0": 0.3, "1": 0.2, "2": 0.1}.get(text[-1], 0.9) if "texts" in text else 0.9)
    unsure = model(lambda text: 0.4 if text == "texts 0" else 0.9)
    settings = Settings(shown=2)
    found = summarise(asked, {1: judge(asked, sure, LABELS, settings), 2: judge(asked, unsure, LABELS, settings)}, settings)
    one = found["tests"]["t"]
    assert (one["cases"], one["failures"], one["seeds"], one["rate"]) == (4, 2.0, {"1": 3, "2": 1}, 0.5)
    assert one["interval"] == pytest.approx([0.1500, 0.8500], abs=1e-4)  # Wilson: 2 of 4 texts, however many seeds
    assert found["left_out"] == {"other": "why"}
    assert [example["before"] for example in one["examples"]] == ["text 2", "text 1"]
    assert one["examples"][0] == {
        "before": "text 2",
        "after": "texts 2",
        "expected": None,
        "answers": [{"label": "good", "probability": 0.9}, {"label": "bad", "probability": 0.9}],
        "seed": 1,
    }


def test_a_label_that_the_model_has_not_is_the_corpus_entry_s_mistake() -> None:
    asked = plan(TEXTS, "ko", "reviews", SETTINGS)
    with pytest.raises(ConfigError, match=r"sentiment\.reviews: no class is called '(good|bad)'; there are: 0, 1"):
        judge(asked, model(lambda text: 0.5), ["0", "1"], SETTINGS)


def test_nothing_asked_gives_no_rate() -> None:
    nothing = Plan("x", "ko", [], {}, {})
    assert summarise(nothing, {1: []}, SETTINGS) == {"tests": {}, "kinds": {}, "left_out": {}, "rate": None}
