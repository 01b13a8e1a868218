"""Records of a file, with the row at which each begins: delimited text and JSON lines. Shared by corpora and by answers to files.

A record is a mapping from column to value, or a `Dropped` with its reason. Names of columns are in NFC, without white space, byte-order
marks and other invisible characters around them.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from malmoi.config import ConfigError
from malmoi.corpora._text import OnError, Stray, lines, mended, normalise, replace_stray
from malmoi.rows import Dropped

NO_OBJECT = "not a JSON object"  # reason of a line
LONGEST = 16_000_000  # characters of one field; Python's own limit of 131,072 is less than some articles
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
CR = "\udc0d"  # stands for a lone CR, which the csv module would take for an end; no decoder gives it
_LONE_CR = re.compile(r"\r(?!\n)")
_QUOTED = re.compile(r'\s+"((?:[^"]|"")*)"\s*')
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """How delimited text is written. columns: names where the file has no header; skip_space: a space after a delimiter is no part of a
    field; uneven: what becomes of a row with too few or too many fields. See `delimited.Params`."""

    delimiter: str = ","
    encoding: str = "utf-8"
    quoting: Literal["standard", "none"] = "standard"
    columns: Sequence[str] | None = None
    skip_space: bool = False
    uneven: Literal["error", "drop"] = "error"
    on_error: OnError = "fail"


def column_name(name: object) -> str:
    """A column's name as it is compared: NFC, without white space and invisible characters around it."""
    return normalise(str(name)).strip().strip(_INVISIBLE).strip()


def check_names(path: Path, names: Sequence[str], needed: Sequence[str] | None = None) -> None:
    """Raise ConfigError where a column (one of `needed`, where given) is there twice."""
    double = [name for name in dict.fromkeys(names) if names.count(name) > 1 and (needed is None or name in needed)]
    if double:
        raise ConfigError(f"{path}: row 1: column {double[0]!r} is there {names.count(double[0])} times; rename all but one")


def delimited(path: Path, how: Format) -> tuple[list[str], Iterator[tuple[int, Record | Dropped]]]:
    """(names of the columns, (row, record) of each row).

    Raises ConfigError naming file and row for a file that is not what `how` says: an open quotation, an uneven row, stray bytes.
    """
    if len(how.delimiter) != 1 or how.delimiter in '\r\n"':
        raise ConfigError(f"delimiter {how.delimiter!r} should be one character, such as ',' or a tab (\"\\t\")")
    records = _split(path, how)
    if how.columns is not None:
        return [column_name(name) for name in how.columns], _records(path, how, [column_name(name) for name in how.columns], records)
    first = next(records, (1, []))
    while not (isinstance(first[1], Dropped) or any(map(str.strip, first[1]))):  # blank lines above the header
        if (following := next(records, None)) is None:
            raise ConfigError(f"{path}: row 1 should name the columns, it is empty")
        first = following
    if isinstance(first[1], Dropped):
        raise ConfigError(f"{path}: row {first[0]} should name the columns, it {first[1].reason}")
    names = [column_name(name) for name in first[1]]
    return names, _records(path, how, names, records)


def other_delimiter(names: Sequence[str], delimiter: str) -> str:
    """A delimiter that the only column's name holds, so that it was probably meant; "" where there is none."""
    return next((one for one in DELIMITERS if one != delimiter and one in names[0]), "") if len(names) == 1 else ""


def objects(path: Path, encoding: str, on_error: OnError) -> Iterator[tuple[int, Record | Dropped]]:
    """(row, object) of each line of JSON lines; names of keys as `column_name` has them. A line that holds none is a `Dropped`."""
    for row, line in mended(path, encoding, on_error):
        where = f"{path.name}:{row}"
        if isinstance(line, Dropped):
            yield row, line
        elif not line.strip():
            yield row, Dropped("blank line", where)
        else:
            yield row, _parsed(line, where)


def _parsed(line: str, where: str) -> Record | Dropped:
    try:
        found = json.loads(line, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        twice = f"key is there twice: {error}" if isinstance(error, _TwiceError) else NO_OBJECT
        return Dropped(twice, where, line)
    return found if isinstance(found, dict) else Dropped(NO_OBJECT, where, line)


class _TwiceError(ValueError):
    """A key of an object is there twice: which value was meant?"""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {key if key.isascii() else column_name(key): value for key, value in pairs}
    if len(found) < len(pairs):
        names = [column_name(key) for key, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return found


def _split(path: Path, how: Format) -> Iterator[tuple[int, list[str] | Dropped]]:
    """(row at which the record starts, its fields)."""
    csv.field_size_limit(LONGEST)
    plain = how.quoting == "none"
    stream = (_LONE_CR.sub(CR, line) if "\r" in line else line for line in lines(path, how.encoding, newline=""))
    reader = csv.reader(
        stream,
        delimiter=how.delimiter,
        quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
        strict=True,
        skipinitialspace=how.skip_space,
    )
    stray = Stray(path, how.encoding, how.on_error)
    while True:
        row = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ConfigError(f"{path}: row {row}: {error}; {_cure(str(error))}") from None
        yield row, _usable(fields, row, stray, how)


def _usable(fields: list[str], row: int, stray: Stray, how: Format) -> list[str] | Dropped:
    """The fields with stray bytes mended, lone CRs put back, and quotation marks behind spaces undone."""
    whole = how.delimiter.join(fields)
    if not whole.isascii() or "\0" in whole:
        mended = stray.mend(row, whole.replace(CR, "\r"))
        if isinstance(mended, Dropped):
            return mended
        if mended is not whole:
            fields = [replace_stray(field.replace(CR, "\r")) for field in fields]
    return [_unspaced(field) for field in fields] if '"' in whole and how.quoting == "standard" else fields


def _unspaced(field: str) -> str:
    """The content of a field that is quoted behind a space, as in `a, "b"`; other fields as they are."""
    found = _QUOTED.fullmatch(field) if field[:1].isspace() else None
    return found[1].replace('""', '"') if found else field


def _cure(error: str) -> str:
    if "field larger" in error:
        return f"a field may have {LONGEST:,} characters; is a quotation mark missing further up?"
    return "if quotation marks are ordinary characters in this file, set quoting: none; if spaces stand before them, set skip_space: true"


def _records(
    path: Path, how: Format, names: list[str], rows: Iterator[tuple[int, list[str] | Dropped]]
) -> Iterator[tuple[int, Record | Dropped]]:
    for row, fields in rows:
        if isinstance(fields, Dropped):
            yield row, fields
        elif not fields and len(names) > 1:
            yield row, Dropped("blank line", f"{path.name}:{row}")
        elif len(fields or [""]) != len(names):
            yield row, _uneven(path, row, fields, names, how)
        else:
            yield row, dict(zip(names, fields or [""], strict=True))


def _uneven(path: Path, row: int, fields: list[str], names: list[str], how: Format) -> Dropped:
    found = f"{len(fields)} columns instead of {len(names)}"
    if how.uneven == "error":
        cure = f"mend the row, check delimiter {how.delimiter!r} and quoting {how.quoting!r}, or set uneven: drop"
        raise ConfigError(f"{path}: row {row} has {found} ({', '.join(names)}); {cure}")
    return Dropped(f"uneven row: {found}", f"{path.name}:{row}", how.delimiter.join(fields))


def mapped(records: Iterator[tuple[int, Record | Dropped]], make: Callable[[int, Record], Any]) -> Iterator[Any]:
    """What `make` gives for (row, record) of each, with what was dropped in its place."""
    for row, record in records:
        yield record if isinstance(record, Dropped) else make(row, record)
