"""ingest: a raw corpus -> train / valid / test in one schema (Parquet, NFC UTF-8) and a data card.

Reads the corpus's entry in params/corpora.yaml and its files in data/NAME; writes train.parquet, valid.parquet, test.parquet, card.json.
Every row that is left out is counted in the card with its reason; what cannot be right is an error that names file and row.
"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from malmoi import cards, config, registry, splits
from malmoi.config import ConfigError
from malmoi.rows import SPLITS, Dropped, Example, write_examples
from tasks import _catalogue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("name", help="corpus, as in the catalogue")
    parser.add_argument("--data", type=Path, required=True, help="its raw files, for instance data/bills")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, for instance out/ingest/bills")
    parser.add_argument("--catalogue", type=Path, default=_catalogue.PATH, help="default: %(default)s")


def run(name: str, data: Path, out: Path, catalogue: Path) -> None:
    """Read, clean, divide, write. `out` appears whole or not at all."""
    corpus = _catalogue.corpus(catalogue, name)
    files = _catalogue.files(corpus, data)
    examples, dropped = read(corpus, files, f"{catalogue}: corpora.{name}.reader.options")
    try:
        divided, cleaned = splits.divide(examples, corpus.entry.clean, corpus.entry.split)
        if corpus.entry.problem == "classify":
            splits.check_labels(divided)
    except ConfigError as error:
        raise ConfigError(f"corpus {name} ({', '.join(map(str, files[:3]))}): {error}") from None
    card = _head(corpus, files) | cards.card(divided, [*dropped, *cleaned])
    write(out, divided, card)
    print(summary(name, card))


def read(corpus: _catalogue.Corpus, files: Sequence[Path], where: str) -> tuple[list[Example], list[Dropped]]:
    """All rows of the corpus's files, and those that its reader dropped. Raises ConfigError for an id that occurs twice."""
    examples: list[Example] = []
    dropped: list[Dropped] = []
    for row in _rows(corpus, files, where):
        if isinstance(row, Dropped):
            dropped.append(row)
        else:
            examples.append(row)
    _check_ids(corpus.name, examples)
    return examples, dropped


def _rows(corpus: _catalogue.Corpus, files: Sequence[Path], where: str) -> Iterator[Example | Dropped]:
    """What the reader gives; an example from a file that belongs to a split is marked with it."""
    reader = registry.find("corpora", corpus.entry.reader.kind)
    options = config.read(reader.Params, corpus.entry.reader.options, where)
    for split, paths in _catalogue.by_split(corpus, list(files)):
        for row in reader.read(paths, options):
            yield replace(row, split=split) if split and isinstance(row, Example) else row


def _check_ids(name: str, examples: Sequence[Example]) -> None:
    rows: dict[str, int] = {}
    for example in examples:
        if example.id in rows:
            at = f"rows {rows[example.id]} and {example.row}"
            raise ConfigError(f"corpus {name}: id {example.id!r} is given twice ({at}); without the reader's option `id` rows are numbered")
        rows[example.id] = example.row


def _head(corpus: _catalogue.Corpus, files: Sequence[Path]) -> dict[str, Any]:
    entry = corpus.entry
    told = {key: getattr(entry, key) for key in ("title", "language", "problem", "licence", "citation", "note")}
    sources = {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in files}
    return {"corpus": corpus.name, **told, "sources": sources, "split": asdict(entry.split), "clean": asdict(entry.clean)}


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write(out: Path, divided: splits.Splits, card: dict[str, Any]) -> None:
    """Write the folder beside its place, then put it there."""
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        for split in SPLITS:
            write_examples(unfinished / f"{split}.parquet", divided[split])
        (unfinished / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def summary(name: str, card: dict[str, Any]) -> str:
    """A few lines for the log: sizes, drops, duplicates."""
    lines = [f"{name}: {card['rows']['read']:,} rows read, {card['rows']['kept']:,} kept"]
    for split, found in card["splits"].items():
        labels = ", ".join(f"{label} {count:,}" for label, count in list(found["labels"].items())[:8])
        more = ", ..." if len(found["labels"]) > 8 else ""
        lines.append(f"  {split:<5} {found['examples']:>9,} examples {found['characters']:>12,} characters  {labels}{more}".rstrip())
    lines += [f"  dropped {found['count']:,}: {reason}" for reason, found in card["drops"].items()]
    lines += [f"  {count:,} texts of {pair}" for pair, count in card["duplicates"]["across"].items() if count]
    return "\n".join(lines)
