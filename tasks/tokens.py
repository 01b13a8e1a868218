"""Cut one corpus with one tokenizer: examples in; token sequences, the train split's vocabulary and a card out.

Rows stream through in batches and rare words are counted on disk, so that memory does not grow with the corpus. What was cut before
by the same tokenizer comes from the project's cache.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError, params
from tasks import _cache
from tasks._progress import Progress

if TYPE_CHECKING:
    from malmoi.rows import Example
    from malmoi.tally import Tally
    from malmoi.tokenization import Tokenizer

FEWEST, FIRST, MOST = 64, 256, 4_096  # texts of a batch
CHARACTERS = 4_000_000  # of a batch; only long texts come to that
QUICK, SLOW = 0.5, 2.0  # seconds that a batch should take: many texts keep workers busy, few let progress be seen


@params
class Entry:
    """An entry of table `tokens`: a corpus, a file of malmoi/tokenizers/ and its options."""

    corpus: str
    tokenizer: str
    options: dict[str, Any] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="an entry of table `tokens`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that the ingest stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(name: str, params: Path, corpus: Path, out: Path) -> None:
    """Cut all splits. Raises ConfigError where the entry or the corpus cannot be right."""
    from malmoi import config, rows, tokenization

    where = f"{params}: tokens.{name}"
    entry = config.read(Entry, config.entry(params, "tokens", name), where)
    tokenization.check(entry.tokenizer, entry.options, f"{where}.options")
    language = _language(corpus)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    texts = (example.text for example in rows.read_examples(corpus / "train.parquet"))
    tokenization.fit(entry.tokenizer, entry.options, texts, out / "state", f"{where}.options")
    tokenizer = tokenization.Tokenizer(entry.tokenizer, entry.options, out / "state", _cache.tokens())
    with tempfile.TemporaryDirectory(dir=out, prefix=".counts-") as counts:
        kinds, splits = _splits(corpus, out, tokenizer, Path(counts))
    about = {"name": entry.tokenizer, "options": entry.options, "lossless": tokenizer.lossless, "left_out": tokenizer.left_out}
    _write(out / "tokenizer.json", {"corpus": entry.corpus, "language": language, **about})
    _write(out / "card.json", {"vocabulary": kinds, "splits": splits})


def _splits(corpus: Path, out: Path, tokenizer: "Tokenizer", counts: Path) -> tuple[int, dict[str, Any]]:
    """Cut all splits and write the vocabulary. Returns its size, and what the card says of each split."""
    from malmoi import rows, vocab
    from malmoi.tally import Tally

    known = Tally(counts / "train")
    card = {"train": _split(corpus / "train.parquet", out, tokenizer, Seen(known))}
    for split in rows.SPLITS[1:]:
        card[split] = _split(corpus / f"{split}.parquet", out, tokenizer, Seen(Tally(counts / split), known))
    vocab.save(out / "vocabulary.tsv", known.by_count())
    return card["train"]["types"], card


def _split(source: Path, out: Path, tokenizer: "Tokenizer", seen: "Seen") -> dict[str, Any]:
    from malmoi import rows

    title = f"tokens {out.name}: {source.stem}"
    failed, remembered = len(tokenizer.failures), tokenizer.remembered
    rows.write_tokens(out / source.name, _cut(rows.read_examples(source), tokenizer, seen, Progress(title, _rows(source))))
    card = seen.card() | {"failed": len(tokenizer.failures) - failed}
    if card["failed"]:
        print(f"{title}: the analyzer failed on {card['failed']:,} texts; those are cut at whitespace", flush=True)
    said = f"{title}: {card['texts']:,} texts, {card['tokens']:,} tokens, {card['types']:,} types"
    said += f", {card['unknown_rate']:.1%} unknown" if card.get("unknown_rate") is not None else ""
    remembered = tokenizer.remembered - remembered
    print(said + (f"; {remembered:,} of {card['texts']:,} texts from the cache" if remembered else ""), flush=True)
    return card


def _cut(examples: "Iterator[Example]", tokenizer: "Tokenizer", seen: "Seen", progress: Progress) -> Iterator[Any]:
    from malmoi.rows import Tokens

    size = FIRST
    while batch := _batch(examples, size):
        began = time.monotonic()
        documents = tokenizer([example.text for example in batch])
        size = paced(size, time.monotonic() - began)
        for example, tokens in zip(batch, documents, strict=True):
            seen.add(example.text, tokens)
            yield Tokens(example.id, example.text, tokens, example.label)
        progress.add(len(batch))


def _batch(examples: "Iterable[Example]", size: int) -> "list[Example]":
    batch: list[Example] = []
    characters = 0
    for example in examples:
        batch.append(example)
        characters += len(example.text)
        if len(batch) >= size or characters >= CHARACTERS:
            break
    return batch


def paced(size: int, seconds: float) -> int:
    """Texts of the next batch, where one of `size` took so long.

    >>> paced(256, 0.1), paced(256, 1.0), paced(256, 4.0)
    (512, 256, 128)
    """
    if seconds > SLOW:
        return max(size // 2, FEWEST)
    return min(size * 2, MOST) if seconds < QUICK else size


class Seen:
    """What the card says of one split. counts: takes its tokens up. known: the train split's, for a split that is compared with it."""

    def __init__(self, counts: "Tally", known: "Tally | None" = None) -> None:
        self._counts, self._known, self._sums = counts, known, Counter[str]()

    def add(self, text: str, tokens: list[str]) -> None:
        """One text more."""
        self._counts.add(tokens)
        self._sums.update(texts=1, tokens=len(tokens), eojeols=len(text.split()), characters=len(text), empty=not tokens)

    def card(self) -> dict[str, Any]:
        """Counts and rates; `unknown_rate`, of tokens that train lacks, where the split is compared with train. None for 0 / 0."""
        from malmoi import tally

        sums = {key: self._sums[key] for key in ("texts", "empty", "tokens", "eojeols", "characters")}
        tokens, types = sums["tokens"], sum(1 for _ in self._counts.entries())
        rates = {
            "tokens_per_eojeol": _rate(tokens, sums["eojeols"]),
            "characters_per_token": _rate(sums["characters"], tokens),
            "type_token_ratio": _rate(types, tokens),
        }
        if self._known is not None:
            rates["unknown_rate"] = _rate(tally.missing(self._counts.entries(), self._known.entries()), tokens)
        return sums | {"types": types} | rates


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _language(corpus: Path) -> str:
    path = corpus / "card.json"
    if not path.exists():
        raise ConfigError(f"{corpus}: no corpus there (card.json is missing); python -m tasks ingest {corpus.name} ... makes it")
    return str(json.loads(path.read_text(encoding="utf-8"))["language"])


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
