"""Check params/ before anything runs: every file that dvc.yaml switches on, the catalogue, and what their entries refer to.

  python -m tasks check

Says file, entry, key and cure for each slip: names that cannot work, references to entries that are not there, tokenizers, features and
families that do not exist, and options that they do not take. Nothing heavy is imported, so it takes less than a second; `python -m
flows.local` and all other runs do it first.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from malmoi import config, registry
from malmoi.config import ConfigError

PIPELINE = Path("dvc.yaml")
FOLDER = "params"
TABLES = ("ingest", "tokens", "features", "pretraining", "experiments", "intrinsic", "grades", "probes", "text_probes")
SHOWN = 20  # problems that are told at a time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--pipeline", type=Path, default=PIPELINE, help="default: %(default)s")


def run(pipeline: Path) -> None:
    """Raise ConfigError with all that was found."""
    root = pipeline.resolve().parent
    refuse(problems(root))
    for remark in remarks(root):
        print(f"warning: {remark}")
    print("params/: nothing to mend")


def refuse(found: list[str]) -> None:
    """Raise ConfigError with these problems; nothing where there are none."""
    if found:
        more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise ConfigError("\n".join(["params/ cannot be right:", *(f"  {line}" for line in found[:SHOWN]), *more]))


def problems(root: Path) -> list[str]:
    """All that cannot be right in the files that `vars:` of dvc.yaml lists; [] in a project that lists none of params/."""
    try:
        files = [path for path in switched_on(root) if path.parts[0] == FOLDER]
    except ConfigError as error:
        return [str(error)]
    return Check(root, files).found() if files else []


def switched_on(root: Path) -> list[Path]:
    """Files that `vars:` of dvc.yaml lists. Raises ConfigError where dvc.yaml cannot be read."""
    pipeline = root / PIPELINE
    given = config.load(pipeline).get("vars") or [] if pipeline.is_file() else []
    given = given if isinstance(given, list) else []
    return [Path(one.partition(":")[0]) for one in given if isinstance(one, str) and one.partition(":")[0].strip()]


def remarks(root: Path) -> list[str]:
    """What is well but may surprise: a person's file that has changed since it was fetched."""
    from tasks import _catalogue, _pins

    catalogue, found = root / _catalogue.PATH, list[str]()
    pinned = {folder.name for folder in _pins.folders(root / _pins.PATH)} if catalogue.is_file() else set()
    for name in pinned & set(_catalogue.names(catalogue) if pinned else []):
        for path in _catalogue.changed_sources(_catalogue.corpus(catalogue, name), root / _catalogue.DATA / name):
            found.append(f"{path} has changed since it was fetched; take it: python -m tasks fetch {name}")
    return sorted(found)


@dataclass(frozen=True)
class Place:
    """An entry of a table in a file: what is said of it begins with this."""

    file: Path
    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.file}: {self.table}.{self.name}"


