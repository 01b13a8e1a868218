"""Which encoding a text file is in: only to word errors. One is advised where the text that it gives is more like the corpus's language.

What tells is the characters beyond ASCII. Korean: syllables and signs of KS X 1001; CP949 has 8,822 rare syllables more, and text that was
decoded wrongly is full of them. Languages in Latin letters: accented letters beside plain ones, and typographic signs.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from malmoi.config import ConfigError

MARK = "malmoi.mark"  # how bytes that cannot be decoded are handled: byte 0xNN becomes the lone surrogate U+DCNN
MARKED = re.compile("[\udc00-\udcff]")
BOMS = {  # to the codecs that read on from there; the longer ones first: UTF-32-LE's begins as UTF-16-LE's does
    codecs.BOM_UTF32_LE: ("utf-32", "utf-32-le"),
    codecs.BOM_UTF32_BE: ("utf-32", "utf-32-be"),
    codecs.BOM_UTF8: ("utf-8", "utf-8-sig"),
    codecs.BOM_UTF16_LE: ("utf-16", "utf-16-le"),
    codecs.BOM_UTF16_BE: ("utf-16", "utf-16-be"),
}
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
BY_LANGUAGE = {"ko": ("utf-8", "cp949"), "en": ("utf-8", "cp1252", "mac_roman")}  # tried in this order, then WIDE
LARGER = {"euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}  # the same, with more characters
FORMATS = {
    b"PK\x03\x04": "a ZIP archive (as .xlsx and .docx are)",
    b"\x1f\x8b": "a gzip file",
    b"BZh91AY&SY": "a bzip2 file",
    b"\xfd7zXZ\0": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"7z\xbc\xaf": "a 7z archive",
    b"PAR1\x15": "a Parquet table",
    b"%PDF-": "a PDF",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"SQLite format 3\0": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Office file (as .xls and .hwp are)",
}
SAMPLE = 65_536  # bytes of the start that are looked at
EVIDENCE = 262_144  # bytes of rows with more than ASCII that are looked at
LIKELY = 0.8  # share of characters that belong in the language, from which an encoding is advised
BETTER = 0.1  # by so much more than with the encoding that was asked for
BINARY, FEW = 0.05, 8  # share of runs of control characters from which a file is no text; of fewer runs, twice that share

_BEYOND = re.compile("[^\t\n\x0b\x0c\r\x1b-\x7e]+")
_CONTROL = re.compile("[\0-\x08\x0e-\x1a\x7f]+")
_QUOTES = "“”‘’«»…"  # stand beside a letter without a space
_SIGNS = re.compile("[\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2122\u00a1-\u00bf]+")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    wide = any(size in error.encoding for size in ("16", "32"))  # there a line feed is no byte of its own
    return "".join("\n" if byte == 10 and not wide else chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(MARK, _mark)


def check_start(path: Path, encoding: str, language: str | None) -> None:
    """Raise ConfigError where the start of a file says that it is empty, of another encoding, or no text at all."""
    with open(path, "rb") as stream:
        start = stream.read(SAMPLE)
    if not start:
        raise ConfigError(f"{path}: the file is empty (0 bytes); copy or fetch it again")
    if found := next((what for magic, what in FORMATS.items() if start.startswith(magic)), None):
        raise ConfigError(f"{path}: this is binary, {found}, and no text; give a text file, or the reader that fits it")
    name = codecs.lookup(encoding).name
    marked = next((known for bom, known in BOMS.items() if start.startswith(bom)), ())
    if marked and name not in marked:
        said = f"it starts with the byte-order mark of {marked[0]}; set encoding: {marked[0]}"
        raise ConfigError(f"{path}: row 1 is not {encoding}: {said}")
    if marked:
        return
    if name in ("utf-16", "utf-32"):
        guess = _best(start, name, language)
        known = f"it reads as {guess}: set encoding: {guess}" if guess else f"set encoding: {name}-le or {name}-be if it is {name}"
        raise ConfigError(f"{path}: row 1 is not {encoding} (it has no byte-order mark); {known}")
    if guess := _other(start, name, language):
        raise ConfigError(f"{path}: row 1 is not {encoding}; it reads as {guess}: set encoding: {guess}")
    if name not in WIDE and name != "utf-7" and _binary(start):
        raise ConfigError(f"{path}: {_control(start)}: binary, and no {encoding} text; give a text file, or the reader that fits it")


def _other(start: bytes, name: str, language: str | None) -> str | None:
    """An encoding that the file is surely in instead: UTF-8, which text of other encodings seldom is by accident, or UTF-16 and UTF-32."""
    if name not in WIDE and b"\0" not in start and (name == "utf-8" or not _is_utf8(start)):
        return None
    return _best(start, name, language, only=("utf-8", *WIDE))


def _is_utf8(start: bytes) -> bool:
    return not start.isascii() and not MARKED.search(_decoded(start, "utf-8"))


def _binary(start: bytes) -> bool:
    runs = len(_CONTROL.findall(start.decode("latin-1")))  # a run is one: a block of zeros in a text does not make it binary
    return b"\0" in start and runs > len(start) * (BINARY if runs >= FEW else 2 * BINARY)


def _control(start: bytes) -> str:
    found = _CONTROL.search(start.decode("latin-1"))
    place = found.start() if found else 0
    what = "a NUL byte" if not start[place] else f"control byte 0x{start[place]:02x}"
    return f"row {start[:place].count(10) + 1} has {what} among many control bytes"


def cure(path: Path, encoding: str, language: str | None) -> str:
    """What to do about a file that has bytes which are not of the encoding."""
    name = codecs.lookup(encoding).name
    guess = _larger(path, name) or _best(_evidence(path), name, language)
    if guess:
        return f"it reads as {guess}: set encoding: {guess}"
    return "mend the row, or set on_error: drop (such rows are left out, and counted) or on_error: replace (such bytes become U+FFFD)"


def _larger(path: Path, name: str) -> str | None:
    """The encoding that has all of this one's characters and more, where it reads the whole file."""
    larger = LARGER.get(name)
    if larger is None:
        return None
    try:
        with open(path, encoding=larger) as stream:
            for _ in iter(lambda: stream.read(SAMPLE), ""):
                pass
    except UnicodeError:
        return None
    return larger


