"""Hangul syllables and their letters (jamo): the arithmetic of The Unicode Standard, section 3.12.

A syllable is 0xAC00 + (lead * 21 + vowel) * 28 + coda, where coda 0 is none. Its letters are written either with compatibility jamo
(ㄱ ㅏ ㄱ: what people type and read, the same ㄱ before and after the vowel) or with conjoining jamo (three alphabets of their own, so
that a letter says where in the syllable it stands; side by side they are the syllable's canonical decomposition).
"""

import re
from functools import cache

LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
FIRST, LAST = 0xAC00, 0xD7A3  # 가 and 힣
LEAD, VOWEL, CODA = 0x1100, 0x1161, 0x11A7  # conjoining jamo; the first coda is CODA + 1
WITHOUT_CODA = "".join(map(chr, range(FIRST, LAST + 1, 28)))  # syllables without a coda
CONJOINING = "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"  # a modern syllable written with them, as a pattern


def jamo(text: str, filler: str = "") -> str:
    """Every syllable as its compatibility jamo, `filler` in the place of a coda that is not there; all else stays as it is.

    >>> jamo("말모이 A", "-")
    'ㅁㅏㄹㅁㅗ-ㅇㅣ- A'
    """
    return text.translate(_compatibility(filler))


def syllables(text: str, filler: str = "") -> str:
    """Compatibility jamo made syllables. `syllables(jamo(text, filler), filler) == text` for every text that has neither the filler nor
    a consonant and a vowel that stand alone side by side (ㅎㅏ); ㅋㅋㅋ is no matter. With no filler, for texts without lone jamo.

    >>> syllables("ㅁㅏㄹㅁㅗ-ㅇㅣ-ㅋㅋ", "-")
    '말모이ㅋㅋ'
    """
    return _written(filler).sub(lambda found: _compose(found[1], found[2], found[3] or ""), text)


def conjoining(text: str) -> str:
    """Every syllable as its conjoining jamo; all else stays as it is: canonical decomposition of Hangul alone."""
    return text.translate(_conjoining())


def compose(text: str) -> str:
    """A syllable for every sequence of modern conjoining jamo that is one; the inverse of `conjoining` for NFC text."""
    return re.sub(CONJOINING, _syllable, text)


def has_coda(letter: str) -> bool:
    """Whether a character is a syllable that ends in a consonant (말, not 모)."""
    return FIRST <= ord(letter) <= LAST and (ord(letter) - FIRST) % 28 > 0


def _parts(code: int) -> tuple[int, int, int]:
    lead, rest = divmod(code - FIRST, 588)
    return lead, *divmod(rest, 28)


@cache
def _compatibility(filler: str) -> dict[int, str]:
    codas = [filler, *CODAS]
    parts = {code: _parts(code) for code in range(FIRST, LAST + 1)}
    return {code: LEADS[lead] + VOWELS[vowel] + codas[coda] for code, (lead, vowel, coda) in parts.items()}


@cache
def _conjoining() -> dict[int, str]:
    parts = {code: _parts(code) for code in range(FIRST, LAST + 1)}
    return {code: chr(LEAD + lead) + chr(VOWEL + vowel) + (chr(CODA + coda) if coda else "") for code, (lead, vowel, coda) in parts.items()}


@cache
def _written(filler: str) -> re.Pattern[str]:
    # a consonant before a vowel begins the next syllable: every syllable has a lead
    coda = f"([{CODAS}]|{re.escape(filler)})" if filler else f"([{CODAS}](?![{VOWELS}]))?"
    return re.compile(f"([{LEADS}])([{VOWELS}]){coda}")


def _compose(lead: str, vowel: str, coda: str) -> str:
    return chr(FIRST + (LEADS.index(lead) * 21 + VOWELS.index(vowel)) * 28 + (CODAS.find(coda) + 1 if coda else 0))


def _syllable(found: re.Match[str]) -> str:
    lead, vowel, *coda = map(ord, found[0])
    return chr(FIRST + ((lead - LEAD) * 21 + vowel - VOWEL) * 28 + (coda[0] - CODA if coda else 0))
