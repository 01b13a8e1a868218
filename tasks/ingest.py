"""ingest: a raw corpus -> train / valid / test in one schema (Parquet, NFC UTF-8) and a data card; and its profile, held to its contract.

Reads the corpus's entry in params/corpora.yaml, its files in data/NAME and its limits in params/contract.yaml; writes train.parquet,
valid.parquet, test.parquet, card.json, and, in a folder of their own, profile.json (what `drift` compares) and contract.json (what was
measured, and the limits). Every row that is left out is counted in the card with its reason; what cannot be right is an error that names
file and row, and so is a broken contract, with examples: then nothing is written.
"""

import argparse
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import cards, cleaning, config, expectations, registry, splits
from malmoi import profile as profiles
from malmoi.cleaning import Drops
from malmoi.config import ConfigError
from malmoi.contract import PATH, Limits, enforce, limits
from malmoi.outline import Columns, Outline
from malmoi.profile import Profiler
from malmoi.rows import EXAMPLES, SPLITS, Dropped, Example, Writer, read_whole, write_whole
from tasks import _catalogue, _left_out

REPLACED = "bytes that were not of the encoding were replaced by U+FFFD"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("name", help="corpus, as in the catalogue")
    parser.add_argument("--data", type=Path, required=True, help="its raw files, for instance data/bills")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, for instance out/ingest/bills")
    parser.add_argument("--profile", type=Path, required=True, help="another folder to write, for instance out/profile/bills")
    parser.add_argument("--catalogue", type=Path, default=_catalogue.PATH, help="default: %(default)s")
    parser.add_argument("--contract", type=Path, default=PATH, help="default: %(default)s")


