"""Text files as people have them: byte-order marks, CP949, NFD, stray bytes, old line ends; what is wrong names the row and the byte.

A row ends with a line feed, or CR and LF; in a file without any line feed, with CR. Nothing else ends a row: a lone CR, U+2028, U+0085 and
form feeds are characters of the text.
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from malmoi.config import ConfigError, params
from malmoi.corpora import _encodings
from malmoi.corpora._encodings import MARKED
from malmoi.rows import Dropped

NUL = "holds a NUL byte"
UNICODE = "not valid Unicode (a lone surrogate)"
BLOCK = 1 << 16  # characters read at a time in search of a line feed
NEIGHBOURS = 12  # characters shown before and after a bad byte
REFUSED = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}  # codecs for other things than files
_LOOSE = re.compile("\r+(?=[^\r\n])")


@params
class Encoded:
    """encoding: of the files. on_error: what to do with a row that has bytes which are not of the encoding: stop, drop the row, or keep it
    with U+FFFD in their place. Rows that were dropped or repaired are counted."""

    encoding: str = "utf-8"
    on_error: Literal["fail", "drop", "replace"] = "fail"


def normalise(text: str) -> str:
    """Unicode NFC: one code point for a Hangul syllable, however the source spelt it."""
    return unicodedata.normalize("NFC", text)


def lines(path: Path, how: Encoded, language: str | None = None) -> Iterator[str]:
    """Lines of a text file with their ends, without a byte-order mark; bytes that are not of the encoding are marked (see `repair`).

    Raises ConfigError for an unknown encoding, another encoding or a binary file, an empty file, and with `on_error: fail` for the first
    row with a byte that is not of the encoding, naming row, byte, neighbours and cure.
    """
    check_encoding(how.encoding)
    _encodings.check_start(path, how.encoding, language)
    end = _line_end(path, how.encoding)
    with _opened(path, how.encoding, end) as stream:
        for row, line in enumerate(_read(path, how.encoding, stream), 1):
            if how.on_error == "fail" and MARKED.search(line):
                raise _wrong_bytes(path, row, line, how.encoding, language)
            yield line.removesuffix(end) + "\n" if end == "\r" else line


def rows(path: Path, how: Encoded, language: str | None = None) -> Iterator[tuple[int, str | Dropped, int]]:
    """(row from 1, the line without its end or why it is dropped, how many bytes of it were replaced) of a file with a row on each line."""
    for row, line in enumerate(lines(path, how, language), 1):
        where = f"{path.name}:{row}"
        text, replaced = repair(line.rstrip("\r\n"), how, where)
        yield row, text if isinstance(text, Dropped) or "\0" not in text else Dropped(NUL, where, repr(text)), replaced


def repair(text: str, how: Encoded, where: str) -> tuple[str | Dropped, int]:
    """(the text, or Dropped where it has marked bytes and these are not to be replaced; how many were replaced)."""
    marked = MARKED.findall(text)
    if not marked:
        return text, 0
    if how.on_error == "replace":
        return MARKED.sub("\ufffd", text), len(marked)
    return Dropped(f"not {how.encoding}", where, _shown(text)), 0


def hold_loose(line: str) -> str:
    """The line with each CR inside of it as a mark that Python's csv does not take for the end of a row; `let_loose` undoes it."""
    return _LOOSE.sub(lambda found: "\udd0d" * len(found[0]), line) if "\r" in line else line


def let_loose(field: str) -> str:
    """A field with its CRs again."""
    return field.replace("\udd0d", "\r")


def encodable(text: str) -> bool:
    """Whether a text is Unicode that can be written: no lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def unusable(value: object) -> str | None:
    """Why a string cannot be used, or None."""
    if not isinstance(value, str):
        return None
    if "\0" in value:
        return NUL
    return None if encodable(value) else UNICODE


def check_encoding(encoding: str) -> None:
    """Raise ConfigError where Python knows no such text encoding."""
    try:
        "".encode(encoding)
        known = codecs.lookup(encoding).name.replace("-", "_") not in REFUSED
    except (LookupError, ValueError):  # ValueError: a name with a NUL, the codec "undefined"
        known = False
    if not known:
        usual = "utf-8, cp949 (Korean Windows), euc-kr, utf-16, cp1252, latin-1"
        raise ConfigError(f"encoding {encoding!r} is unknown; usual ones are {usual}")


def _opened(path: Path, encoding: str, newline: str) -> io.TextIOWrapper:
    return open(path, encoding=encoding, errors=_encodings.MARK, newline=newline)


def _line_end(path: Path, encoding: str) -> str:
    """ "\\n", or "\\r" where the whole file has no line feed, as old Macs wrote."""
    returns = False
    with _opened(path, encoding, "") as stream:
        for block in iter(lambda: stream.read(BLOCK), ""):
            if "\n" in block:
                return "\n"
            returns = returns or "\r" in block
    return "\r" if returns else "\n"


def _read(path: Path, encoding: str, stream: io.TextIOWrapper) -> Iterator[str]:
    try:
        first = stream.readline().removeprefix("\ufeff")
        if first:
            yield first
        yield from stream
    except UnicodeError as error:  # a codec that gives up instead of asking what to do
        raise ConfigError(f"{path}: not {encoding} ({error}); {_encodings.cure(path, encoding, None)}") from None


def _wrong_bytes(path: Path, row: int, line: str, encoding: str, language: str | None) -> ConfigError:
    found = MARKED.search(line)
    place = found.start() if found else 0
    end = next((at for at in range(place, len(line)) if not MARKED.match(line, at)), len(line))
    bad = " ".join(f"0x{ord(mark) & 0xFF:02x}" for mark in line[place:end][:4])
    before, after = _shown(line[max(0, place - NEIGHBOURS) : place]), _shown(line[end : end + NEIGHBOURS].rstrip("\r\n"))
    said = f"{'byte' if end == place + 1 else 'bytes'} {bad} at its character {place + 1}, after {before!r} and before {after!r}"
    return ConfigError(f"{path}: row {row} is not {encoding} ({said}); {_encodings.cure(path, encoding, language)}")


def _shown(text: str) -> str:
    return MARKED.sub(lambda mark: f"\\x{ord(mark[0]) & 0xFF:02x}", text)
