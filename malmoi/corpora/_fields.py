"""From the fields of a row (named columns) to an Example: which column is what, class names, and what makes a row unusable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from malmoi.config import ConfigError
from malmoi.corpora._text import normalise
from malmoi.registry import suggest
from malmoi.rows import Dropped, Example


@dataclass(frozen=True)
class Columns:
    """Names of the columns. labels: class name of each value found in the label column; empty: the values are the names."""

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def check(self, path: Path, there: Sequence[str]) -> None:
        """Raise ConfigError where a column that is asked for is not among those `there`."""
        for role in ("text", "label", "id", "document"):
            name = getattr(self, role)
            if name is not None and name not in there:
                raise ConfigError(f"{path}: row 1: no column {name!r} to take the {role} from{suggest(name, list(there))}")

    def example(self, path: Path, row: int, fields: Mapping[str, object]) -> Example | Dropped:
        """The row as an Example, or as Dropped with the reason."""
        where = f"{path.name}:{row}"
        text = fields.get(self.text)
        if text is None:
            return Dropped("no text", where)
        if not isinstance(text, str):
            return Dropped("text is no string", where, str(text))
        if not _encodable(text):
            return Dropped("not valid Unicode (a lone surrogate)", where, ascii(text))
        label = self._label(fields)
        if self.label is not None and label is None:
            value = fields.get(self.label)
            return Dropped("no label" if value in (None, "") else "label is not in `labels`", where, f"{value!r}: {text}")
        name = where if self.id is None else normalise(str(fields.get(self.id)))
        document = path.name if self.document is None else normalise(str(fields.get(self.document)))
        return Example(name, normalise(text), label, document, row=row)

    def _label(self, fields: Mapping[str, object]) -> str | None:
        value = fields.get(self.label) if self.label is not None else None
        if value is None or str(value).strip() == "":
            return None
        name = normalise(str(value).strip())
        return self.labels.get(name) if self.labels else name


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
