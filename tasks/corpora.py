"""corpora: lists the corpora and benchmarks there are, with licence and size, and which are present; with a NAME, all that is known of one.

A corpus is made present by `python -m tasks fetch NAME`; your own is one more entry in params/corpora.yaml.
"""

import argparse
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from malmoi.config import ConfigError
from tasks import _benchmarks, _catalogue, _pins
from tasks._benchmarks import Benchmark
from tasks._catalogue import Corpus, Fetched, Local, Mirror, Package
from tasks.fetch import forgotten

ONLY_PRINTS = True  # it stops where nobody reads on
HEAD = ("name", "language", "problem", "size", "state")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("name", nargs="?", help="tell all about this one")
    parser.add_argument("--data", type=Path, default=_catalogue.DATA, help="default: %(default)s")
    parser.add_argument("--pins", type=Path, default=_pins.PATH, help="default: %(default)s")
    parser.add_argument("--catalogue", type=Path, default=_catalogue.PATH, help="default: %(default)s")


def run(name: str | None, data: Path, pins: Path, catalogue: Path) -> None:
    """Print the table, or one corpus."""
    if name is not None:
        print("\n".join(details(_benchmarks.find(catalogue, name), data)))
        return
    corpora = _benchmarks.everything(catalogue)
    rows = [(c.name, c.entry.language, purpose(c), bytes_of(c, data, pins), state(c, data)) for c in corpora]
    lines = table([HEAD, *rows])
    print(lines[0])
    for corpus, line in zip(corpora, lines[1:], strict=True):
        print(f"{line}\n    {corpus.entry.title}\n    licence: {corpus.entry.licence}")
    for left in forgotten(pins, catalogue):
        print(f"{left}: pinned, but not in the catalogue: python -m tasks forget {left.name}")


def purpose(corpus: Corpus | Benchmark) -> str:
    """The problem that a corpus is for; a benchmark is for measuring vectors."""
    return corpus.entry.problem if isinstance(corpus, Corpus) else "benchmark"


def state(corpus: Fetched, data: Path) -> str:
    """Whether the corpus is there, and if not, the command that brings it."""
    try:
        files = _catalogue.files(corpus, data / corpus.name)
    except ConfigError:
        command = "--bundled" if isinstance(corpus.source, Package) else corpus.name
        return f"python -m tasks fetch {command}"
    if isinstance(corpus.source, Mirror):
        wrong = [path.name for path in files if path.stat().st_size != corpus.source.files[path.name].bytes]
        if wrong:
            return f"damaged ({wrong[0]}): python -m tasks fetch {corpus.name}"
    if changed := _catalogue.changed_sources(corpus, data / corpus.name):
        return f"{changed[0]} has changed since: python -m tasks fetch {corpus.name}"
    return "present"


def bytes_of(corpus: Fetched, data: Path, pins: Path) -> str:
    """Bytes of the corpus: as the catalogue says, else as pinned, else as there."""
    if isinstance(corpus.source, Mirror):
        count = sum(remote.bytes for remote in corpus.source.files.values())
    elif pin := _pins.find(pins, data / corpus.name):
        count = pin.size
    else:
        count = sum(path.stat().st_size for path in (data / corpus.name).glob("*"))
    return _catalogue.size(count) if count else "?"


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines with aligned columns; a Hangul syllable is two wide on a terminal."""
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    padded = [[cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(cells).rstrip() for cells in padded]


def width(text: str) -> int:
    """Columns that a text takes on a terminal.

    >>> width("말모이 A")
    8
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def details(corpus: Corpus | Benchmark, data: Path) -> list[str]:
    """Everything that the catalogue says of one corpus."""
    entry = corpus.entry
    told = {
        "name": corpus.name,
        "title": entry.title,
        "language": entry.language,
        "problem": purpose(corpus),
        "licence": entry.licence,
        "citation": entry.citation,
        "note": entry.note,
        "state": state(corpus, data),
    }
    if isinstance(corpus, Corpus):
        told["reader"] = f"{corpus.entry.reader.kind} {corpus.entry.reader.options}"
    return [f"{key:<9} {value}".rstrip() for key, value in told.items()] + [f"{'file':<9} {file}" for file in origins(corpus)]


def origins(corpus: Fetched) -> Iterator[str]:
    """Where each file comes from."""
    source = corpus.source
    if isinstance(source, Mirror):
        yield from (f"{name}  {remote.address}  sha256 {remote.sha256}  {remote.bytes:,} bytes" for name, remote in source.files.items())
    elif isinstance(source, Local):
        yield from source.local
    else:
        yield from (f"{source.package}: {path}" for path in source.files)
