"""Turn token sequences into numbers: what is fitted on the train split in state/, train and valid as arrays.

The test split is not touched here: it goes through the same state as raw text, when the model is evaluated.
"""

import argparse
import inspect
import json
import shutil
from array import array
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError, params
from tasks._progress import Progress

if TYPE_CHECKING:
    import numpy as np


@params
class Entry:
    """An entry of table `features`: an entry of table `tokens`, a file of malmoi/features/ and its options."""

    corpus: str
    tokens: str
    kind: str
    options: dict[str, Any] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="an entry of table `features`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--tokens", type=Path, required=True, help="folder that the tokens stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(name: str, params: Path, tokens: Path, out: Path) -> None:
    """Fit on train, transform train and valid. Raises ConfigError where the entry, or a label, cannot be right."""
    from malmoi import config, registry

    where = f"{params}: features.{name}"
    entry = config.read(Entry, config.entry(params, "features", name), where)
    room = registry.find("features", entry.kind)
    options = config.read(room.Params, entry.options, f"{where}.options")
    tokenizer = json.loads((tokens / "tokenizer.json").read_text(encoding="utf-8"))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    facts = Facts()
    try:
        feature = _fit(room, facts.documents(tokens / "train.parquet", f"features {name}: fit on train"), options, f"features {name}")
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    labels = sorted({label for label in facts.labels if label is not None})
    known = getattr(feature, "fitted", None)  # what fitting has made of the training texts on its way
    for split in ("train", "valid"):
        source, seen = tokens / f"{split}.parquet", facts
        if split == "valid" or known is None:
            seen = Facts()
            known = feature.transform(seen.documents(source, f"features {name}: {split}"))
        _save(known, seen.numbered(labels, source), seen, out / f"{split}.npz")
    feature.save(out / "state")
    if (tokens / "state").is_dir():  # what the tokenizer learned: models take it along
        shutil.copytree(tokens / "state", out / "tokenizer")
    pipeline = {
        **{key: tokenizer[key] for key in ("corpus", "language")},
        "labels": labels,
        "tokenizer": {key: tokenizer[key] for key in ("name", "options", "lossless", "left_out")},
        "feature": {"kind": entry.kind, "options": entry.options},
        "width": feature.width,
    }
    (out / "pipeline.json").write_text(json.dumps(pipeline, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"features {name}: {feature.width:,} columns or ids, {len(labels)} classes", flush=True)


def _fit(room: ModuleType, documents: Iterator[list[str]], options: Any, what: str) -> Any:
    """The fitted feature. One that takes long tells how far it is; one that has something to say of the data says it."""
    slow = {"tell": lambda line: print(f"{what}: {line}", flush=True)} if "tell" in inspect.signature(room.fit).parameters else {}
    feature = room.fit(documents, options, **slow)
    if report := getattr(feature, "report", ""):
        print(f"{what}: {report}", flush=True)
    return feature


def _save(inputs: Any, labels: "np.ndarray", facts: "Facts", target: Path) -> None:
    import numpy as np

    from malmoi.batches import Split, save_split

    save_split(target, Split(inputs, labels, np.array(facts.characters, np.int64), np.array(facts.bytes, np.int64)))


class Facts:
    """What a split's rows have beside their tokens, collected while the tokens stream by: label, characters and bytes of the raw text."""

    def __init__(self) -> None:
        self.labels: list[str | None] = []
        self.characters, self.bytes = array("q"), array("q")  # eight bytes a row, of millions
        self._names: dict[str | None, str | None] = {}

    def documents(self, path: Path, what: str) -> Iterator[list[str]]:
        """The tokens of each row."""
        import pyarrow.parquet as pq

        from malmoi import rows

        progress = Progress(what, pq.read_metadata(path).num_rows)
        for row in rows.read_tokens(path):
            self.labels.append(self._names.setdefault(row.label, row.label))  # one string for each label, not for each row
            self.characters.append(len(row.text))
            self.bytes.append(len(row.text.encode()))
            progress.add(1)
            yield row.tokens

    def numbered(self, labels: list[str], source: Path) -> "np.ndarray":
        """(rows,) int32 the place of each row's label in `labels`, -1 for none. Raises ConfigError for a label that is not there."""
        import numpy as np

        numbers: dict[str | None, int] = {label: number for number, label in enumerate(labels)} | {None: -1}
        if strange := sorted({str(label) for label in self.labels if label not in numbers}):
            raise ConfigError(
                f"{source}: label {strange[0]!r} is not in the train split, so no model can learn it "
                f"(train has: {', '.join(labels) or 'none'}); add examples of it to train, or drop these rows"
            )
        return np.array([numbers[label] for label in self.labels], np.int32)
