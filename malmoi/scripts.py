"""Which script a character belongs to, by its Unicode name and category.

Close to the property `Script` of Unicode (UAX #24), which Python does not have: the first word of a letter's name is its script. What is no
letter is a digit, mark, punctuation, symbol, emoji, format or control character; U+FFFD, which stands for what could not be decoded, is
called "replacement".
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache

NEUTRAL = frozenset({"digit", "mark", "punctuation", "symbol", "emoji", "format"})  # at home in every language
GROUPS = {"N": "digit", "M": "mark", "P": "punctuation", "S": "symbol", "Z": "space", "C": "control"}
NAMED = {"cjk": "han", "ideographic": "han", "hiragana": "kana", "katakana": "kana", "katakana-hiragana": "kana"}
WIDTHS = {"FULLWIDTH", "HALFWIDTH"}
SIGNS = {  # first words of letters that are of no script (Unicode's Common and Inherited), or are written in all
    "ALEF",
    "BET",
    "CARON",
    "DALET",
    "EULER",
    "GIMEL",
    "INFORMATION",
    "MASU",
    "PLANCK",
    "VEDIC",
    "VERTICAL",
    "MODIFIER",
    "MICRO",
    "OHM",
    "KELVIN",
    "ANGSTROM",
    "FEMININE",
    "MASCULINE",
    "MATHEMATICAL",
    "SCRIPT",
    "DOUBLE-STRUCK",
    "BLACK-LETTER",
}
EMOJI = ("\U0001f000", "\U0001faff")  # the blocks of pictographs; the older ♥ and ★ count as symbols


@cache
def script(character: str) -> str:
    """Name of the script, or of the group that stands for one.

    >>> [script(character) for character in "말Aя字★😀7。"]
    ['hangul', 'latin', 'cyrillic', 'han', 'symbol', 'emoji', 'digit', 'punctuation']
    """
    category = unicodedata.category(character)
    if character == "\ufffd":
        return "replacement"
    if EMOJI[0] <= character <= EMOJI[1]:
        return "emoji"
    if category == "Cf":
        return "format"
    if category[0] != "L":
        return "space" if character.isspace() else GROUPS[category[0]]
    words = [word for word in unicodedata.name(character, "unnamed").split() if word not in WIDTHS]
    return "symbol" if words[0] in SIGNS else NAMED.get(words[0].lower(), words[0].lower())


def count(characters: Mapping[str, int]) -> Counter[str]:
    """How many characters of each script; white space is left out.

    >>> count({"말": 2, "모": 1, " ": 5, "A": 1})
    Counter({'hangul': 3, 'latin': 1})
    """
    found: Counter[str] = Counter()
    for character, number in characters.items():
        found[script(character)] += number
    del found["space"]
    return found
