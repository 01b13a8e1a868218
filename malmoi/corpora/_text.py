"""Text files as people have them: byte-order marks, CP949, NFD, stray bytes; what cannot be right is an error that names the row.

A line ends with LF or CRLF. A lone CR is a character of its line, unless the file has no LF at all (as of an old Mac), and so are the other
characters at which `str.splitlines` cuts (U+2028, U+0085, form feed). Bytes that are not of the encoding come as the lone surrogates of
Python's `surrogateescape`, so that the row that holds them can be told: see `Stray`.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from malmoi.config import ConfigError
from malmoi.corpora import _encodings
from malmoi.rows import Dropped

OnError = Literal["fail", "drop", "replace"]
NUL = "holds a NUL byte"
AROUND = 12  # characters shown on each side of a stray byte
_STRAY = re.compile("[\udc80-\udcff]")
_SHOWN = re.compile("[\udc80-\udcff]+")


class EncodingError(ConfigError):
    """A row is not in the encoding that the file is read in. `place` says where; `advice` depends on the corpus's language."""

    def __init__(self, path: Path, encoding: str, place: str, bad: bytes) -> None:
        self.path, self.encoding, self.place, self.bad = path, encoding, place, bad
        super().__init__(self.message())

    def message(self, language: str = "", option: str = "on_error: ", named: str = "encoding: ") -> str:
        """The message, with a cure that fits.

        Args:
            language: of the corpus, as ISO 639-1, where it is known.
            option: how a person sets what becomes of bad rows, in front of its value.
            named: how a person sets the encoding, in front of its name.
        """
        advised = _encodings.advise(self.path, self.encoding, self.bad, language)
        cure = f"it reads as {advised}: set {named}{advised}" if advised else "save it as UTF-8"
        others = f"or, where only some rows are damaged: {option}drop (they are counted) or {option}replace (by �)"
        return f"{self.path}: {self.place}; {cure}, {others}"


@dataclass(frozen=True)
class Stray:
    """What becomes of rows with bytes that are not of the file's encoding: an error, they are dropped, or the bytes are replaced by �."""

    path: Path
    encoding: str
    on_error: OnError = "fail"

    def mend(self, row: int, text: str) -> str | Dropped:
        """The text of a row, a line or a record, as it can be used. Raises EncodingError where `on_error` is fail.

        A row that holds a NUL is dropped in any case.
        """
        if "\0" in text:
            return Dropped(NUL, f"{self.path.name}:{row}", text.replace("\0", "\\0"))
        found = _STRAY.search(text)
        if found is None:
            return text
        if self.on_error == "fail":
            raise EncodingError(self.path, self.encoding, self._place(row, text, found.start()), self._bytes(text))
        shown = replace_stray(text)
        return shown if self.on_error == "replace" else Dropped(f"not {self.encoding}", f"{self.path.name}:{row}", shown)

    def _place(self, row: int, text: str, start: int) -> str:
        before, after = text[max(0, start - AROUND) : start], text[start + 1 : start + 1 + AROUND]
        around = _SHOWN.sub("�", f"{before}�{after}").strip().replace("\n", "\\n")
        count = len(self._bytes(text[:start])) + 1
        return f"row {row} is not {self.encoding} (byte 0x{ord(text[start]) - 0xDC00:02x} at its byte {count}: {around!r})"

    def _bytes(self, text: str) -> bytes:
        try:
            return text.encode(self.encoding, "surrogateescape")
        except UnicodeError:  # a wide encoding, which has no single bytes, or one that escapes nothing
            return text.encode(self.encoding, "replace")


def replace_stray(text: str) -> str:
    """The text with � (U+FFFD) for each stray byte."""
    return _STRAY.sub("�", text)


def normalise(text: str) -> str:
    """Unicode NFC: one code point for a Hangul syllable, however the source spelt it."""
    return unicodedata.normalize("NFC", text)


def lines(path: Path, encoding: str, newline: str | None = None) -> Iterator[str]:
    """Lines of a text file with their ends; a byte-order mark is left out. Stray bytes are in it as surrogates, see `Stray`.

    newline: as for `open`; None turns CRLF into LF, "" keeps it.

    Raises ConfigError for an unknown encoding, an empty file and a binary one, and EncodingError for a UTF-16 or UTF-32 that is broken.
    """
    check_encoding(encoding)
    end, row = _check_content(path, encoding), 0
    try:
        with open(path, encoding=_marked(encoding), errors="surrogateescape", newline=end) as stream:
            for row, line in enumerate(stream, 1):  # noqa: B007 - for the error
                yield _ended(line, end) if newline is None or end == "\r" else line
    except UnicodeError as error:
        raise EncodingError(path, encoding, f"row {row + 1} is not {encoding} ({error})", b"") from None


def _ended(line: str, end: str) -> str:
    """The line with LF as its end, if it has one."""
    for one in ("\r\n", "\r") if end == "\r" else ("\r\n",):
        if line.endswith(one):
            return line.removesuffix(one) + "\n"
    return line


def mended(path: Path, encoding: str, on_error: OnError) -> Iterator[tuple[int, str | Dropped]]:
    """(row, line without its end) of a text file, each as `Stray.mend` has it. Raises as `lines` and `Stray.mend` do."""
    stray = Stray(path, encoding, on_error)
    for row, line in enumerate(lines(path, encoding), 1):
        yield row, stray.mend(row, line.removesuffix("\n"))


def check_encoding(encoding: str) -> None:
    """Raise ConfigError where Python knows no such text encoding."""
    if not _encodings.is_known(encoding):
        raise ConfigError(f"encoding {encoding!r} is unknown; usual ones are {_encodings.KNOWN}")


def _marked(encoding: str) -> str:
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _check_content(path: Path, encoding: str) -> str:
    """How lines end, as `open` wants it. Raises ConfigError where the file cannot be text in this encoding."""
    with open(path, "rb") as stream:
        start = stream.read(_encodings.SAMPLE)
    if not start:
        raise ConfigError(f"{path}: the file is empty (0 bytes); copy or fetch it again")
    wide = _encodings.is_wide(encoding)
    if what := "" if wide else _encodings.binary(start):
        advised = _encodings.advise(path, encoding, b"")
        cure = f"it reads as {advised}: set encoding: {advised}" if advised else "give a text file or the reader that fits it"
        row = start[: start.index(b"\0")].count(b"\n") + 1 if b"\0" in start else 1
        holds = "a NUL byte" if b"\0" in start else f"bytes that no {encoding} text has"
        raise ConfigError(f"{path}: row {row} has {holds}, and it looks {what if what == 'binary' else f'like {what}'}; {cure}")
    end = "\n".encode("utf-16-le" if "16" in encoding else "utf-32-le").strip(b"\0") if wide else b"\n"
    return "\r" if b"\r" in start and end not in start else "\n"
