"""The made sentences, and that every negation is a sentence of its language."""

import pytest

from malmoi._behaviour import opinions


def test_korean_negations() -> None:
    made = {one.text: one for one in opinions.of("ko")}
    assert made["이 영화는 마음에 들었다"].negated == {
        "negation_ji_anta": "이 영화는 마음에 들지 않았다",
        "negation_an": "이 영화는 마음에 안 들었다",
    }
    assert made["이야기가 감동을 주었어요"].negated["negation_mot"] == "이야기가 감동을 못 주었어요"
    assert made["이야기가 즐거웠습니다"].negated["negation_mot"] == "이야기가 즐겁지 못했습니다"
    assert made["이야기가 지루했음"].negated["negation_ji_anta"] == "이야기가 지루하지 않았음"
    assert {one.praise for one in made.values() if "negation_mot" in one.negated} == {True}  # one cannot fail to be bad


def test_english_negations() -> None:
    made = {one.text: one for one in opinions.of("en")}
    assert made["The film was good."].negated == {
        "negation_not": "The film was not good.",
        "negation_contracted": "The film wasn't good.",
        "negation_never": "The film was never good.",
    }
    assert list(made["I enjoyed the acting."].negated.values()) == [
        "I did not enjoy the acting.",
        "I didn't enjoy the acting.",
        "I never enjoyed the acting.",
    ]
    assert (made["I hated the film."].praise, made["I loved the film."].praise) == (False, True)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_sentences_are_distinct_and_of_both_kinds(language: str) -> None:
    made = opinions.of(language)
    assert len({one.text for one in made}) == len(made) >= 100
    assert {test for one in made for test in one.negated} == set(opinions.NEGATIONS[language])
    assert 0.4 <= sum(one.praise for one in made) / len(made) <= 0.6


def test_other_subjects_and_languages() -> None:
    assert {one.text.split()[0] for one in opinions.of("ko", ["포장이"])} == {"포장이"}
    assert opinions.of("en", ["the box"])[0].text == "The box was good."
    assert opinions.of("de") == []
