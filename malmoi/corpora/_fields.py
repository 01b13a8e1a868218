"""From the fields of a row (named columns) to an Example: which column is what, class names, and what makes a row unusable."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from malmoi.config import ConfigError
from malmoi.corpora._labels import Classes, spellings
from malmoi.corpora._text import normalise, unusable
from malmoi.registry import suggest
from malmoi.rows import Dropped, Example

ROLES = ("text", "label", "id", "document")


@dataclass(frozen=True)
class Record:
    """One row of a table: its line or row in the file, its values by the names of the columns, how many bytes of it were replaced."""

    row: int
    fields: Mapping[str, object]
    replaced: int = 0


@dataclass(frozen=True)
class Table:
    """A file as rows with named columns. names: of the columns; [] where each row has its own."""

    names: list[str]
    records: Iterator[Record | Dropped]


INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060\u00ad"))  # what nobody sees in a name


def column_names(given: Sequence[object]) -> list[str]:
    """Names of columns as they are compared: NFC, without white space and invisible characters."""
    return [normalise(str(name).translate(INVISIBLE)).strip() for name in given]


@dataclass(frozen=True)
class Columns:
    """Names of the columns. labels: class name of each value found in the label column; empty: the values are the names."""

    text: str
    label: str | None = None
    id: str | None = None
    document: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    classes: Classes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        for role in ROLES:
            name = getattr(self, role)
            object.__setattr__(self, role, None if name is None else column_names([name])[0])
        object.__setattr__(self, "classes", Classes(self.labels))

    @property
    def asked(self) -> list[str]:
        """Names of the columns that are read, each once."""
        return list(dict.fromkeys(name for role in ROLES if (name := getattr(self, role)) is not None))

    def check(self, path: Path, there: Sequence[str], row: int = 1) -> None:
        """Raise ConfigError where a column that is asked for is not among those `there`, or is there more than once."""
        for role in ROLES:
            name = getattr(self, role)
            if name is not None and name not in there:
                raise ConfigError(f"{path}: row {row}: no column {name!r} to take the {role} from{suggest(name, list(there))}")
            if there.count(name) > 1:
                places = ", ".join(str(place) for place, other in enumerate(there, 1) if other == name)
                raise ConfigError(f"{path}: row {row}: column {name!r} is there more than once (columns {places}); give each its own name")

    def examples(self, path: Path, records: Iterable[Record | Dropped]) -> Iterator[Example | Dropped]:
        """Each row as an Example, or as Dropped with the reason."""
        for record in records:
            yield record if isinstance(record, Dropped) else self.example(path, record)

    def example(self, path: Path, record: Record) -> Example | Dropped:
        """The row as an Example, or as Dropped with the reason."""
        where, fields = f"{path.name}:{record.row}", record.fields
        text = fields.get(self.text)
        if text is None or text != text:  # NaN
            return Dropped("no text", where)
        if not isinstance(text, str):
            return Dropped("text is no string", where, str(text))
        if reason := next((reason for name in self.asked if (reason := unusable(fields.get(name)))), None):
            return Dropped(reason, where, repr(text))
        label = self._label(fields, where, text)
        if isinstance(label, Dropped):
            return label
        name = where if self.id is None else _name(fields.get(self.id))
        document = path.name if self.document is None else _name(fields.get(self.document))
        if name is None or document is None:
            return Dropped("no id" if name is None else "no document", where, text)
        return Example(name, normalise(text), label, document, row=record.row, replaced=record.replaced)

    def _label(self, fields: Mapping[str, object], where: str, text: str) -> str | Dropped | None:
        """The class; None where no label is asked for."""
        if self.label is None:
            return None
        value, classes = fields.get(self.label), self.classes
        if isinstance(value, list | dict | tuple | bytes):
            return Dropped("label is no string and no number", where, f"{value!r}: {text}")
        found = classes.name(value, where)
        if found is not None:
            return found
        shown = f"{value!r}: {text}"
        if classes.missing(value):
            return Dropped("no label", where, shown)
        return Dropped("label is not in `labels`", where, shown, value=spellings(value)[0])


def _name(value: object) -> str | None:
    """An id or a document's name; None for a missing one."""
    return normalise(str(value)) if spellings(value) else None
