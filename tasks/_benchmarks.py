"""Table `benchmarks` of params/corpora.yaml: what vectors are measured with. Fetched and pinned as corpora are, but never ingested."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from malmoi import config
from malmoi.config import ConfigError, params
from tasks._catalogue import TABLE, Corpus, Fetched, corpus, names, source

BENCHMARKS = "benchmarks"
OF_CORPORA = ("problem", "reader", "split", "clean")  # keys that only a corpus has


@params
class Entry:
    """Questions with people's answers, such as word similarities: nothing is trained on them."""

    title: str
    language: str
    licence: str
    source: dict[str, Any]
    citation: str = ""
    note: str = ""


@dataclass(frozen=True)
class Benchmark(Fetched):
    """An entry that was read and checked, with its name and source."""

    entry: Entry


def find(catalogue: Path, name: str) -> Corpus | Benchmark:
    """The corpus or benchmark `name`. Raises ConfigError for an unknown name or an entry that cannot be right."""
    if name not in _names(catalogue):
        return corpus(catalogue, name)
    where = f"{catalogue}: {BENCHMARKS}.{name}"
    given = config.entry(catalogue, BENCHMARKS, name)
    if meant := sorted(set(OF_CORPORA) & given.keys()):
        said = f"it has {', '.join(meant)}, as a corpus has, and stands under `{BENCHMARKS}:`"
        raise ConfigError(f"{where}: {said}; move it up, to the entries of `{TABLE}:`")
    entry = config.read(Entry, given, where)
    return Benchmark(name, source(entry.source, f"{where}.source"), entry)


def everything(catalogue: Path) -> list[Corpus | Benchmark]:
    """All corpora, then all benchmarks. Raises ConfigError where two have one name: data/NAME cannot hold both."""
    corpora, others = names(catalogue), _names(catalogue)
    if double := sorted(set(corpora) & set(others)):
        raise ConfigError(f"{catalogue}: {double[0]!r} is in {TABLE} and in {BENCHMARKS}, and both would be data/{double[0]}; rename one")
    return [*(corpus(catalogue, name) for name in corpora), *(find(catalogue, name) for name in others)]


def names_of_all(catalogue: Path) -> list[str]:
    """Names of all corpora and benchmarks, whatever their entries say."""
    return [*names(catalogue), *_names(catalogue)]


def _names(catalogue: Path) -> list[str]:
    """None where the catalogue has no such table."""
    table = config.load(catalogue).get(BENCHMARKS) or {}
    if not isinstance(table, dict):
        raise ConfigError(f"{catalogue}: {BENCHMARKS} should be a table (NAME: ...), found {type(table).__name__}")
    return [config.check_name(name, f"{catalogue}: {BENCHMARKS}") for name in table]
