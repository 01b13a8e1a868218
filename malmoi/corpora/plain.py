"""Plain text: a line, or a sentence of it, is an example."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from malmoi.config import params
from malmoi.corpora._fields import Record, Table
from malmoi.corpora._sentences import sentences
from malmoi.corpora._text import Encoded, normalise, rows, unusable
from malmoi.rows import Dropped, Example

TEXT = "text"  # the one column of a file of texts


@params
class Params(Encoded):
    """unit: what an example is. document: what counts as one text (its passages stay together): the file, or each line (news, say).

    strip: take white space off both ends of a line; without it, and with `clean: {empty: keep}`, the examples joined by line ends give
    the file back.
    """

    unit: Literal["line", "sentence"] = "line"
    document: Literal["file", "line"] = "file"
    strip: bool = False


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Lines or sentences of the files in order. A blank line is an empty example: cleaning keeps or drops it."""
    for path in files:
        for row, line, replaced in rows(path, params, language):
            yield from [line] if isinstance(line, Dropped) else _of_line(path.name, row, line, replaced, params)


def _of_line(file: str, row: int, line: str, replaced: int, params: Params) -> Iterator[Example | Dropped]:
    if reason := unusable(line):
        yield Dropped(reason, f"{file}:{row}", repr(line))
    else:
        yield from _examples(normalise(line), file, Record(row, {}, replaced), params)


def table(path: Path, how: Encoded, language: str | None = None) -> Table:
    """The file's lines as a table with one column; a line that cannot be read is Dropped."""
    found = rows(path, how, language)
    return Table([TEXT], (line if isinstance(line, Dropped) else Record(row, {TEXT: line}, replaced) for row, line, replaced in found))


def _examples(line: str, file: str, record: Record, params: Params) -> Iterator[Example]:
    where = f"{file}:{record.row}"
    document = where if params.document == "line" else file
    if params.unit == "line":
        yield Example(where, line.strip() if params.strip else line, None, document, row=record.row, replaced=record.replaced)
        return
    for number, sentence in enumerate(sentences(line) or [""], 1):
        yield Example(f"{where}.{number}", sentence, None, document, row=record.row, replaced=record.replaced if number == 1 else 0)
