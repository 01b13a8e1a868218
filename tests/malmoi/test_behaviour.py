"""Which cases a corpus gets: drawn by the seed, enough of them, made sentences only where the corpus says what praises."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malmoi import config
from malmoi._behaviour import english, korean, typography
from malmoi.behaviour import Sentiment, Settings, plan
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [f"영화를 {number}번 봤는데 정말 재미있었다" for number in range(40)]
POLAR = {"reviews": Sentiment(positive="good", negative="bad")}


def counts(settings: Settings, corpus: str = "reviews", language: str = "ko") -> dict[str, int]:
    asked = plan(TEXTS, language, corpus, settings)
    tests = [case.test for case in asked.cases]
    assert list(dict.fromkeys(tests)) == list(asked.about)
    return {test: tests.count(test) for test in asked.about}


def test_as_many_cases_as_asked_for_and_a_test_with_few_is_named() -> None:
    asked = plan(TEXTS, "ko", "news", Settings(cases=12))
    assert counts(Settings(cases=12), "news") == dict.fromkeys(asked.about, 12)
    assert set(asked.about) == {
        "closing_mark",
        "spaces_doubled",
        "space_removed",
        "spaces_removed",
        "space_inserted",
        "speech_level",
        "particle_dropped",
        "full_width",
    }
    assert set(asked.left_out) == {"repeated_marks", "quotation_marks", "laughter", "subject_as_topic"}
    assert asked.left_out["laughter"] == "0 cases; 10 are the fewest that say something"


def test_every_rewriting_changes_its_text_and_the_seed_decides_which() -> None:
    first, again, other = (plan(TEXTS, "ko", "news", Settings(cases=12, seed=seed)).cases for seed in (1, 1, 2))
    assert all(case.after not in (None, case.before) and case.before in TEXTS for case in first)
    assert first == again
    assert {case.before for case in first} != {case.before for case in other}


def test_direction_and_minimum_only_where_praise_is_known() -> None:
    known = Settings(cases=20, sentiment=POLAR)
    kinds = {kind for kind, _ in plan(TEXTS, "ko", "reviews", known).about.values()}
    assert kinds == {"invariance", "direction", "minimum"}
    assert {kind for kind, _ in plan(TEXTS, "ko", "topics", known).about.values()} == {"invariance"}
    asked = plan(TEXTS, "en", "reviews", known)
    falling = {case.expected for case in asked.cases if case.test == "negation_not"}
    assert falling == {"good", "bad"}
    assert {case.expected for case in asked.cases if case.test == "plain_praise"} == {"good"}
    assert all(case.after is None for case in asked.cases if case.test.startswith("plain"))


def test_a_language_without_rewritings_of_its_own_still_has_those_of_signs() -> None:
    assert set(counts(Settings(cases=12), language="fi")) == {"closing_mark", "spaces_doubled"}


def test_no_texts_no_tests() -> None:
    asked = plan([], "ko", "news", Settings())
    assert (asked.cases, asked.about) == ([], {})


def test_the_file_that_is_shipped_is_right() -> None:
    path = ROOT / "params/behaviour.yaml"
    settings = config.read(Settings, config.load(path), str(path))
    corpora = config.load(ROOT / "params/corpora.yaml")["corpora"]
    assert set(settings.sentiment) == {"nsmc", "polarity", "sst2"}
    assert set(settings.sentiment) <= set(corpora)
    for name, one in settings.sentiment.items():
        assert {one.positive, one.negative} == set(corpora[name]["reader"]["options"]["labels"].values())
    with pytest.raises(ConfigError, match=r"sentiment\.nsmc\.positve"):
        config.read(Settings, {"sentiment": {"nsmc": {"positve": "good", "negative": "bad"}}}, "params/behaviour.yaml")


MIXED = st.text(st.sampled_from(list("가은는이다요음영화가를했습니 .!?…\"'“ㅋㅠabcDn'ts,1\n")), max_size=40)


@given(MIXED, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_rewritten_and_the_same_way_again(text: str, seed: int) -> None:
    known = typography.REWRITINGS | korean.rewritings([text, "영화를 봤다"]) | english.rewritings([])
    for name, (words, rewrite) in known.items():
        after = rewrite(text, Random(seed))
        assert after == rewrite(text, Random(seed)), name
        assert words
        if name.startswith("space"):
            assert "".join(after.split()) == "".join(text.split()), name
