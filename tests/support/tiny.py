"""A tiny corpus of each problem, taken through the real stages into a folder."""

from pathlib import Path

import numpy as np
import yaml

from malmoi.rows import Example, write_examples
from tasks import evaluate, features, tokens, train

GOOD = ["정말 좋은 영화", "최고의 감동이다", "아주 재미있다", "다시 보고 싶다", "배우가 훌륭하다"]
BAD = ["정말 나쁜 영화", "최악의 시간이다", "아주 지루하다", "다시 보기 싫다", "배우가 어색하다"]
LAW = [
    "대한민국은 민주공화국이다.",
    "모든 국민은 법 앞에 평등하다.",
    "모든 권력은 국민으로부터 나온다.",
    "국민은 법률이 정하는 의무를 진다.",
]

PARAMS = {
    "tokens": {
        "review-characters": {"corpus": "review", "tokenizer": "characters", "options": {}},
        "review-eojeol": {"corpus": "review", "tokenizer": "whitespace", "options": {}},
        "law-characters": {"corpus": "law", "tokenizer": "characters", "options": {}},
        "law-words": {"corpus": "law", "tokenizer": "whitespace", "options": {"spaces": True}},
        "law-lossy": {"corpus": "law", "tokenizer": "whitespace", "options": {}},
        "law-jamo": {"corpus": "law", "tokenizer": "jamo", "options": {}},
        "law-subwords": {"corpus": "law", "tokenizer": "subwords", "options": {"size": 60}},
    },
    "features": {
        "review-counts": {
            "corpus": "review",
            "tokens": "review-characters",
            "kind": "counts",
            "options": {"weights": "tfidf", "ngrams": [1, 2]},
        },
        "review-ids": {"corpus": "review", "tokens": "review-characters", "kind": "sequence", "options": {}},
        "review-word2vec": {
            "corpus": "review",
            "tokens": "review-characters",
            "kind": "word2vec",
            "options": {"size": 6, "min_count": 1, "pad": "before"},
        },
        "review-doc2vec": {
            "corpus": "review",
            "tokens": "review-characters",
            "kind": "doc2vec",
            "options": {"size": 8, "min_count": 1, "epochs": 100, "sample": 0.0, "learning_rate": 0.1},
        },
        "review-elmo": {
            "corpus": "review",
            "tokens": "review-eojeol",
            "kind": "elmo",
            "options": {"characters": 4, "filters": [[1, 4], [2, 4]], "dimensions": 4, "units": 4, "layers": 1, "epochs": 1},
        },
        "law-ids": {"corpus": "law", "tokens": "law-characters", "kind": "sequence", "options": {}},
        "law-word-ids": {"corpus": "law", "tokens": "law-words", "kind": "sequence", "options": {"min_count": 2}},
        "law-lossy-ids": {"corpus": "law", "tokens": "law-lossy", "kind": "sequence", "options": {}},
        "law-jamo-ids": {"corpus": "law", "tokens": "law-jamo", "kind": "sequence", "options": {}},
        "law-subword-ids": {"corpus": "law", "tokens": "law-subwords", "kind": "sequence", "options": {}},
    },
    "experiments": {
        "review-linear": {"problem": "classify", "corpus": "review", "features": "review-counts", "model": {"family": "linear"}},
        "review-gru": {
            "problem": "classify",
            "corpus": "review",
            "features": "review-ids",
            "model": {"family": "recurrent", "cell": "gru", "units": 8, "embedding": 8},
            "training": {"epochs": 2},
            "seeds": [1, 2],
        },
        "review-frozen": {
            "problem": "classify",
            "corpus": "review",
            "features": "review-word2vec",
            "model": {"family": "recurrent", "cell": "lstm", "units": 4, "frozen": True},
            "training": {"epochs": 2},
        },
        "review-doc2vec": {
            "problem": "classify",
            "corpus": "review",
            "features": "review-doc2vec",
            "model": {"family": "linear", "C": 10.0},
        },
        "review-elmo": {
            "problem": "classify",
            "corpus": "review",
            "features": "review-elmo",
            "model": {"family": "recurrent", "units": 4, "frozen": True},
            "training": {"epochs": 1, "batch_size": 40},
        },
        "law-ngram": {
            "problem": "language_model",
            "corpus": "law",
            "features": "law-ids",
            "model": {"family": "ngram", "order": 3},
            "prompts": ["모든 ", "대한"],
        },
        "law-word-ngram": {
            "problem": "language_model",
            "corpus": "law",
            "features": "law-word-ids",
            "model": {"family": "ngram", "order": 2},
        },
        "law-lossy-ngram": {
            "problem": "language_model",
            "corpus": "law",
            "features": "law-lossy-ids",
            "model": {"family": "ngram", "order": 2},
        },
        "law-jamo-ngram": {
            "problem": "language_model",
            "corpus": "law",
            "features": "law-jamo-ids",
            "model": {"family": "ngram", "order": 4},
            "seeds": [1, 2],
        },
        "law-subword-ngram": {
            "problem": "language_model",
            "corpus": "law",
            "features": "law-subword-ids",
            "model": {"family": "ngram", "order": 2},
        },
        "law-lstm": {
            "problem": "language_model",
            "corpus": "law",
            "features": "law-ids",
            "model": {"family": "recurrent", "cell": "lstm", "units": 8, "embedding": 8},
            "training": {"epochs": 2, "batch_size": 4, "steps": 8},
            "prompts": ["모든 "],
        },
    },
}


class Tiny:
    """A folder in which stages are run by name, each once."""

    def __init__(self, root: Path) -> None:
        self.root, self.params = root, root / "params.yaml"
        self.params.write_text(yaml.safe_dump(PARAMS, allow_unicode=True), encoding="utf-8")
        for name in ("review", "law"):
            self._ingested(name)

    def _ingested(self, name: str) -> None:
        folder = self.root / "ingest" / name
        folder.mkdir(parents=True)
        random = np.random.default_rng(0)
        for split, count in (("train", 40), ("valid", 10), ("test", 12)):
            examples = []
            for row in range(count):
                label, texts = ("good", GOOD) if row % 2 else ("bad", BAD)
                text = str(random.choice(texts if name == "review" else LAW))
                examples.append(Example(f"{split}:{row}", text, label if name == "review" else None))
            write_examples(folder / f"{split}.parquet", examples)
        (folder / "card.json").write_text('{"language": "ko"}')

    def features(self, name: str) -> Path:
        """Folder of an entry of table `features`, made where it is not there."""
        out, entry = self.root / "features" / name, PARAMS["features"][name]
        cut = self.root / "tokens" / str(entry["tokens"])
        if not cut.exists():
            tokens.run(cut.name, self.params, self.root / "ingest" / str(entry["corpus"]), cut)
        if not out.exists():
            features.run(name, self.params, cut, out)
        return out

    def train(self, name: str, folder: str = "train") -> Path:
        """Folder of a trained experiment; another `folder` trains it again."""
        out = self.root / folder / name
        if not out.exists():
            train.run(name, self.params, self.features(str(PARAMS["experiments"][name]["features"])), out)
        return out

    def evaluate(self, name: str, folder: str = "evaluate") -> Path:
        """Folder of a measured experiment."""
        out = self.root / folder / name
        if not out.exists():
            evaluate.run(name, self.root / "ingest" / str(PARAMS["experiments"][name]["corpus"]), self.train(name), out)
        return out
