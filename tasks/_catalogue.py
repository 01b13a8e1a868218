"""params/corpora.yaml read strictly: what a corpus is called, where it comes from, how it is read, cleaned and divided."""

import filecmp
import fnmatch
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from malmoi import config
from malmoi.cleaning import Clean
from malmoi.config import ConfigError, params
from malmoi.registry import names as names_of
from malmoi.registry import suggest
from malmoi.splits import Division

TABLE = "corpora"
PATH = Path("params/corpora.yaml")
DATA = Path("data")
KINDS = ("package", "mirror", "local")


@params
class Package:
    """Files inside an installed package (paths or patterns relative to it): there on any machine where the dependencies are."""

    package: str
    files: list[str]


@params
class Remote:
    """One public file: where it is, and what it must be."""

    address: str
    sha256: str
    bytes: int


@params
class Mirror:
    """Public files; mirror: name of their folder in a mirror, files: by name."""

    mirror: str
    files: dict[str, Remote]


@params
class Local:
    """A person's own files."""

    local: list[str]


Source = Package | Mirror | Local


@params
class Reader:
    """kind: a file of malmoi/corpora/; options: its Params."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict)


@params
class Entry:
    """One corpus. problem: what it is mainly for; a classifier's corpus must have labels. language: ISO 639-1."""

    title: str
    language: str
    problem: Literal["classify", "language_model"]
    licence: str
    source: dict[str, Any]
    reader: Reader
    split: Division
    citation: str = ""
    note: str = ""
    clean: Clean = Clean()


@dataclass(frozen=True)
class Fetched:
    """What `fetch` can bring into data/NAME."""

    name: str
    source: Source


@dataclass(frozen=True)
class Corpus(Fetched):
    """An entry that was read and checked, with its name and source."""

    entry: Entry


def names(catalogue: Path) -> list[str]:
    """Names of all corpora in the order of the catalogue."""
    table = config.load(catalogue).get(TABLE)
    if not isinstance(table, dict):
        raise ConfigError(f"{catalogue}: no table {TABLE!r}")
    return [config.check_name(name, f"{catalogue}: {TABLE}") for name in table]


def corpus(catalogue: Path, name: str) -> Corpus:
    """The corpus `name`. Raises ConfigError for an unknown name or an entry that cannot be right."""
    where = f"{catalogue}: {TABLE}.{name}"
    config.check_name(name, f"{catalogue}: {TABLE}")
    entry = config.read(Entry, config.entry(catalogue, TABLE, name), where)
    entry.split.check(f"{where}.split")
    if entry.reader.kind not in names_of("corpora"):
        raise ConfigError(
            f"{where}.reader.kind: no reader is called {entry.reader.kind!r}{suggest(entry.reader.kind, names_of('corpora'))}"
        )
    return Corpus(name, source(entry.source, f"{where}.source"), entry)


def source(given: dict[str, Any], where: str) -> Source:
    """Where files come from, as an entry says. Raises ConfigError where it says neither of KINDS."""
    kind = next((kind for kind in KINDS if kind in given), None)
    if kind == "package":
        return config.read(Package, given, where)
    if kind == "mirror":
        return config.read(Mirror, given, where)
    if kind == "local":
        return config.read(Local, given, where)
    raise ConfigError(f"{where}: should have one of the keys {', '.join(KINDS)}; it has {', '.join(given) or 'none'}")


def files(found: Fetched, folder: Path) -> list[Path]:
    """The corpus's (or benchmark's) files in its data folder, in the catalogue's order. Raises ConfigError where one is missing."""
    cure = f"python -m tasks fetch {found.name}"
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; run: {cure}")
    there = sorted(path.name for path in folder.iterdir())
    paths = []
    for pattern in patterns(found.source):
        matching = fnmatch.filter(there, pattern) if isinstance(found.source, Package) else same_name(pattern, there)
        if not matching:
            raise ConfigError(f"{folder}: no file {pattern}; run: {cure}")
        paths += [folder / name for name in matching]
    return list(dict.fromkeys(paths))  # a file that two patterns match is read once, where it is first


def same_name(name: str, there: Iterable[str]) -> list[str]:
    """Those of the names `there` that are `name`, in whichever Unicode form: files from a Mac have theirs in NFD."""
    wanted = unicodedata.normalize("NFC", name)
    return [one for one in there if unicodedata.normalize("NFC", one) == wanted]


def existing(path: Path) -> Path:
    """The file that a path means, in whichever Unicode form its name is; `path` itself where there is none."""
    if path.exists() or not path.parent.is_dir():
        return path
    found = same_name(path.name, (one.name for one in path.parent.iterdir()))
    return path.with_name(found[0]) if found else path


def changed_sources(found: Fetched, folder: Path) -> list[Path]:
    """A person's own files that are not what they were when they were copied into `folder`, the corpus's data folder."""
    if not isinstance(found.source, Local):
        return []
    given = [existing(Path(path).expanduser()) for path in found.source.local]
    pairs = [(path, existing(folder / path.name)) for path in given]
    return [path for path, copy in pairs if path.is_file() and copy.is_file() and _differs(path, copy)]


def _differs(path: Path, copy: Path) -> bool:
    """Whether a file differs from the copy that was made of it; one that has not been written since is not read."""
    now, then = path.stat(), copy.stat()
    if now.st_size != then.st_size:
        return True
    written = max(now.st_mtime_ns, now.st_ctime_ns)  # what `cp -p` or `unzip` has put there looks old, but came just now
    return written > then.st_mtime_ns and not filecmp.cmp(path, copy, shallow=False)


def patterns(source: Source) -> list[str]:
    """Names, or patterns of names, that the files have in the data folder."""
    if isinstance(source, Mirror):
        return list(source.files)
    given = source.files if isinstance(source, Package) else source.local
    return [Path(path).name for path in given]


def by_split(found: Corpus, paths: list[Path]) -> list[tuple[str | None, list[Path]]]:
    """(split, its files) where files decide, else one group without a split. Raises ConfigError for a file in no split, or in two."""
    division = found.entry.split
    if division.by != "files":
        return [(None, paths)]
    listed = {split: [unicodedata.normalize("NFC", name) for name in files] for split, files in division.files.items()}
    there = [unicodedata.normalize("NFC", path.name) for path in paths]
    for name in (name for names in listed.values() for name in names):
        if name not in there:
            raise ConfigError(f"corpus {found.name}: split.files names {name!r}{suggest(name, there)}")
    for name in there:
        if sum(name in names for names in listed.values()) != 1:
            raise ConfigError(f"corpus {found.name}: split.files should name {name!r} once: as train, valid or test")
    return [(split, [path for path, name in zip(paths, there, strict=True) if name in names]) for split, names in listed.items()]


def size(count: int) -> str:
    """Bytes as a person reads them.

    >>> size(14_628_807)
    '14.6 MB'
    """
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
