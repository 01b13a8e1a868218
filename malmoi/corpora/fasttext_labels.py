"""fastText's text format: `__label__name text`, one example a line."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import ConfigError, params
from malmoi.corpora._fields import Columns, Record
from malmoi.corpora._text import Encoded, rows
from malmoi.rows import Dropped, Example


@params
class Params(Encoded):
    """labels: class name of each label found, e.g. {neg: negative}. prefix: what marks a label."""

    prefix: str = "__label__"
    labels: dict[str, str] = field(default_factory=dict)


def read(files: Sequence[Path], params: Params, language: str | None = None) -> Iterator[Example | Dropped]:
    """Lines of the files in order; a line with no label, or with several, is dropped."""
    if not params.prefix.strip():
        raise ConfigError(f"prefix {params.prefix!r} should be what labels begin with, as __label__")
    columns = Columns("text", "label", labels=params.labels)
    for path in files:
        for row, line, replaced in rows(path, params, language):
            where = f"{path.name}:{row}"
            found = line if isinstance(line, Dropped) else _fields(params.prefix, where, line.strip())
            yield found if isinstance(found, Dropped) else columns.example(path, Record(row, found, replaced))


def _fields(prefix: str, where: str, line: str) -> dict[str, str] | Dropped:
    first, *rest = line.split(maxsplit=1)[:2] or [""]
    text = rest[0] if rest else ""
    if not first.startswith(prefix):
        return Dropped(f"no {prefix} at its start", where, line)
    if text.startswith(prefix):
        return Dropped("several labels", where, line)
    return {"text": text, "label": first.removeprefix(prefix)}
