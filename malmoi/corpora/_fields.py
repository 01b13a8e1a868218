"""From the fields of a row (named columns) to an Example: which column is what, class names, and what makes a row unusable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from pathlib import Path

from malmoi.config import ConfigError
from malmoi.corpora._labels import Classes
from malmoi.corpora._records import check_names, column_name
from malmoi.corpora._text import normalise
from malmoi.registry import suggest
from malmoi.rows import Dropped, Example

UNLISTED = "label is not in `labels`"


@dataclass(frozen=True)
class Columns:
    """Names of the columns. labels: class name of each value found in the label column; empty: the values are the names."""

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    _classes: Classes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for role in ("text", "label", "id", "document"):
            name = getattr(self, role)
            object.__setattr__(self, role, None if name is None else column_name(name))
        object.__setattr__(self, "_classes", Classes(self.labels))

    @property
    def needed(self) -> list[str]:
        """The columns that are read, each once."""
        return list(dict.fromkeys(name for name in (self.text, self.label, self.id, self.document) if name is not None))

    def check(self, path: Path, there: Sequence[str]) -> None:
        """Raise ConfigError where a column that is asked for is not among those `there`, or is there twice."""
        for role in ("text", "label", "id", "document"):
            name = getattr(self, role)
            if name is not None and name not in there:
                raise ConfigError(f"{path}: row 1: no column {name!r} to take the {role} from{suggest(name, list(there))}")
        check_names(path, there, self.needed)

    def example(self, path: Path, row: int, fields: Mapping[str, object]) -> Example | Dropped:
        """The row as an Example, or as Dropped with the reason."""
        where = f"{path.name}:{row}"
        text = fields.get(self.text)
        if is_missing(text):
            return Dropped("no text", where)
        if not isinstance(text, str):
            return Dropped("text is no string", where, str(text))
        if reason := unusable(text):
            return Dropped(reason, where, ascii(text))
        value = fields.get(self.label) if self.label is not None else None
        label = self._classes.name(value, f"{path}: row {row}") if _may_name(value) else None
        if self.label is not None and label is None:
            return self._without_label(value, where, text)
        name = where if self.id is None else self._name(fields.get(self.id), where)
        document = path.name if self.document is None else self._name(fields.get(self.document), path.name)
        return Example(name, normalise(text), label, document, row=row)

    def _name(self, value: object, otherwise: str) -> str:
        return otherwise if is_missing(value) else normalise(str(value)).encode("utf-8", "replace").decode("utf-8")

    def _without_label(self, value: object, where: str, text: str) -> Dropped:
        shown = f"{value!r}: {text}"
        if not _may_name(value):
            return Dropped("label is no string or number", where, shown)
        return Dropped("no label", where, shown) if self._classes.missing(value) else Dropped(UNLISTED, where, shown, repr(value))


def _may_name(value: object) -> bool:
    """Whether a value may name a class: not a list, an object or bytes."""
    return value is None or isinstance(value, str | Real | Decimal)


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, or a number that is not one (NaN), as pandas and JSON write it.

    >>> is_missing(None), is_missing(float("nan")), is_missing(""), is_missing(0)
    (True, True, False, False)
    """
    return value is None or (isinstance(value, Real | Decimal) and value != value)


def unusable(text: str) -> str:
    """Why a string cannot be a text; "" where it can."""
    if "\0" in text:
        return "holds a NUL byte"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "not valid Unicode (a lone surrogate)"
    return ""
