"""A board with real, tiny classifiers, from `ingest`'s files to `promote`'s, and the commands that decide who is its champion."""

import hashlib
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from evaluated import switch_on

from malmoi import registry
from malmoi.batches import Spec, Split
from malmoi.rows import Example, write_examples
from tasks import _champions, accept, compare, evaluate, promote

THINGS = ["배송", "포장", "색", "천", "값", "맛", "상담", "크기", "모양", "소리"]
WORDS = {"만족": ["좋아요", "빨라요", "고마워요", "예뻐요", "최고예요"], "불만": ["나빠요", "느려요", "아까워요", "미워요", "별로예요"]}
MODEL = "classify-reviews"
RULES = {"defaults": {"gain": {"accuracy": 0.01}, "checks": {"leakage": 0.02, "data_card": True, "contract": True}}}


def reviews(numbers: range) -> list[Example]:
    """Every thing with every word, once for each number."""
    rows = [
        (label, f"{thing} {number}번은 {word}") for number in numbers for label in WORDS for thing, word in product(THINGS, WORDS[label])
    ]
    return [Example(f"r{hashlib.sha256(text.encode()).hexdigest()[:8]}", text, label) for label, text in rows]


class Stood:
    """The project in a folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.out, self.champions = root, root / "out", root / "champions"
        self.rules = root / "params/promote.yaml"
        self.rules.parent.mkdir(parents=True)
        self.rule(RULES)
        self.data(range(3), range(3, 5))

    def rule(self, rules: dict[str, Any]) -> None:
        """Other rules."""
        self.rules.write_text(yaml.safe_dump(rules), encoding="utf-8")

    def data(self, train: range, test: range, shared: int = 0) -> None:
        """Another version of the corpus. shared: test texts that its card says to be in train."""
        folder, splits = self.out / "ingest/reviews", {"train": reviews(train), "valid": reviews(range(100, 101)), "test": reviews(test)}
        for split, rows in splits.items():
            folder.mkdir(parents=True, exist_ok=True)
            write_examples(folder / f"{split}.parquet", rows)
        about = {split: {"examples": len(rows), "sha256": str(rows).encode().hex()[:64]} for split, rows in splits.items()}
        _write(folder / "card.json", {"licence": "internal", "splits": about, "duplicates": {"across": {"test in train": shared}}})
        _write(self.out / "profile/reviews/contract.json", {"measures": [{"what": "examples", "broken": False}]})

    def train(self, name: str, wrong: float, seeds: tuple[int, ...] = (1,)) -> None:
        """An experiment, trained on the letters of texts of which a share has the wrong label, and evaluated."""
        rows = reviews(range(3))
        for seed in seeds:
            flipped = np.random.default_rng([seed, *name.encode()]).random(len(rows)) < wrong
            labels = [WRONG[row.label] if turn else str(row.label) for row, turn in zip(rows, flipped, strict=True)]
            _bundle(self.out / "train" / name / f"seed-{seed}", [row.text for row in rows], labels, (name, seed, wrong))
        entry = {
            "name": name,
            "problem": "classify",
            "corpus": "reviews",
            "features": "reviews-counts",
            "model": {"family": "linear"},
            "training": {},
        }
        _write(self.out / "train" / name / "experiment.json", entry | {"seeds": list(seeds), "prompts": [], "parameters": 9})
        (self.out / "train" / name / "history.csv").write_text("seed,epoch,train_loss,valid_loss\n", encoding="utf-8")
        self.evaluate(name)

    def evaluate(self, *names: str) -> None:
        """Score them on today's splits."""
        for name in names:
            evaluate.run(name, self.out / "ingest/reviews", self.out / "train" / name, self.out / "evaluate" / name)

    def promote(self) -> dict[str, Any]:
        """The stages `compare` and `promote`, over all that was evaluated. Returns the decision."""
        out = self.out
        graph = switch_on(self.root, [folder.name for folder in (out / "evaluate").iterdir()])
        compare.run(out / "evaluate", out / "train", graph, out / "compare")
        folders = {"ingest": out / "ingest", "profile": out / "profile", "cost": out / "cost"}
        files = {"champions": self.champions, "rules": self.rules}
        promote.run(out / "compare", out / "evaluate", out / "train", out / "promote", **folders, **files)
        return self.decision

    @property
    def decision(self) -> dict[str, Any]:
        """The decision that is there."""
        found: dict[str, Any] = json.loads((self.out / "promote/decisions.json").read_text(encoding="utf-8"))[MODEL]
        return found

    def accept(self, *models: str, **options: Any) -> None:
        """`python -m tasks accept`."""
        accept.run(list(models), **options, out=self.out, champions=self.champions)

    @property
    def history(self) -> list[tuple[str, str]]:
        """How somebody became champion, and who."""
        return [(event.by, event.experiment) for event in _champions.read(self.champions).get(MODEL, [])]


WRONG = {"만족": "불만", "불만": "만족"}


def _bundle(folder: Path, texts: list[str], labels: list[str], about: tuple[str, int, float]) -> None:
    """A linear classifier of letters, saved as `train` does."""
    name, seed, _ = about
    room, family = registry.find("features", "counts"), registry.find("models", "linear")
    documents, names = [list(text) for text in texts], sorted(set(labels))
    feature = room.fit(documents, room.Params())
    model = family.build(family.Params(), family.Training(), Spec("classify", feature.width, len(names), seed))
    sizes = np.array([len(text) for text in texts])
    split = Split(feature.transform(documents), np.array([names.index(label) for label in labels], np.int32), sizes, sizes)
    model.fit(split, split, lambda epoch: None)
    feature.save(folder / "state")
    model.save(folder / "model")
    pipeline = {"corpus": "reviews", "language": "ko", "labels": names, "width": feature.width}
    pipeline |= {"tokenizer": {"name": "characters", "options": {}, "lossless": True}, "feature": {"kind": "counts", "options": {}}}
    _write(folder / "pipeline.json", pipeline)
    key = hashlib.sha256(repr(about).encode()).hexdigest()
    said = {"experiment": name, "problem": "classify", "corpus": "reviews", "language": "ko", "family": "linear", "seed": seed}
    _write(folder / "bundle.json", said | {"key": key, "recipe": key[::-1], "parameters": model.parameters})


def _write(file: Path, data: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
