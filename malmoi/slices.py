"""Parts of a test split that are looked at by themselves: the language that a text is written in, told by its letters."""

from collections import Counter

from malmoi.scripts import script

LANGUAGES = {"hangul": "Korean", "latin": "English"}
OTHER = "another script"


def language(text: str) -> str:
    """ "Korean", "English", or "another script" where neither Hangul nor Latin is most of a text's letters; of two equals, Korean.

    >>> language("GRU로 문장을 읽는다"), language("a sentence"), language("2026 ★")
    ('Korean', 'English', 'another script')
    """
    letters = Counter(script(character) for character in text if character.isalpha())
    found = [name for name in LANGUAGES if 2 * letters[name] >= max(1, letters.total())]
    return LANGUAGES[found[0]] if found else OTHER