def run(name: str, data: Path, out: Path, profile: Path, catalogue: Path, contract: Path) -> None:
    """Read, clean, divide, measure, write. `out` and `profile` appear whole or not at all."""
    corpus = _catalogue.corpus(catalogue, name)
    files = _catalogue.files(corpus, data)
    _check_names(files)
    held = limits(contract, name, _catalogue.names(catalogue))
    with _unfinished(profile) as beside, _unfinished(out) as folder:
        whole = folder / "whole.parquet"
        outline, found = _collect(corpus, files, f"{catalogue}: corpora.{name}.reader.options", whole)
        fates = _divide(corpus, files, outline, found, whole)
        profiler = Profiler(beside / "words", profiles.repeated(outline, fates))
        described = _deal(whole, fates, found.unclean, profiler)
        whole.unlink()
        card = (
            _head(corpus, files) | cards.card(described, found.unread + found.unclean, cards.duplicates(outline, fates)) | found.repaired()
        )
        (folder / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        _hold(profiler.profile(card, described), held, contract, beside)
    print(summary(name, card))


def _check_names(files: Sequence[Path]) -> None:
    """Raise ConfigError for a file whose name is no text: rows are called by it."""
    for path in files:
        try:
            path.name.encode("utf-8")
        except UnicodeEncodeError:
            raise ConfigError(f"{path.parent}: the name of the file {path.name!a} is not UTF-8; give it another one") from None


def _hold(profile: dict[str, Any], held: Limits, path: Path, folder: Path) -> None:
    """Write a profile and what the contract says of it. Raises ConfigError where the contract is broken."""
    shutil.rmtree(folder / "words", ignore_errors=True)
    measures = expectations.measures(profile, held.version)
    enforce(profile["corpus"], measures, path)
    profiles.save(folder / profiles.NAME, profile)
    profiles.save(folder / "contract.json", {"measures": [measure.card() for measure in measures]})


@contextmanager
def _unfinished(out: Path) -> Iterator[Path]:
    """A folder of this process's own beside `out`, that takes its place in the end."""
    folder, old = (out.with_name(f".{out.name}.{os.getpid()}-{secrets.token_hex(4)}.{end}") for end in ("unfinished", "old"))
    folder.mkdir(parents=True)
    try:
        yield folder
        with suppress(FileNotFoundError):
            out.rename(old)
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class Found:
    """What became of rows while they were read. unread: dropped by the reader, unclean: by cleaning, replaced: kept, bytes replaced."""

    unread: Drops
    unclean: Drops
    replaced: Drops

    def repaired(self) -> dict[str, Any]:
        """For the card: rows whose stray bytes were replaced; nothing where there are none."""
        return {"repaired": cards.drops(self.replaced)} if self.replaced.counts else {}


def _collect(corpus: _catalogue.Corpus, files: Sequence[Path], where: str, whole: Path) -> tuple[Outline, Found]:
    """Read once, and write the rows that stay by themselves to the file `whole`. Raises ConfigError for an id that occurs twice."""
    outline, found = Outline(), Found(Drops(), Drops(), Drops())
    ids = Columns(id="q")

    def kept() -> Iterator[Example]:
        for row in read(corpus, files, where):
            if isinstance(row, Dropped):
                found.unread.add(row)
                continue
            ids.add(hash(row.id))
            if reason := cleaning.reason(row.text, corpus.entry.clean):
                found.unclean.add(Dropped(reason, cleaning.where(row), row.text))
                continue
            outline.add(row)
            if row.replaced:
                found.replaced.add(Dropped(REPLACED, cleaning.where(row), row.text))
            yield row

    write_whole(whole, kept())
    _check_ids(corpus.name, ids["id"], read(corpus, files, where))
    return outline, found


def _divide(corpus: _catalogue.Corpus, files: Sequence[Path], outline: Outline, found: Found, whole: Path) -> np.ndarray:
    """What becomes of each row (see `splits.divide`). An error says what was dropped before."""
    gone = _left_out.reasons(found.unread, found.unclean, corpus.entry.reader.options.get("labels"))
    try:
        fates = splits.divide(outline, corpus.entry.clean, corpus.entry.split, gone)
    except ConfigError as error:
        raise ConfigError(f"{_named(corpus, files)}: {error}") from None
    try:
        if corpus.entry.problem == "classify":
            splits.check_labels(outline, fates, lambda place: next(islice(read_whole(whole), place, None)))
    except ConfigError as error:
        dropped = "".join(f"; dropped: {count} {reason}" for reason, count in gone.items())
        raise ConfigError(f"{_named(corpus, files)}: {error}{dropped}") from None
    return fates


def _named(corpus: _catalogue.Corpus, files: Sequence[Path]) -> str:
    return f"corpus {corpus.name} ({', '.join(map(str, files[:3]))})"


def read(corpus: _catalogue.Corpus, files: Sequence[Path], where: str) -> Iterator[Example | Dropped]:
    """What the reader gives; an example from a file that belongs to a split is marked with it."""
    reader = registry.find("corpora", corpus.entry.reader.kind)
    options = config.read(reader.Params, corpus.entry.reader.options, where)
    for split, paths in _catalogue.by_split(corpus, list(files)):
        for row in reader.read(paths, options, corpus.entry.language):
            yield replace(row, split=split) if split and isinstance(row, Example) else row


def _check_ids(name: str, ids: np.ndarray, again: Iterator[Example | Dropped]) -> None:
    """ids: (n,) hash of each. again: all rows once more, read only where something looks wrong, for its name."""
    found = np.sort(ids)
    twice = set(found[1:][found[1:] == found[:-1]].tolist())
    rows: dict[str, int] = {}
    for row in again if twice else ():
        if isinstance(row, Dropped) or hash(row.id) not in twice:
            continue
        if row.id in rows:
            at = f"rows {rows[row.id]} and {row.row}"
            raise ConfigError(f"corpus {name}: id {row.id!r} is given twice ({at}); without the reader's option `id` rows are numbered")
        rows[row.id] = row.row


def _head(corpus: _catalogue.Corpus, files: Sequence[Path]) -> dict[str, Any]:
    entry = corpus.entry
    told = {key: getattr(entry, key) for key in ("title", "language", "problem", "licence", "citation", "note")}
    sources = {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in files}
    return {"corpus": corpus.name, **told, "sources": sources, "split": asdict(entry.split), "clean": asdict(entry.clean)}


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _deal(whole: Path, fates: np.ndarray, dropped: Drops, profiler: Profiler) -> dict[str, cards.Description]:
    """Write each row to the file of its split, beside `whole`; those that go are counted. Returns what is to be said of each split."""
    described = {split: cards.Description() for split in SPLITS}
    with ExitStack() as stack:
        writers = [stack.enter_context(Writer(whole.with_name(f"{split}.parquet"), EXAMPLES)) for split in SPLITS]
        for row, (example, fate) in enumerate(zip(read_whole(whole), fates.data, strict=True)):
            if fate < 0:
                dropped.add(Dropped(cleaning.REASONS[fate], cleaning.where(example), example.text))
            else:
                writers[fate].add((example.id, example.text, example.label, example.document))
                described[SPLITS[fate]].add(example)
                profiler.add(row, SPLITS[fate], example)
    return described


def summary(name: str, card: dict[str, Any]) -> str:
    """A few lines for the log: sizes, drops, duplicates."""
    lines = [f"{name}: {card['rows']['read']:,} rows read, {card['rows']['kept']:,} kept"]
    for split, found in card["splits"].items():
        labels = ", ".join(f"{label} {count:,}" for label, count in list(found["labels"].items())[:8])
        more = ", ..." if len(found["labels"]) > 8 else ""
        lines.append(f"  {split:<5} {found['examples']:>9,} examples {found['characters']:>12,} characters  {labels}{more}".rstrip())
    lines += [f"  dropped {found['count']:,}: {reason}" for reason, found in card["drops"].items()]
    lines += [f"  kept {found['count']:,}: {reason}" for reason, found in card.get("repaired", {}).items()]
    lines += [f"  {count:,} texts of {pair}" for pair, count in card["duplicates"]["across"].items() if count]
    return "\n".join(lines)
