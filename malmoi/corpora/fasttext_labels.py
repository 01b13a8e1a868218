"""fastText's text format: `__label__name text`, one example a line."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import params
from malmoi.corpora._fields import Columns
from malmoi.corpora._text import lines
from malmoi.rows import Dropped, Example


@params
class Params:
    """labels: class name of each label found, e.g. {neg: negative}. prefix: what marks a label."""

    prefix: str = "__label__"
    labels: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


def read(files: Sequence[Path], params: Params) -> Iterator[Example | Dropped]:
    """Lines of the files in order; a line with no label, or with several, is dropped."""
    columns = Columns("text", "label", labels=params.labels)
    for path in files:
        for row, line in enumerate(lines(path, params.encoding), 1):
            first, _, text = line.strip().partition(" ")
            if not first.startswith(params.prefix):
                yield Dropped(f"no {params.prefix} at its start", f"{path.name}:{row}", line.strip())
            elif text.lstrip().startswith(params.prefix):
                yield Dropped("several labels", f"{path.name}:{row}", line.strip())
            else:
                yield columns.example(path, row, {"text": text.strip(), "label": first.removeprefix(params.prefix)})
