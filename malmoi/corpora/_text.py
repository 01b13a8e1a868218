"""Text files as people have them: byte-order marks, CP949, NFD; a wrong encoding or a binary file is an error that names the row."""

import codecs
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from malmoi.config import ConfigError

CANDIDATES = ("utf-8", "cp949", "utf-16", "cp1252")  # tried, in this order, only to word the error
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
SAMPLE = 65_536  # bytes looked at when guessing


def normalise(text: str) -> str:
    """Unicode NFC: one code point for a Hangul syllable, however the source spelt it."""
    return unicodedata.normalize("NFC", text)


def lines(path: Path, encoding: str, newline: str | None = None) -> Iterator[str]:
    """Lines of a text file, as `open` gives them (line ends kept); a UTF-8 byte-order mark is left out.

    newline: as for `open`; None turns CRLF into LF, "" keeps it. Raises ConfigError for an unknown or wrong encoding (naming the row),
    an empty file and a binary one.
    """
    check_encoding(encoding)
    _check_content(path, encoding)
    try:
        with open(path, encoding=_marked(encoding), newline=newline) as stream:
            yield from stream
    except UnicodeError as error:
        raise _wrong_encoding(path, encoding, error) from None


def check_encoding(encoding: str) -> None:
    """Raise ConfigError where Python knows no such text encoding."""
    try:
        "".encode(encoding)
    except LookupError:
        known = "utf-8, cp949 (Korean Windows), euc-kr, utf-16, cp1252, latin-1"
        raise ConfigError(f"encoding {encoding!r} is unknown; usual ones are {known}") from None


def _marked(encoding: str) -> str:
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _check_content(path: Path, encoding: str) -> None:
    with open(path, "rb") as stream:
        start = stream.read(SAMPLE)
    if not start:
        raise ConfigError(f"{path}: the file is empty (0 bytes); copy or fetch it again")
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    if b"\0" in start and not wide:
        marked = next((name for mark, name in MARKS.items() if start.startswith(mark)), None)
        cure = (
            f"it starts like {marked}: set encoding: {marked}" if marked else "it looks binary: give a text file or the reader that fits it"
        )
        row = start[: start.index(b"\0")].count(b"\n") + 1
        raise ConfigError(f"{path}: row {row} has a NUL byte, so this is no {encoding} text; {cure}")


def _wrong_encoding(path: Path, encoding: str, error: UnicodeError) -> ConfigError:
    row, found = _first_bad_row(path, encoding)
    guess = next((name for name in CANDIDATES if name != encoding and _decodes(path, name)), None)
    cure = f"it reads as {guess}: set encoding: {guess}" if guess else "save it as UTF-8"
    return ConfigError(f"{path}: row {row} is not {encoding} ({found or error}); {cure}")


def _first_bad_row(path: Path, encoding: str) -> tuple[int, str]:
    with open(path, "rb") as stream:
        for row, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return row, f"byte 0x{line[error.start]:02x} at its byte {error.start + 1}"
            except UnicodeError:
                break  # not an encoding that can be read line by line
    return 1, ""


def _decodes(path: Path, encoding: str) -> bool:
    with open(path, "rb") as stream:
        start = stream.read(SAMPLE)
    if encoding == "utf-16" and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError:
        return False
    return True
