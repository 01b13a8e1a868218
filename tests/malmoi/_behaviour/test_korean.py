"""Korean rewritings: each does what grammar allows, and leaves alone what spelling does not decide."""

from random import Random

import pytest

from malmoi._behaviour import korean

CORPUS = [
    "영화를 보고 배우의 연기와 음악에서 감동을 받았다",
    "사람까지 나오고 결말과 장면으로 끝난다",
    "괜찮을 것이다",  # 을 is a verb ending here, and no sign of a noun
]


@pytest.mark.parametrize(
    ("text", "either"),
    [
        ("정말 재미있었다", {"정말 재미있었어요", "정말 재미있었습니다"}),
        ("재미있었음", {"재미있었어요", "재미있었습니다"}),
        ("재미있었습니다.", {"재미있었다."}),
        ("정말 좋아요ㅋㅋ", {"정말 좋다ㅋㅋ"}),
        ("정말 좋다!", {"정말 좋습니다!"}),
        ("신설하여야 한다.", {"신설하여야 합니다."}),
        ("추천합니다", {"추천해요"}),
        ("추천해요", {"추천합니다"}),
        ("밥을 먹는다", {"밥을 먹습니다"}),
        ("최악이다", {"최악입니다"}),
        ("아니다", {"아닙니다"}),
        ("훌륭하다. 좋다. 끝", {"훌륭합니다. 좋습니다. 끝"}),
        ("길다", {"길다"}),  # 깁니다: left alone, as ㄹ goes
        ("최고다", {"최고다"}),  # a noun: not 최곱니다
        ("영화입니다", {"영화입니다"}),  # 이에요 or 예요, or the verb 입다
        ("재미있었다 그래도", {"재미있었다 그래도"}),  # not at the end of a sentence
        ("둘 다", {"둘 다"}),
        ("죽음", {"죽음"}),
        ("살아요", {"살아요"}),
    ],
)
def test_speech_levels(text: str, either: set[str]) -> None:
    assert {korean.speech_level(text, Random(seed)) for seed in range(20)} == either


def test_spaces() -> None:
    text = "정말 볼 만한 영화 ABC 영화"
    assert korean.spaces_removed(text, Random(1)) == "정말볼만한영화 ABC 영화"
    assert {korean.space_removed(text, Random(seed)) for seed in range(40)} == {
        "정말볼 만한 영화 ABC 영화",
        "정말 볼만한 영화 ABC 영화",
        "정말 볼 만한영화 ABC 영화",
    }
    assert {korean.space_inserted("좋은 영화다", Random(seed)) for seed in range(20)} == {"좋은 영 화다", "좋은 영화 다"}
    assert korean.space_inserted("좋은 영화", Random(1)) == "좋은 영화"


@pytest.mark.parametrize(
    ("text", "after"), [("ㅋㅋ", "ㅋㅋㅋㅋㅋ"), ("ㅎㅎㅎㅎ", "ㅎㅎ"), ("ㅠㅠㅠ", "ㅠㅠㅠㅠㅠ"), ("ㅋ 좋다", "ㅋ 좋다")]
)
def test_laughter(text: str, after: str) -> None:
    assert korean.laughter(text, Random(1)) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("정말 배우가 좋다", {"정말 배우 좋다"}),
        ("결말은 영화를 망쳤다", {"결말 영화를 망쳤다", "결말은 영화 망쳤다"}),
        ("결말는 이상하다", {"결말는 이상하다"}),  # not the form that follows a consonant
        ("괜찮은 소설가", {"괜찮은 소설가"}),  # a verb; a word that nothing shows to be 소설 + 가
        ("모르는 이야기가", {"모르는 이야기가"}),
    ],
)
def test_a_particle_is_left_out_behind_a_noun_only(text: str, after: set[str]) -> None:
    _, drop = korean.rewritings(CORPUS)["particle_dropped"]
    assert {drop(text, Random(seed)) for seed in range(20)} == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("배우가 좋다", "배우는 좋다"),
        ("별로였다. 결말이 이상하다", "별로였다. 결말은 이상하다"),
        ("배우가 나온 영화", "배우가 나온 영화"),  # inside a clause
        ("정말 배우가 좋다", "정말 배우가 좋다"),
        ("배우는 좋다", "배우는 좋다"),  # the topic may be an object: not back
        ("9대가 좋다", "9대가 좋다"),
    ],
)
def test_a_subject_becomes_the_topic(text: str, after: str) -> None:
    _, topic = korean.rewritings(CORPUS)["subject_as_topic"]
    assert topic(text, Random(1)) == after