class Check:
    """The tables of all files that are switched on, together: entries refer to each other across files."""

    def __init__(self, root: Path, files: list[Path]) -> None:
        self._root, self._files = Path(os.path.relpath(root)), files  # short in what is said
        self._found: list[str] = []
        self._entries: dict[str, dict[str, tuple[Place, Any]]] = {table: {} for table in TABLES}

    def found(self) -> list[str]:
        """The problems, in the order of the files."""
        for file in self._files:
            self._note(lambda file=file: self._load(file))  # type: ignore[misc]
        checks: dict[str, Callable[[Place, Any], None]] = {
            "ingest": self._ingest,
            "tokens": self._tokens,
            "grades": self._grades,
            "features": self._features,
            "pretraining": self._pretraining,
            "experiments": self._experiment,
            "intrinsic": self._intrinsic,
            "probes": self._probe,
            "text_probes": self._probe,
        }
        for table, check in checks.items():
            for place, entry in self._entries[table].values():
                self._note(lambda check=check, place=place, entry=entry: check(place, entry))  # type: ignore[misc]
        for check_file in (self._contract, self._rules, self._behaviour):
            self._note(check_file)
        return self._found

    def _note(self, check: Callable[[], None]) -> None:
        """Run a check; what it raises is a problem, and the next one is checked."""
        try:
            check()
        except ConfigError as error:
            self._found += [line for line in str(error).splitlines() if line not in self._found]

    def _load(self, file: Path) -> None:
        tables = self._loaded(file)
        for table, entries in tables.items():
            if table not in TABLES:
                raise ConfigError(f"{file}: no table is called {table!r}{registry.suggest(str(table), list(TABLES))}")
            if not isinstance(entries, dict | None):
                raise ConfigError(f"{file}: {table} should be a table (NAME: ...), found {type(entries).__name__}")
            for name, entry in (entries or {}).items():
                self._note(lambda table=table, name=name, entry=entry: self._add(file, table, name, entry))  # type: ignore[misc]
        if not tables.keys() & {"experiments", "probes", "text_probes", "grades", "intrinsic"}:
            raise ConfigError(f"{file}: has no table `experiments`")

    def _loaded(self, file: Path) -> dict[str, Any]:
        try:
            return config.load(self._root / file)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(self._root / file), str(file))) from None

    def _add(self, file: Path, table: str, name: object, entry: Any) -> None:
        place = Place(file, table, config.check_name(name, f"{file}: {table}"))
        if other := self._entries[table].get(place.name):
            raise ConfigError(f"{place}: {other[0].file} has an entry of this name already; rename one")
        self._entries[table][place.name] = place, entry

    @cached_property
    def _corpora(self) -> list[str]:
        from tasks import _catalogue

        return _catalogue.names(self._root / _catalogue.PATH)

    def _refer(self, place: Place, key: str, name: object, known: "Mapping[str, Any] | list[str]") -> None:
        """Raise ConfigError where a reference leads nowhere."""
        if name not in known:
            kind = {"tokens": "no tokens are", "features": "no features are"}.get(key, f"no {key} is")
            raise ConfigError(f"{place}.{key}: {kind} called {name!r}{registry.suggest(str(name), list(known))}")

    def _ingest(self, place: Place, entry: Any) -> None:
        from tasks import _catalogue

        self._refer(place, "corpus", place.name, self._corpora)
        corpus = _catalogue.corpus(self._root / _catalogue.PATH, place.name)
        reader = registry.find("corpora", corpus.entry.reader.kind)
        config.read(reader.Params, corpus.entry.reader.options, f"{_catalogue.PATH}: corpora.{place.name}.reader.options")

    def _read(self, schema: Any, place: Place, entry: Any) -> Any:
        return config.read(schema, entry, str(place))

    def _tokens(self, place: Place, entry: Any) -> None:
        from tasks import tokens

        self._cut(place, self._read(tokens.Entry, place, entry))

    def _grades(self, place: Place, entry: Any) -> None:
        from tasks import grade

        self._cut(place, self._read(grade.Entry, place, entry))

    def _cut(self, place: Place, entry: Any) -> None:
        from malmoi import tokenization

        self._refer(place, "corpus", entry.corpus, self._entries["ingest"])
        known = registry.names("tokenizers")
        if entry.tokenizer not in known:
            raise ConfigError(f"{place}.tokenizer: no tokenizer is called {entry.tokenizer!r}{registry.suggest(entry.tokenizer, known)}")
        tokenization.check(entry.tokenizer, entry.options, f"{place}.options")

    def _features(self, place: Place, entry: Any) -> None:
        from tasks import features

        found = self._read(features.Entry, place, entry)
        self._refer(place, "corpus", found.corpus, self._entries["ingest"])
        self._refer(place, "tokens", found.tokens, self._entries["tokens"])
        self._member(place, "features", "kind", found.kind, found.options)

    def _member(self, place: Place, room: str, key: str, name: str, options: dict[str, Any]) -> Any:
        if name not in registry.names(room):
            raise ConfigError(
                f"{place}.{key}: no {registry.SINGULAR.get(room, room)} is called {name!r}{registry.suggest(name, registry.names(room))}"
            )
        member = registry.find(room, name)
        config.read(member.Params, options, f"{place}.options")
        return member

    def _model(self, place: Place, model: dict[str, Any], training: dict[str, Any]) -> None:
        """The family's own settings."""
        name = model.get("family")
        if name not in registry.names("models"):
            raise ConfigError(f"{place}.model.family: no model is called {name!r}{registry.suggest(str(name), registry.names('models'))}")
        family = registry.find("models", str(name))
        self._note(lambda: config.read(family.Params, {key: value for key, value in model.items() if key != "family"}, f"{place}.model"))
        self._note(lambda: config.read(family.Training, training, f"{place}.training"))

    def _pretraining(self, place: Place, entry: Any) -> None:
        from tasks import pretrain

        found = self._read(pretrain.Pretraining, place, entry)
        self._refer(place, "corpus", found.corpus, self._entries["ingest"])
        self._refer(place, "features", found.features, self._entries["features"])
        self._model(place, found.model, found.training)

    def _experiment(self, place: Place, entry: Any) -> None:
        from malmoi import experiments

        found = experiments.check(entry, str(place))
        self._refer(place, "corpus", found.corpus, self._entries["ingest"])
        self._refer(place, "features", found.features, {**self._entries["features"], **self._entries["pretraining"]})
        self._model(place, found.model, found.training)

    def _intrinsic(self, place: Place, entry: Any) -> None:
        from tasks import intrinsic

        found = self._read(intrinsic.Entry, place, entry)
        self._refer(place, "features", found.features, self._entries["features"])
        self._refer(place, "tokens", found.tokens, self._entries["tokens"])

    def _probe(self, place: Place, entry: Any) -> None:
        from tasks import _probes

        found = self._read(_probes.TextEntry if place.table == "text_probes" else _probes.Entry, place, entry)
        self._member(place, "probes", "kind", found.kind, found.options)

    def _contract(self) -> None:
        from malmoi import contract

        for name in self._entries["ingest"] if (self._root / contract.PATH).is_file() else ():
            contract.limits(self._root / contract.PATH, name, self._corpora)

    def _rules(self) -> None:
        from tasks import promote

        promote.check_rules(self._root / promote.RULES)

    def _behaviour(self) -> None:
        from malmoi.behaviour import Settings

        path = self._root / "params/behaviour.yaml"
        if path.is_file():
            config.read(Settings, config.load(path), str(path))