def _evidence(path: Path) -> bytes:
    """Rows that are not ASCII, up to a limit."""
    found, size = [], 0
    with open(path, "rb") as stream:
        for line in stream:
            if not line.isascii():
                found.append(line)
                size += len(line)
            if size > EVIDENCE:
                break
    return b"".join(found)


def _best(sample: bytes, name: str, language: str | None, only: tuple[str, ...] = ()) -> str | None:
    """The encoding that gives the likeliest text, where that is likely, and likelier than with the encoding `name`."""
    languages = [language] if language in BY_LANGUAGE else [] if language else list(BY_LANGUAGE)
    found: tuple[float, str | None] = (LIKELY, None)
    for one in languages:
        now = 0.0 if name in ("utf-16", "utf-32") else likeness(_decoded(sample, name), one)
        others = [other for other in (*BY_LANGUAGE[one], *WIDE) if other != name and (not only or other in only)]
        scores = [(likeness(_decoded(sample, other), one), other) for other in others]
        best = max(scores, key=lambda score: score[0])
        if best[0] >= max(found[0], now + BETTER) and best[0] > found[0] - (found[1] is None):
            found = best
    return found[1]


def _decoded(sample: bytes, name: str) -> str:
    try:
        return codecs.getincrementaldecoder(name)(MARK).decode(sample).removeprefix("\ufeff")
    except UnicodeError:
        return "\ufffd"


def likeness(text: str, language: str) -> float:
    """Share of the characters beyond ASCII, control characters among them, that belong in texts of a language; 1 where all is ASCII.

    >>> [likeness(text, "ko") for text in ("좋아요, it’s", "ÁÁ¾Æ¿ä")]
    [1.0, 0.0]
    """
    text = unicodedata.normalize("NFC", text)
    judge: Callable[[re.Match[str]], tuple[int, int]] = _korean if language == "ko" else _latin
    counted = [judge(run) for run in _BEYOND.finditer(text)]
    good, bad = sum(one[0] for one in counted), sum(one[1] for one in counted)
    return good / (good + bad) if good + bad else 1.0


def _korean(run: re.Match[str]) -> tuple[int, int]:
    """(likely, unlikely) characters: signs count as neither, since Hangul is there to tell."""
    good = sum("가" <= character <= "힣" and _in_ks(character) for character in run[0])
    signs = sum(_sign(character) for character in run[0])
    return good, len(run[0]) - good - signs


def _in_ks(character: str) -> bool:
    try:
        return len(character.encode("euc-kr")) == 2
    except UnicodeEncodeError:
        return False


def _sign(character: str) -> bool:
    """Punctuation, symbols, emoji, single jamo: at home in every Korean text, and without weight of their own."""
    sign = unicodedata.category(character)[0] in "PSNZM" and character != "\ufffd"
    return "ㄱ" <= character <= "ㆎ" or (sign and (ord(character) > 0xFF or _in_ks(character)))


def _latin(run: re.Match[str]) -> tuple[int, int]:
    """(likely, unlikely) characters of a run of them, by what stands beside it."""
    whole, text = run[0], run[0].strip(_QUOTES)
    before, after = run.string[max(0, run.start() - 1) : run.start()], run.string[run.end() : run.end() + 1]
    capital = text[:1].isupper() and before.islower()
    beside = before.isalpha() or after.isalpha() or len(text) <= 1
    letters = len(text) <= 2 and beside and not capital and all("À" <= character <= "ɏ" and character.isalpha() for character in text)
    emoji = all(unicodedata.category(character) in ("So", "Mn", "Cf", "Sk") and ord(character) >= 0x2000 for character in text)
    likely = letters or emoji or (len(text) <= 3 and _SIGNS.fullmatch(text) is not None)
    return (len(whole), 0) if likely else (0, len(whole))
