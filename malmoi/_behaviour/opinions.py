"""Short sentences whose opinion nobody can miss, and their negations, made from a few words and the grammar that joins them.

In Korean 안 and 못 stand before the verb, -지 않다 and -지 못하다 behind its stem; 못 says that something did not come off, so only praise
takes it. In English: not, n't, never.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEGATIONS = {  # by language: test, and what it does in words
    "ko": {
        "negation_an": "안 put before the predicate",
        "negation_mot": "못 put before the predicate, or -지 못하다 behind it",
        "negation_ji_anta": "-지 않다 put behind the predicate",
    },
    "en": {
        "negation_not": "not put in",
        "negation_contracted": "n't put in",
        "negation_never": "never put in",
    },
}
SUBJECTS = {
    "ko": ("이 영화는", "이야기가", "배우들의 연기가", "마지막 장면이", "처음부터 끝까지"),
    "en": ("the film", "the story", "the acting", "the ending", "the whole thing"),
}
ENDINGS = ("다", "어요", "습니다", "음")  # behind a past stem, whichever it is

# present stem, past stem, and which negations go with it besides -지 않다: 안, 못, or -지 못하다
PRAISE = (
    ("재미있", "재미있었", "안"),
    ("좋", "좋았", "안, 지 못"),
    ("훌륭하", "훌륭했", "지 못"),
    ("감동적이", "감동적이었", "지 못"),
    ("즐겁", "즐거웠", "안, 지 못"),
    ("아름답", "아름다웠", "지 못"),
    ("만족스럽", "만족스러웠", "지 못"),
    ("마음에 들", "마음에 들었", "안"),
    ("감동을 주", "감동을 주었", "안, 못"),
    ("기대를 채우", "기대를 채웠", "못"),
)
BLAME = (
    ("지루하", "지루했", "안"),
    ("유치하", "유치했", "안"),
    ("나쁘", "나빴", "안"),
    ("어색하", "어색했", "안"),
    ("답답하", "답답했", "안"),
    ("시시하", "시시했", "안"),
    ("허술하", "허술했", ""),
    ("형편없", "형편없었", ""),
    ("짜증나", "짜증났", "안"),
    ("실망스럽", "실망스러웠", "안"),
)
GOOD = ("good", "great", "funny", "moving", "brilliant", "enjoyable", "beautiful", "interesting")
BAD = ("bad", "boring", "dull", "stupid", "awful", "predictable", "disappointing", "annoying")
FELT = (
    ("like", "liked", True),
    ("enjoy", "enjoyed", True),
    ("love", "loved", True),
    ("hate", "hated", False),
    ("dislike", "disliked", False),
)


@dataclass(frozen=True)
class Opinion:
    """A sentence, whether it praises, and the same sentence negated, by name of the test; a negation that grammar forbids is not there."""

    text: str
    praise: bool
    negated: dict[str, str]


def of(language: str, subjects: Sequence[str] = ()) -> list[Opinion]:
    """All of a language, [] where none are known. subjects: what they are about, in place of films; in English without a capital.

    >>> of("ko")[0].text, of("ko")[0].negated["negation_ji_anta"]
    ('이 영화는 재미있었다', '이 영화는 재미있지 않았다')
    """
    made = {"ko": _korean, "en": _english}.get(language)
    return [one for subject in subjects or SUBJECTS.get(language, ()) for one in made(subject)] if made else []


def _korean(subject: str) -> Iterator[Opinion]:
    known = [(*word, True) for word in PRAISE] + [(*word, False) for word in BLAME]
    for stem, past, takes, praise in known:
        before, _, last = past.rpartition(" ")
        allowed = takes.split(", ")
        negated = {"negation_ji_anta": f"{stem}지 않았"}
        if "안" in allowed:
            negated["negation_an"] = f"{before} 안 {last}".strip()
        if "못" in allowed or "지 못" in allowed:
            negated["negation_mot"] = f"{before} 못 {last}".strip() if "못" in allowed else f"{stem}지 못했"
        for ending in ENDINGS:
            yield Opinion(f"{subject} {past}{ending}", praise, {test: f"{subject} {form}{ending}" for test, form in negated.items()})


def _english(subject: str) -> Iterator[Opinion]:
    start = subject[0].upper() + subject[1:]
    for word in (*GOOD, *BAD):
        negated = {test: f"{start} {verb} {word}." for test, verb in zip(NEGATIONS["en"], ("was not", "wasn't", "was never"), strict=True)}
        yield Opinion(f"{start} was {word}.", word in GOOD, negated)
    for verb, past, praise in FELT:
        forms = (f"did not {verb}", f"didn't {verb}", f"never {past}")
        yield Opinion(
            f"I {past} {subject}.", praise, {test: f"I {form} {subject}." for test, form in zip(NEGATIONS["en"], forms, strict=True)}
        )
