"""Grade one way to cut a corpus: speed and memory, vocabulary, and what one fixed classifier and one fixed language model make of it.

The same sample of the corpus, cut by every tokenizer, goes through the same two models, so that a row differs from the next by its
tokenizer alone. grade.json is the same for the same inputs; speed.json is a measurement and is not.
"""

import argparse
import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError, params

if TYPE_CHECKING:
    from malmoi.rows import Example
    from malmoi.tokenization import Tokenizer

WARM, BATCH = 200, 500  # texts of train that are cut before the clock runs; texts of test between two looks at it
SECONDS = 20.0  # of measuring, at most
ORDER = 5  # of the language model
NO_BITS: dict[str, Any] = {"bits_per_character": None, "language_model_options": None}


@params
class Entry:
    """An entry of table `grades`: a corpus, a file of malmoi/tokenizers/ and its options.

    train_texts, test_texts: the sample. characters: a split's sample ends after so many.
    """

    corpus: str
    tokenizer: str
    options: dict[str, Any] = field(default_factory=dict)
    train_texts: int = 30_000
    test_texts: int = 10_000
    characters: int = 3_000_000


@dataclass(frozen=True)
class Sample:
    """Texts of one split, and their tokens."""

    examples: "list[Example]"
    tokens: list[list[str]]

    @property
    def labels(self) -> list[str]:
        """Class names; empty where the corpus has none."""
        return [example.label for example in self.examples if example.label is not None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="an entry of table `grades`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that the ingest stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(name: str, params: Path, corpus: Path, out: Path) -> None:
    """Measure and write. Raises ConfigError where the entry cannot be right."""
    from malmoi import config

    where = f"{params}: grades.{name}"
    entry = config.read(Entry, config.entry(params, "grades", name), where)
    if min(entry.train_texts, entry.test_texts, entry.characters) < 1:
        raise ConfigError(f"{where}: train_texts, test_texts and characters should be 1 or more")
    train = sample(corpus / "train.parquet", entry.train_texts, entry.characters)
    test = sample(corpus / "test.parquet", entry.test_texts, entry.characters)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    cutter = _fitted(entry.tokenizer, entry.options, train, out / "state", where)
    _save(out / "speed.json", speed(cutter, *([example.text for example in part] for part in (train[:WARM], test))))
    samples = [Sample(examples, cutter([example.text for example in examples])) for examples in (train, test)]
    about = {"corpus": entry.corpus, "tokenizer": entry.tokenizer, "options": entry.options, "lossless": cutter.lossless}
    grade = about | figures(*samples) | {"failed": len(cutter.failures)} | _accuracy(*samples)
    if cutter.left_out:  # on purpose: nothing brings the text back
        grade |= NO_BITS
    else:
        grade |= _language(samples, entry.options) if cutter.lossless else _bits(entry, samples, out / "spaced", where)
    shutil.rmtree(out / "state", ignore_errors=True)
    _save(out / "grade.json", grade)
    print(f"grade {name}: " + ", ".join(f"{key} {value}" for key, value in grade.items() if isinstance(value, float)), flush=True)


def sample(path: Path, size: int, characters: int) -> "list[Example]":
    """At most `size` examples of a split, drawn with a fixed seed, in the split's order, until they have `characters` characters."""
    import numpy as np
    import pyarrow.parquet as pq

    from malmoi.rows import read_examples

    total = int(pq.read_metadata(path).num_rows)
    wanted = set(np.random.default_rng(1).permutation(total)[:size].tolist())
    kept, read = [], 0
    for place, example in enumerate(read_examples(path)):
        if place in wanted and read < characters:
            kept.append(example)
            read += len(example.text)
    return kept


def speed(tokenizer: "Tokenizer", before: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Sentences and characters a second, once warmed up by the texts `before`, and the most memory held, in MiB. No token cache is used;
    an analyzer that remembers words by itself (Okt) may, and knows those of `before`."""
    from tasks._memory import peak_mb

    uncached = tokenizer.without_cache()
    began = time.perf_counter()
    uncached(before)
    start = time.perf_counter()
    done = read = 0
    while done < len(texts) and time.perf_counter() - start < SECONDS:
        batch = texts[done : done + BATCH]
        uncached(batch)
        done, read = done + len(batch), read + sum(map(len, batch))
    taken = time.perf_counter() - start
    rates = {"sentences_per_second": round(done / taken, 1), "characters_per_second": round(read / taken, 1)}
    return rates | {"start_seconds": round(start - began, 2), "texts": done, "peak_mb": peak_mb()}


def figures(train: Sample, test: Sample) -> dict[str, Any]:
    """Types on train, share of test's tokens that train lacks, tokens of an eojeol, characters of a token."""
    known = Counter(token for tokens in train.tokens for token in tokens)
    seen = [token for tokens in test.tokens for token in tokens]
    eojeols = sum(len(example.text.split()) for example in test.examples)
    return {
        "train_texts": len(train.examples),
        "test_texts": len(test.examples),
        "vocabulary": len(known),
        "unknown_rate": round(sum(token not in known for token in seen) / max(1, len(seen)), 6),
        "fertility": round(len(seen) / max(1, eojeols), 4),
        "characters_per_token": round(sum(map(len, seen)) / max(1, len(seen)), 4),
    }


def _accuracy(train: Sample, test: Sample) -> dict[str, float | None]:
    """Test accuracy of the fixed classifier; None where the sample has not two classes."""
    from malmoi import grading

    if len(set(train.labels)) < 2:
        return {"accuracy": None}
    return {"accuracy": round(grading.classifier_accuracy((train.tokens, train.labels), (test.tokens, test.labels)), 4)}


def _language(samples: list[Sample], options: dict[str, Any]) -> dict[str, Any]:
    from malmoi import grading

    train, test = samples
    characters = sum(len(example.text) + 1 for example in test.examples)  # a text's end counts as one, as in `evaluate`
    bits = grading.language_model_bits(train.tokens, test.tokens, characters, ORDER)
    return {"bits_per_character": round(bits, 4), "language_model_options": options}


def _bits(entry: Entry, samples: list[Sample], folder: Path, where: str) -> dict[str, Any]:
    """Bits per character where tokens lose something: with whitespace kept, if that is all that is lost; None else."""
    from malmoi import registry

    options = {**entry.options, "spaces": True}
    if "spaces" not in registry.find("tokenizers", entry.tokenizer).Params.__dataclass_fields__:
        return NO_BITS
    cutter = _fitted(entry.tokenizer, options, samples[0].examples, folder, where)
    if not cutter.lossless:
        return NO_BITS
    spaced = [Sample(one.examples, cutter([example.text for example in one.examples])) for one in samples]
    shutil.rmtree(folder, ignore_errors=True)
    return _language(spaced, options)


def _fitted(name: str, options: dict[str, Any], train: "list[Example]", folder: Path, where: str) -> "Tokenizer":
    from malmoi import tokenization
    from tasks import _cache

    tokenization.fit(name, options, (example.text for example in train), folder, where)
    return tokenization.Tokenizer(name, options, folder, _cache.tokens())


def _save(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
