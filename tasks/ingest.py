"""ingest: a raw corpus -> train / valid / test in one schema (Parquet, NFC UTF-8) and a data card; and its profile, held to its contract.

Reads the corpus's entry in params/corpora.yaml, its files in data/NAME and its limits in params/contract.yaml; writes train.parquet,
valid.parquet, test.parquet, card.json, and, in a folder of their own, profile.json (what `drift` compares) and contract.json (what was
measured, and the limits). Every row that is left out is counted in the card with its reason; what cannot be right is an error that names
file and row, and so is a broken contract, with examples: then nothing is written.
"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from malmoi import cards, cleaning, config, expectations, registry, splits
from malmoi import profile as profiles
from malmoi.cleaning import Drops
from malmoi.config import ConfigError
from malmoi.contract import PATH, Limits, enforce, limits
from malmoi.corpora._text import EncodingError
from malmoi.outline import Columns, Outline
from malmoi.profile import Profiler
from malmoi.rows import EXAMPLES, SPLITS, Dropped, Example, Writer, read_whole, write_whole
from tasks import _catalogue


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
    held = limits(contract, name, _catalogue.names(catalogue))
    with _unfinished(profile) as beside, _unfinished(out) as folder:
        whole = folder / "whole.parquet"
        outline, unread, unclean = _collect(corpus, files, f"{catalogue}: corpora.{name}.reader.options", whole)
        try:
            fates = splits.divide(outline, corpus.entry.clean, corpus.entry.split, _account(corpus, unread + unclean))
            if corpus.entry.problem == "classify":
                splits.check_labels(outline, fates, lambda place: next(islice(read_whole(whole), place, None)))
        except ConfigError as error:
            raise ConfigError(f"corpus {name} ({', '.join(map(str, files[:3]))}): {error}") from None
        profiler = Profiler(beside / "words", profiles.repeated(outline, fates))
        described = _deal(whole, fates, unclean, profiler)
        card = _head(corpus, files) | _replaced(corpus, whole) | cards.card(described, unread + unclean, cards.duplicates(outline, fates))
        whole.unlink()
        (folder / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        _hold(profiler.profile(card, described), held, contract, beside)
    print(summary(name, card))


def _account(corpus: _catalogue.Corpus, dropped: Drops) -> dict[str, int]:
    """How many rows went before the division, by reason, with where the first one is and which values were the reason."""
    known = ", ".join(map(repr, corpus.entry.reader.options.get("labels") or {}))
    found = {}
    for reason, count in dropped.counts.items():
        values = f"found {', '.join(dropped.values[reason])}; `labels` has {known}; " if dropped.values.get(reason) else ""
        found[f"{reason} ({values}the first is {dropped.first[reason][0].where})"] = count
    return found


def _replaced(corpus: _catalogue.Corpus, whole: Path) -> dict[str, int]:
    """How many texts hold a � in place of bytes that were not of the encoding, where the reader was asked to write them so."""
    if corpus.entry.reader.options.get("on_error") != "replace":
        return {}
    return {"replaced": sum("\ufffd" in example.text for example in read_whole(whole))}


def _hold(profile: dict[str, Any], held: Limits, path: Path, folder: Path) -> None:
    """Write a profile and what the contract says of it. Raises ConfigError where the contract is broken."""
    shutil.rmtree(folder / "words", ignore_errors=True)
    measures = expectations.measures(profile, held.version)
    enforce(profile["corpus"], measures, path)
    profiles.save(folder / profiles.NAME, profile)
    profiles.save(folder / "contract.json", {"measures": [measure.card() for measure in measures]})


@contextmanager
def _unfinished(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place in the end."""
    folder = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
        shutil.rmtree(out, ignore_errors=True)
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _collect(corpus: _catalogue.Corpus, files: Sequence[Path], where: str, whole: Path) -> tuple[Outline, Drops, Drops]:
    """Read once, and write the rows that stay by themselves to the file `whole`.

    Returns (outline of those, what the reader dropped, what cleaning dropped). Raises ConfigError for an id that occurs twice.
    """
    outline, unread, unclean = Outline(), Drops(), Drops()
    ids = Columns(id="q")

    def kept() -> Iterator[Example]:
        for row in read(corpus, files, where):
            if isinstance(row, Dropped):
                unread.add(row)
                continue
            ids.add(hash(row.id))
            if reason := cleaning.reason(row.text, corpus.entry.clean):
                unclean.add(Dropped(reason, cleaning.where(row), row.text))
            else:
                outline.add(row)
                yield row

    try:
        write_whole(whole, kept())
    except EncodingError as error:
        raise ConfigError(error.message(corpus.entry.language)) from None
    _check_ids(corpus.name, ids["id"], read(corpus, files, where))
    return outline, unread, unclean


def read(corpus: _catalogue.Corpus, files: Sequence[Path], where: str) -> Iterator[Example | Dropped]:
    """What the reader gives; an example from a file that belongs to a split is marked with it."""
    reader = registry.find("corpora", corpus.entry.reader.kind)
    options = config.read(reader.Params, corpus.entry.reader.options, where)
    for split, paths in _catalogue.by_split(corpus, list(files)):
        for row in reader.read(paths, options):
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
    lines += [f"  texts with bytes that are not of the encoding, written as �: {card['replaced']:,}"] if card.get("replaced") else []
    lines += [f"  {count:,} texts of {pair}" for pair, count in card["duplicates"]["across"].items() if count]
    return "\n".join(lines)
