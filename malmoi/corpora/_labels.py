"""Class names from what a label column holds: the same class for what looks the same, none for what is missing, an error where unsure."""

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from malmoi.config import ConfigError

# What pandas reads as missing (pandas.read_csv, na_values) and writes for it
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN"}
    | {"None", "n/a", "nan", "null", "NaT"}
)
WHOLE = 1e15  # numbers from here on are not written as whole ones: a float does not hold them exactly
_BLANKS = re.compile("[\\s\u00a0\u115f\u1160\u2800\u3164\uffa0]+")  # white space, and fillers that show nothing
_JOINED = re.compile("(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d")  # a joiner that does not join emoji
_VARIANT = re.compile("[\ufe0e\ufe0f]")
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{0,30})?")


@lru_cache(4096)
def tidy(text: str) -> str:
    """A name in NFC without what nobody sees: invisible characters go, white space of any kind and length is one space.

    >>> tidy("\\ufeff 긍\\u200b정\\u00a0 ")
    '긍정'
    """
    spaced = _BLANKS.sub(" ", _VARIANT.sub("", _JOINED.sub("", text)))
    seen = (character for character in spaced if character == "\u200d" or unicodedata.category(character) not in ("Cf", "Cc"))
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", "".join(seen))).strip()


def spellings(value: object) -> list[str]:
    """How a value may be written as a class name, the usual one first; [] for a missing value.

    >>> [spellings(value) for value in (1.0, True, " a ", float("nan"), None)]
    [['1', '1.0'], ['true', 'True'], ['a'], [], []]
    """
    if value is None or value != value:  # NaN, of whichever type
        return []
    if isinstance(value, bool):
        return [str(value).lower(), str(value)]
    if isinstance(value, float | Decimal) and math.isfinite(value) and abs(float(value)) < WHOLE and value == int(value):
        return [str(int(value)), str(value)]
    name = tidy(str(value))
    return [name] if name else []


class Classes:
    """Class names of the values of one corpus. labels: name of each value that counts; empty: the values are the names."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = {tidy(value): tidy(name) for value, name in labels.items()}
        self._first: dict[Decimal, tuple[str, str]] = {}  # number -> label that is written so, and where it was met first
        self._checked: set[str] = set()

    def name(self, value: object, where: str) -> str | None:
        """The class of a value; None for one that is missing, or that `labels` lacks.

        Raises ConfigError where a label is the same number as another one, and `labels` does not say what they are.
        """
        ways = spellings(value)
        if self._labels:
            return next((self._labels[way] for way in ways if way in self._labels), None)
        if not ways or ways[0] in MISSING:
            return None
        if ways[0] not in self._checked:
            self._check(ways[0], where)
        return ways[0]

    def missing(self, value: object) -> bool:
        """Whether a value stands for none, and `labels` does not make a class of it."""
        ways = spellings(value)
        return not ways or (ways[0] in MISSING and ways[0] not in self._labels)

    def _check(self, name: str, where: str) -> None:
        self._checked.add(name)
        if not _NUMBER.fullmatch(name):
            return
        other, place = self._first.setdefault(Decimal(name), (name, where))
        if other != name:
            cure = f'write them alike, or say which class each is: labels: {{"{other}": ..., "{name}": ...}}'
            raise ConfigError(f"{where}: label {name!r} is the same number as label {other!r} ({place}), yet not the same class; {cure}")
