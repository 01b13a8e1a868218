"""Rewritings of English that leave a text's class as it is: contractions, case, typing errors, spaces around marks.

Texts may be as people write them (don't, good.) or as the Penn Treebank cuts them (do n't, good .).
"""

import re
from collections.abc import Iterable
from random import Random

from malmoi._behaviour.typography import Rewriting

AUXILIARY = "do|does|did|is|are|was|were|has|have|had|could|would|should|must|need"
IRREGULAR = {"wo": "will", "ca": "can", "sha": "shall"}  # what is left of won't, can't, shan't
SHORTENED = re.compile(rf"\b({AUXILIARY}|wo|ca|sha)( ?)n['’]t\b", re.IGNORECASE)
IS = re.compile(r"\b(it|that|there|what|he|she)( ?)['’]s\b(?! (?:been|got|had|gone|become)\b)", re.IGNORECASE)
FULL = re.compile(rf"\b({AUXILIARY}) not\b|\b(it|that|there|what|he|she) is\b(?! not\b)|\b(can) ?not\b", re.IGNORECASE)
WORD = re.compile(r"\b[A-Za-z]{4,}\b")
BEFORE_MARK = re.compile(r" +(?=[,.;:!?](?:\s|\Z))")
AT_MARK = re.compile(r"(?<=[A-Za-z0-9])(?=[,;:!?](?:\s|\Z)|\.\Z)")


def contractions(text: str, chance: Random) -> str:
    """Contractions written out; where there are none, what can be contracted is.

    >>> contractions("It's bad, I don't like it", Random(1)), contractions("it is not good, we cannot stay", Random(1))
    ('It is bad, I do not like it', "it isn't good, we can't stay")
    """
    whole = IS.sub(r"\1 is", SHORTENED.sub(_whole, text))
    return whole if whole != text else FULL.sub(_short, text)


def _whole(found: re.Match[str]) -> str:
    first = found[1]
    return f"{_cased(IRREGULAR.get(first.lower(), first.lower()), first)} not"


def _short(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]}n't"
    return f"{found[2]}'s" if found[2] else f"{found[3]}'t"


def upper_case(text: str, chance: Random) -> str:
    """All in capitals."""
    return text.upper()


def lower_case(text: str, chance: Random) -> str:
    """All in small letters."""
    return text.lower()


def typing_error(text: str, chance: Random) -> str:
    """Two letters inside one word of four letters or more exchanged, its first and last letter kept (Ribeiro et al. exchange any two).

    >>> typing_error("a moving film", Random(1))
    'a movign film'
    """
    found = [(one.start(), place) for one in WORD.finditer(text) for place in _exchangeable(one[0])]
    if not found:
        return text
    start, place = chance.choice(found)
    left = start + place
    return text[:left] + text[left + 1] + text[left] + text[left + 2 :]


def _exchangeable(word: str) -> list[int]:
    """Places inside a word whose letter differs from the next one."""
    return [place for place in range(1, len(word) - 2) if word[place] != word[place + 1]]


def spaces_at_marks(text: str, chance: Random) -> str:
    """Spaces before commas, full stops and the like taken away; where there are none, put in.

    >>> spaces_at_marks("good , but long .", Random(1)), spaces_at_marks("good, but long.", Random(1))
    ('good, but long.', 'good , but long .')
    """
    close = BEFORE_MARK.sub("", text)
    return close if close != text else AT_MARK.sub(" ", text)


def rewritings(texts: Iterable[str]) -> dict[str, tuple[str, Rewriting]]:
    """All of them by name, each with what it does in words. texts: of the corpus; nothing has to be learned from them."""
    return {
        "contractions": ("don't, it's written out, or the other way round", contractions),
        "upper_case": ("all in capitals", upper_case),
        "lower_case": ("all in small letters", lower_case),
        "typing_error": ("two letters inside one word exchanged", typing_error),
        "spaces_at_marks": ("spaces before marks taken away, or put in", spaces_at_marks),
    }


def _cased(word: str, like: str) -> str:
    """A word with a capital where `like` has one."""
    return word.capitalize() if like[0].isupper() else word