def pinned_and_missing(root: Path) -> Iterator[str]:
    """What blocks every stage: folders that data.dvc pins, that are not here, and that the catalogue does not have; each with its cure.

    Raises ConfigError where data.dvc or the catalogue cannot be read.
    """
    from tasks import _catalogue

    for folder, known in missing(root) if (root / _catalogue.PATH).is_file() else ():
        if not known:
            yield f"data.dvc pins data/{folder.name}, which is not here and not in the catalogue: python -m tasks forget {folder.name}"


def missing(root: Path) -> list[tuple[Path, bool]]:
    """Folders that data.dvc pins and that are not here, and whether the catalogue has each of them."""
    from tasks import _benchmarks, _catalogue, _pins

    gone = [folder for folder in _pins.folders(root / _pins.PATH) if not folder.exists()]
    catalogue = root / _catalogue.PATH
    known = _benchmarks.names_of_all(catalogue) if gone and catalogue.is_file() else []
    return [(folder, folder.name in known) for folder in gone]


def cures(root: Path) -> str:
    """What to do where DVC says that data is missing: a sentence for each folder; "" where none is, or nothing can be told."""
    try:
        found = missing(root)
    except ConfigError:
        return ""
    said = []
    for name, known in ((folder.name, known) for folder, known in found):
        cannot = f"; if its files cannot be had here: python -m tasks disable {name}, then python -m tasks forget {name}"
        said.append(f"data/{name}: python -m tasks fetch {name}{cannot}" if known else f"data/{name}: python -m tasks forget {name}")
    return "; ".join(said)
