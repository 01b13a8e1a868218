"""Plain rules that cut running text into sentences: enough for edited prose in Korean and English, no model needed."""

import re

TITLES = ("mr", "mrs", "ms", "dr", "prof", "sen", "rep", "gov", "gen", "col", "capt", "lt", "sgt", "st", "mt", "jr", "sr")
MONTHS = ("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec")
ABBREVIATIONS = frozenset((*TITLES, *MONTHS, "vs", "etc", "no", "inc", "ltd", "co", "corp"))
_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9가-힣])")
_LAST_WORD = re.compile(r"([^\s(\"'“‘]+?)\.[\"'”’)\]]*\s*$")


def sentences(text: str) -> list[str]:
    """Sentences of a text, without the space between them.

    >>> sentences('Dr. Harris left. "Why?" he said. 비가 왔다. 추웠다.')
    ['Dr. Harris left.', '"Why?" he said.', '비가 왔다.', '추웠다.']
    """
    found, start = [], 0
    for end in _END.finditer(text):
        if not _abbreviation(text[start : end.end()]):
            found.append(text[start : end.end()].strip())
            start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _abbreviation(part: str) -> bool:
    """Does the last word before the full stop only look like an end? ("Mr.", "U.S.", "J.", and "2." or "가." before an item)"""
    last = _LAST_WORD.search(part)
    if not last:
        return False
    word = last.group(1).lower()
    item = re.fullmatch(r"\d{1,2}", word) or (len(word) == 1 and part.strip() == f"{word}.")
    return word in ABBREVIATIONS or bool(item) or re.fullmatch(r"[a-z](\.[a-z])*", word) is not None
