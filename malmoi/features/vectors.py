"""Word vectors from a file that somebody else trained: word2vec or fastText, text or binary (`_vector_files`).

Only the rows of words that train has are kept. A word of train without a vector starts as the mean of the others, so that a network can
fine-tune it; in pooled rows it counts for nothing. How many words, and how much of the text, the file lacks is reported.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from malmoi.config import ConfigError, params
from malmoi.features import _pooled, _vector_files, sequence
from malmoi.features._corpus import Corpus
from malmoi.features._pooled import Pooling

__all__ = ["Feature", "Params", "fit", "load"]


@params
class Params(sequence.Params):
    """file: its path, from the project's root. encoding: of a text file. pooling: see word2vec.

    sha256: what `sha256sum` says of the file; left out, nobody notices when the file is another one.
    """

    file: str
    encoding: str = "utf-8"
    pooling: Pooling | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Feature(_pooled.Feature):
    """Vectors of the file. about: what about.json says."""

    about: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write what every feature with vectors writes, and about.json."""
        super().save(folder)
        (folder / "about.json").write_text(json.dumps(self.about, indent=1, ensure_ascii=False), encoding="utf-8")


def fit(documents: Iterable[list[str]], params: Params) -> Feature:
    """The vectors of the words of train. Raises ConfigError where the file cannot be right, or has no word of train."""
    path = Path(params.file)
    corpus = Corpus.read(documents)
    words = sequence.fit(corpus, params)
    tokens = [token for token, _ in words.entries]
    found = _vector_files.read(path, tokens, params.encoding)
    _check(path, params.sha256)
    there = np.array([token in found.vectors for token in tokens])
    if not there.any():
        some = ", ".join(map(repr, tokens[:5]))
        raise ConfigError(f"{path}: has no word of train ({found.described}; train has {some}); is it of this language, cut in this way?")
    rows = np.zeros((len(there), found.dimensions), np.float32)
    rows[there] = [found.vectors[token] for token in tokens if token in found.vectors]
    weights, new = _pooled.weigh(words, corpus, there, params.pooling)
    about = _about(path, found, words, there)
    return Feature(words, _pooled.table(words, rows, there), weights, new, report=_report(about), about=about)


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    pooled = _pooled.load(folder)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return Feature(pooled.words, pooled.given, pooled.weights, pooled.new, report=_report(about), about=about)


def _check(path: Path, wanted: str | None) -> None:
    if wanted is None:
        return
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted:
        raise ConfigError(f"sha256: {path} has {found}, not {wanted}; if you mean this file, write its sum into the entry")


def _about(path: Path, found: _vector_files.Found, words: sequence.Feature, there: np.ndarray) -> dict[str, Any]:
    """What was found. Types are the words of train that `min_count` and `max_size` keep; tokens, how often those come."""
    counts = np.array([count for _, count in words.entries])
    return {
        "file": path.as_posix(),
        "format": found.described,
        "dimensions": found.dimensions,
        "types": len(there),
        "types_without": int((~there).sum()),
        "types_from_ngrams": found.parts,
        "tokens": int(counts.sum()),
        "tokens_without": int(counts[~there].sum()),
    }


def _report(about: dict[str, Any]) -> str:
    types, tokens = (100 * about[f"{kind}_without"] / about[kind] for kind in ("types", "tokens"))
    parts = f", {about['types_from_ngrams']:,} words made of their n-grams" if about["types_from_ngrams"] else ""
    return f"{about['file']} ({about['format']}): lacks {types:.1f} % of the words of train, {tokens:.1f} % of its tokens{parts}"
