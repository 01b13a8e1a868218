"""Which encoding a file is in, for the words of an error: an encoding is advised only where the text that it gives looks like language.

Bytes alone cannot tell: cp1252 reads any Korean file (as mojibake, "¸ðÀÚ"), and cp949 reads an English apostrophe (0x92) with the letter
behind it as a Hangul syllable.
"""

import codecs
import re
import unicodedata
from pathlib import Path

CANDIDATES = ("utf-8", "cp949", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")  # in this order where two are as good
KNOWN = "utf-8, cp949 (Korean Windows), euc-kr, utf-16, cp1252, latin-1"
SAMPLE = 65_536  # bytes that are looked at
LIKE = 0.8  # likeness from which a text looks like language
BETTER = 0.05  # by which it must be more like it than what the file was read as
KOREAN = 0.1  # share of Hangul among letters from which a text may be Korean
MAGIC = {  # first bytes of files that people take for text
    b"PK\x03\x04": "a zip file (as .xlsx is)",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PAR1": "Parquet",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"SQLite": "an SQLite database",
    b"\x89PNG": "a picture",
}
MARKS = {  # the longer ones first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HANGUL = re.compile("[ᄀ-ᇿ㄰-㆏가-힣]")
_WRITTEN = re.compile("[‐-‧‰-›、-〿！-･·ㆍ₩€£°²³×÷½§©®™½]")  # signs of edited text in any language
_ACCENTED = re.compile(r"(?<=[A-Za-z])[À-ÖØ-öø-ž]|[À-ÖØ-öø-ž](?=[A-Za-z])")


def is_known(encoding: str) -> bool:
    """Whether Python has a text encoding of this name."""
    try:
        return codecs.lookup(encoding)._is_text_encoding
    except (LookupError, ValueError):  # a NUL in its name
        return False


def is_wide(encoding: str) -> bool:
    """Whether a character takes two or four bytes, so that a line cannot be found by its bytes."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def likeness(text: str, language: str = "") -> float:
    """How much a text looks like written language, 0 to 1: the share of its characters beyond ASCII that belong there.

    Args:
        text: any; lone surrogates stand for bytes that could not be decoded.
        language: "ko", "en", or another or none, for which the better of both counts.
    """
    if language not in ("ko", "en"):
        return max(likeness(text, "ko"), likeness(text, "en"))
    beyond = sum((character > "\x7f" and not character.isspace()) or character in "\0\x1a" for character in text)
    if not beyond:
        return 1.0 if language == "en" or not text else 0.9  # Korean without Hangul is not impossible
    hangul = len(_HANGUL.findall(text))
    fitting = len(_WRITTEN.findall(text)) + (len(_ACCENTED.findall(text)) if language == "en" else 0)
    if language == "ko" and hangul >= KOREAN * sum(character.isalpha() for character in text):
        fitting += hangul + sum("一" <= character <= "鿿" for character in text) // 2
    return fitting / beyond


def advise(path: Path, read_as: str, bad: bytes, language: str = "") -> str:
    """Another encoding that a file reads well in; "" where none does.

    Args:
        path: the file.
        read_as: the encoding that it was read in.
        bad: a line that was not to be read; another encoding must read it, too.
        language: of the corpus, as ISO 639-1, where it is known.
    """
    with open(path, "rb") as stream:
        start = stream.read(SAMPLE)
    marked = next((name for mark, name in MARKS.items() if start.startswith(mark)), "")
    if marked and not _same(marked, read_as):
        return marked
    now, best = likeness(_decoded(start + b"\n" + bad, read_as, "surrogateescape") or "\udc80", language), ("", 0.0)
    for name in CANDIDATES:
        if _same(name, read_as) or (name in ("utf-16", "utf-32") and marked != name):
            continue
        text = _decoded(start, name, "strict") if is_wide(name) else _decoded(start + b"\n" + bad, name, "surrogateescape")
        found = likeness(text, language) if text else 0.0
        if text and found > best[1] and "\n" in text + "\n" and _plain(text):
            best = name, found
    return best[0] if best[1] >= LIKE and best[1] > now + BETTER else ""


def binary(start: bytes) -> str:
    """What a file is that is no text, by its first bytes; "" where it may be one."""
    for magic, name in MAGIC.items():
        if start.startswith(magic):
            return name
    odd = sum(start.count(bytes([byte])) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    return "binary" if b"\0" in start and odd > max(1, len(start) // 50) else ""


def _plain(text: str) -> bool:
    """Whether a text has no control characters but white space, as wide encodings of what is none give."""
    return not any(unicodedata.category(character) in ("Cc", "Cn", "Co") and not character.isspace() for character in text)


def _decoded(data: bytes, encoding: str, errors: str) -> str | None:
    """The text, the last character left out where it is cut; None where it cannot be decoded."""
    try:
        return codecs.getincrementaldecoder(encoding)(errors).decode(data)
    except (UnicodeError, ValueError):
        return None


def _same(one: str, other: str) -> bool:
    return codecs.lookup(one).name.replace("utf-8-sig", "utf-8") == codecs.lookup(other).name.replace("utf-8-sig", "utf-8")
