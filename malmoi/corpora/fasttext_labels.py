"""fastText's text format: `__label__name text`, one example a line."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import params
from malmoi.corpora._fields import Columns
from malmoi.corpora._text import OnError, mended
from malmoi.rows import Dropped, Example


@params
class Params:
    """labels: class name of each label found, e.g. {neg: negative}. prefix: what marks a label.

    on_error: what to do with a line that has bytes which are not of the encoding: fail, drop it (counted), or replace them by �.
    """

    prefix: str = "__label__"
    labels: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    on_error: OnError = "fail"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Lines of the files in order; a line with no label, or with several, is dropped."""
    columns = Columns("text", "label", labels=params.labels)
    for path in files:
        for row, line in mended(path, params.encoding, params.on_error):
            yield line if isinstance(line, Dropped) else _example(columns, params.prefix, path, row, line.strip())


def _example(columns: Columns, prefix: str, path: Path, row: int, line: str) -> Example | Dropped:
    first, _, text = line.partition(" ")
    if not first.startswith(prefix):
        return Dropped(f"no {prefix} at its start", f"{path.name}:{row}", line)
    if text.lstrip().startswith(prefix):
        return Dropped("several labels", f"{path.name}:{row}", line)
    return columns.example(path, row, {"text": text.strip(), "label": first.removeprefix(prefix)})
