"""Cut one corpus with one tokenizer: examples in; token sequences, the train split's vocabulary and a card out.

Rows stream through in small batches, so that memory does not grow with the corpus.
"""

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError, params
from tasks._progress import Progress

BATCH = 1_000  # texts at a time
Tokenize = Callable[[Sequence[str]], list[list[str]]]


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
    from malmoi import config, registry, rows, vocab

    where = f"{params}: tokens.{name}"
    entry = config.read(Entry, config.entry(params, "tokens", name), where)
    tokenizer = registry.find("tokenizers", entry.tokenizer)
    options = config.read(tokenizer.Params, entry.options, f"{where}.options")
    language = _language(corpus)
    tokenize: Tokenize = tokenizer.build(options)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    known: Counter[str] = Counter()
    card: dict[str, Any] = {}
    for split in rows.SPLITS:
        card[split] = _split(name, corpus / f"{split}.parquet", out / f"{split}.parquet", tokenize, known)
    vocab.save(out / "vocabulary.tsv", vocab.order(known))
    about = {"name": entry.tokenizer, "options": entry.options, "lossless": tokenizer.lossless(options)}
    _write(out / "tokenizer.json", {"corpus": entry.corpus, "language": language, **about})
    _write(out / "card.json", {"vocabulary": len(known), "splits": card})


def _split(name: str, source: Path, target: Path, tokenize: Tokenize, known: Counter[str]) -> dict[str, Any]:
    """Cut one split; `known`, the train split's vocabulary, is filled by train and asked by the others."""
    from malmoi import rows

    seen = Seen({} if source.stem == "train" else known)
    failed = len(_failures(tokenize))
    rows.write_tokens(target, _cut(rows.read_examples(source), tokenize, seen, Progress(f"tokens {name}: {source.stem}", _rows(source))))
    if source.stem == "train":
        known.update(seen.counts)
    card = seen.card(source.stem != "train") | {"failed": len(_failures(tokenize)) - failed}
    if card["failed"]:
        print(f"tokens {name}: {source.stem}: the analyzer failed on {card['failed']:,} texts; those are cut at whitespace", flush=True)
    unknown = f", {card['unknown_rate']:.1%} unknown" if card.get("unknown_rate") is not None else ""
    print(f"tokens {name}: {source.stem}: {card['texts']:,} texts, {card['tokens']:,} tokens, {card['types']:,} types{unknown}", flush=True)
    return card


def _cut(examples: Iterator[Any], tokenize: Tokenize, seen: "Seen", progress: Progress) -> Iterator[Any]:
    from malmoi.rows import Tokens

    while batch := list(islice(examples, BATCH)):
        documents = tokenize([example.text for example in batch])
        for example, tokens in zip(batch, documents, strict=True):
            seen.add(example.text, tokens)
            yield Tokens(example.id, example.text, tokens, example.label)
        progress.add(len(batch))


class Seen:
    """What the card says of one split. known: counts of the train split's tokens."""

    def __init__(self, known: dict[str, int]) -> None:
        self.counts: Counter[str] = Counter()
        self._known, self._sums = known, Counter[str]()

    def add(self, text: str, tokens: list[str]) -> None:
        """One text more."""
        self.counts.update(tokens)
        self._sums.update(texts=1, tokens=len(tokens), eojeols=len(text.split()), characters=len(text), empty=not tokens)

    def card(self, compared: bool) -> dict[str, Any]:
        """Counts and rates; `unknown_rate`, of tokens that train lacks, where the split is `compared` with train. None for 0 / 0."""
        sums = {key: self._sums[key] for key in ("texts", "empty", "tokens", "eojeols", "characters")}
        tokens = sums["tokens"]
        unknown = sum(count for token, count in self.counts.items() if token not in self._known)
        rates = {
            "tokens_per_eojeol": _rate(tokens, sums["eojeols"]),
            "characters_per_token": _rate(sums["characters"], tokens),
            "type_token_ratio": _rate(len(self.counts), tokens),
        }
        return sums | {"types": len(self.counts)} | rates | ({"unknown_rate": _rate(unknown, tokens)} if compared else {})


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _failures(tokenize: Tokenize) -> list[int]:
    """Indices of the texts that the tokenizer could not cut; only those on the Java machine can fail."""
    return getattr(tokenize, "failures", [])


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
