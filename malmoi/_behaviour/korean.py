"""Rewritings of Korean that leave a text's class as it is: spacing, laughter, speech levels, particles.

Without a tagger a rewriting must know what it may touch, so each one takes the cases that spelling alone decides and leaves the others:
a particle, for one, is only touched behind a word that stands elsewhere in the corpus with a particle that no verb ending looks like.
"""

import re
from collections.abc import Iterable
from random import Random

from malmoi._behaviour import typography
from malmoi._behaviour.typography import Rewriting
from malmoi.hangul import compose, conjoining, has_coda, jamo

SYLLABLE = "[가-힣]"
NOUN = re.compile(rf"(?<!{SYLLABLE})({SYLLABLE}{{2,}})(?:(의|에서|에게|까지|부터|처럼)|(를|와)|(과|으로))(?!{SYLLABLE})")
MARKED = re.compile(rf"(?<!{SYLLABLE})({SYLLABLE}{{2,}})([은는이가을를])(?!{SYLLABLE})")
SUBJECT = re.compile(rf"(?:\A|[.!?\n]\s*)({SYLLABLE}{{2,}})([이가]) (?={SYLLABLE})")
SENTENCE_END = r"(?=[ㅋㅎㅠㅜ\s]*(?:[.!?~…]|\Z))"
SPEECH = re.compile(rf"({SYLLABLE}*?{SYLLABLE})(어요|아요|습니다|합니다|해요|는다|다|음){SENTENCE_END}")
LONG, SHORT = 5, 2  # letters of a laugh


def space_removed(text: str, chance: Random) -> str:
    """One space between two Korean words taken away.

    >>> space_removed("볼 만하다", Random(1))
    '볼만하다'
    """
    return _one(re.compile(rf"(?<={SYLLABLE}) +(?={SYLLABLE})"), "", text, chance)


def spaces_removed(text: str, chance: Random) -> str:
    """All spaces between Korean words taken away, as people type who do not care."""
    return re.sub(rf"(?<={SYLLABLE}) +(?={SYLLABLE})", "", text)


def space_inserted(text: str, chance: Random) -> str:
    """One space put into a word of three syllables or more."""
    inside = re.compile(rf"(?<={SYLLABLE})(?={SYLLABLE}{{2}})|(?<={SYLLABLE}{{2}})(?={SYLLABLE})")
    return _one(inside, " ", text, chance)


def laughter(text: str, chance: Random) -> str:
    """ㅋㅋ, ㅎㅎ, ㅠㅠ with another length: up to three letters become five, longer runs become two.

    >>> laughter("재밌다ㅋㅋ 슬프고ㅠㅠㅠㅠ", Random(1))
    '재밌다ㅋㅋㅋㅋㅋ 슬프고ㅠㅠ'
    """
    return re.sub(r"([ㅋㅎㅠㅜ])\1+", lambda found: found[1] * (LONG if len(found[0]) <= (LONG + SHORT) // 2 else SHORT), text)


def speech_level(text: str, chance: Random) -> str:
    """Sentences in another speech level: plain ones (했다, 한다, 좋다) made polite (했어요, 했습니다), polite ones plain or the other one.

    >>> speech_level("재미있었습니다. 추천한다!", Random(1))
    '재미있었다. 추천합니다!'
    """
    return SPEECH.sub(lambda found: _level(found[1], found[2], chance.random() < 0.5) or found[0], text)


def _level(before: str, ending: str, formal: bool) -> str | None:
    """A predicate with another ending; None where spelling does not tell what it would be. before: what stands before the ending."""
    last = before[-1]
    letter = jamo(last, "-")[2]
    if letter == "ㅆ" and ending in ("다", "음"):
        return before + ("습니다" if formal else "어요")
    if ending in ("습니다", "어요", "아요"):
        return f"{before}다" if letter == "ㅆ" or last in "좋없같많싶찮" else None
    if ending in ("합니다", "해요"):
        return before + ("해요" if ending == "합니다" else "합니다")
    if ending == "는다":
        return f"{before}습니다" if letter not in "-ㄴㄹ" else None
    return _formal(before[:-1], last, letter) if ending == "다" else None


def _formal(before: str, last: str, letter: str) -> str | None:
    """하다, 한다, 좋다 as 합니다, 합니다, 좋습니다."""
    if letter == "ㄴ" or last in "하이" or (last == "니" and not (before and jamo(before[-1], "-")[2] == "ㅂ")):
        return before + compose(conjoining(last)[:2] + "\u11b8") + "니다"
    return None if letter in "-ㄹ" else before + last + "습니다"


def rewritings(texts: Iterable[str]) -> dict[str, tuple[str, Rewriting]]:
    """All of them by name, each with what it does in words. texts: of the corpus, to learn from which words are nouns."""
    nouns = _nouns(texts)

    def dropped(text: str, chance: Random) -> str:
        found = [one for one in MARKED.finditer(text) if _particle(one, nouns)]
        return _cut(text, chance.choice(found).span(2), "") if found else text

    def topic(text: str, chance: Random) -> str:
        found = [one for one in SUBJECT.finditer(text) if _particle(one, nouns) and not _adnominal(text[one.end() :])]
        one = chance.choice(found) if found else None
        return _cut(text, one.span(2), "은" if one[2] == "이" else "는") if one else text

    return {
        "space_removed": ("one space between two words taken away", space_removed),
        "spaces_removed": ("all spaces between words taken away", spaces_removed),
        "space_inserted": ("one space put into a word", space_inserted),
        "laughter": ("ㅋㅋ, ㅎㅎ, ㅠㅠ written longer or shorter", laughter),
        "speech_level": ("했다, 했어요, 했습니다 for one another", speech_level),
        "particle_dropped": ("one of 은/는, 이/가, 을/를 left out behind a noun", dropped),
        "subject_as_topic": ("이/가 of a sentence's first noun made 은/는", topic),
        "full_width": ("Latin letters, digits and marks in full width", typography.full_width),
    }


def _nouns(texts: Iterable[str]) -> set[str]:
    """Words that occur with a particle that only a noun takes."""
    found = (one for text in texts for one in NOUN.finditer(text))
    return {one[1] for one in found if one[2] or has_coda(one[1][-1]) == bool(one[4])}


def _particle(found: re.Match[str], nouns: set[str]) -> bool:
    """Whether the last syllable is a particle: the rest is a noun, and it is the form that follows such a sound."""
    return found[1] in nouns and has_coda(found[1][-1]) == (found[2] in "은이을")


def _adnominal(rest: str) -> bool:
    """Whether the next word looks as if it described a noun (나온, 만드는, 볼): the subject is then that of a clause in the sentence."""
    word = re.match(rf"{SYLLABLE}+", rest)
    return word is not None and has_coda(word[0][-1]) and jamo(word[0][-1])[2] in "ㄴㄹ"


def _one(place: re.Pattern[str], put: str, text: str, chance: Random) -> str:
    """One of the matches, by chance, replaced."""
    found = list(place.finditer(text))
    return _cut(text, chance.choice(found).span(), put) if found else text


def _cut(text: str, span: tuple[int, int], put: str) -> str:
    return text[: span[0]] + put + text[span[1] :]
