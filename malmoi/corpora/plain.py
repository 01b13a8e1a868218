"""Plain text: a line, or a sentence of it, is an example."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from malmoi.config import params
from malmoi.corpora._sentences import sentences
from malmoi.corpora._text import OnError, mended, normalise
from malmoi.rows import Dropped, Example


@params
class Params:
    """unit: what an example is. document: what counts as one text (its passages stay together): the file, or each line (news, say).

    strip: take white space off both ends of a line; without it, and with `clean: {empty: keep}`, the examples joined by line ends give
    the file back. on_error: what to do with a line that has bytes which are not of the encoding: fail, drop it (counted), or replace them
    by �.
    """

    unit: Literal["line", "sentence"] = "line"
    document: Literal["file", "line"] = "file"
    encoding: str = "utf-8"
    strip: bool = False
    on_error: OnError = "fail"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Lines or sentences of the files in order. A blank line is an empty example: cleaning keeps or drops it."""
    for path in files:
        for row, line in mended(path, params.encoding, params.on_error):
            yield from [line] if isinstance(line, Dropped) else _examples(normalise(line), path.name, row, params)


def _examples(line: str, file: str, row: int, params: Params) -> Iterator[Example]:
    where = f"{file}:{row}"
    document = where if params.document == "line" else file
    if params.unit == "line":
        yield Example(where, line.strip() if params.strip else line, None, document, row=row)
        return
    for number, sentence in enumerate(sentences(line) or [""], 1):
        yield Example(f"{where}.{number}", sentence, None, document, row=row)
