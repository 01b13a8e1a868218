"""The stage on a made-up feature of eight words, and what it says of entries that cannot be right."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from malmoi import registry
from malmoi.batches import SPECIALS
from malmoi.config import ConfigError
from malmoi.rows import Tokens, write_tokens
from tasks import intrinsic

WORDS = {
    "old": [1.0, 0.0],
    "new": [0.9, 0.1],
    "man": [0.0, 1.0],
    "woman": [0.5, 1.0],
    "king": [0.0, 2.0],
    "queen": [0.6, 2.0],
    "국회": [-1.0, 0.0],
    "법원": [-1.0, 0.2],
}
ENTRY = {"corpus": "tiny", "features": "tiny-vectors", "tokens": "tiny-words"}
TEXTS = ["old new man", "new old man", "king queen woman", "queen king woman"]


class Fake:
    """A feature as `word2vec` is: ids for texts, a vector for each id."""

    def __init__(self, vectors: bool) -> None:
        self.tokens, self.width = [*SPECIALS, *WORDS], len(SPECIALS) + len(WORDS)
        self.vectors = np.array([[0.0, 0.0]] * len(SPECIALS) + list(WORDS.values()), np.float32) if vectors else None

    def transform(self, documents: list[list[str]]) -> np.ndarray:
        rows = [[WORDS[token.strip()] for token in document if token.strip() in WORDS] for document in documents]
        return np.array([np.sum(row, axis=0) for row in rows], np.float32)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Features (with and without vectors), tokens and benchmarks; kind `fake` is a member of the room of features."""
    find = registry.find
    fake = SimpleNamespace(load=lambda folder: Fake(folder.parent.name == "tiny-vectors"))
    monkeypatch.setattr(registry, "find", lambda room, name: fake if name == "fake" else find(room, name))
    tokenizer = {"name": "whitespace", "options": {"spaces": True}, "lossless": True}
    about = {
        "corpus": "tiny",
        "language": "en",
        "tokenizer": tokenizer,
        "feature": {"kind": "fake", "options": {}},
        "labels": [],
        "width": 11,
    }
    for name in ("tiny-vectors", "tiny-bare"):
        write(tmp_path / name / "pipeline.json", about)
    write(tmp_path / "tiny-words/tokenizer.json", {"corpus": "tiny", "language": "en", **tokenizer})
    rates = {"tokens_per_eojeol": 1.5, "type_token_ratio": 0.25, "unknown_rate": 0.125}
    write(tmp_path / "tiny-words/card.json", {"vocabulary": 8, "splits": {"test": rates}})
    for split in ("train", "test"):
        write_tokens(tmp_path / f"tiny-words/{split}.parquet", [Tokens(str(n), text, list(text)) for n, text in enumerate(TEXTS)])
    texts = {
        "simlex/simlex999.txt": "# x\nold\tnew\t9\nman\twoman\t8\nman\told\t1\nman\tzebra\t5\n",
        "analogies/questions-words.txt": ": family\nman king woman queen\nman king woman old\n: capital\nAthens Greece Oslo Norway\n",
        "documents/lee.cor": "old new\nold man\nking queen\n",
        "documents/similarities0-1.txt": "1 0.9 0.1\n0 1 0.7\n0 0 1\n",
    }
    for name, text in texts.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(text)
    return tmp_path


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def ask(place: Path, features: str = "tiny-vectors", **entry: Any) -> Path:
    """Run the stage on one entry; the folder it made."""
    (place / "tiny.yaml").write_text(yaml.safe_dump({"intrinsic": {"tiny": {**ENTRY, **entry}}}, allow_unicode=True), encoding="utf-8")
    out = place / "out"
    intrinsic.run("tiny", place / "tiny.yaml", place / features, place / "tiny-words", place / "data", out)
    return out


def table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_tests_of_one_entry(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = ["simlex", "analogies", "documents", "neighbours", "map", "bits"]
    out = ask(place, tests=tests, words=["국회", "zebra", "king"], nearest=2)
    found = json.loads((out / "metrics.json").read_text())
    assert found["tokens"] == {"vocabulary": 8, "tokens_per_eojeol": 1.5, "type_token_ratio": 0.25, "unknown_rate": 0.125}
    # cosines: old-new 0.994, man-woman 0.894, man-old 0
    assert (found["simlex"]["spearman"], found["simlex"]["covered"], found["simlex"]["asked"]) == (1.0, 3, 4)
    assert (found["analogies"]["accuracy"], found["analogies"]["covered"], found["analogies"]["asked"]) == (0.5, 2, 3)
    # rows (1.9, .1), (1, 1), (.6, 4): cosines 0.743, 0.200, 0.804; judgements 0.9, 0.1, 0.7
    assert found["documents"]["pearson"] == pytest.approx(np.corrcoef([0.743294, 0.199992, 0.804213], [0.9, 0.1, 0.7])[0, 1], abs=1e-4)
    assert found["neighbours"] == {"covered": 2, "asked": 3}
    assert found["map"]["words"] == 8
    assert found["bits"]["bits_per_character"] > 0
    assert table(out / "analogies.csv") == [
        {"section": "family", "asked": "2", "covered": "2", "right": "1", "accuracy": "0.5000"},
        {"section": "capital", "asked": "1", "covered": "0", "right": "0", "accuracy": ""},
    ]
    assert {path.name for path in out.iterdir()} == {
        *("about.json", "metrics.json", "analogies.csv", "neighbours.csv", "map.csv", "map.svg")
    }
    assert "simlex spearman 1.0" in capsys.readouterr().out


def test_a_word_that_is_not_in_the_vocabulary_is_reported_as_such(place: Path) -> None:
    rows = table(ask(place, tests=["neighbours"], words=["zebra", "국회"], nearest=1) / "neighbours.csv")
    assert rows[0] == {"word": "zebra", "token": "", "rank": "", "neighbour": "", "similarity": ""}
    assert rows[1] == {"word": "국회", "token": "국회", "rank": "1", "neighbour": "법원", "similarity": "0.9806"}


def test_the_map_is_the_same_in_both_files_and_twice(place: Path) -> None:
    out = ask(place, tests=["map"], mapped=5)
    drawn = (out / "map.svg").read_bytes()
    assert [row["word"] for row in table(out / "map.csv")] == ["old", "new", "man", "woman", "king"]
    assert ">king</text>" in drawn.decode()
    assert (ask(place, tests=["map"], mapped=5) / "map.svg").read_bytes() == drawn


def test_nothing_covered_is_none_and_no_failure(place: Path) -> None:
    (place / "data/simlex/simlex999.txt").write_text("cat\tdog\t5\n")
    found = json.loads((ask(place, tests=["simlex"]) / "metrics.json").read_text())
    assert found["simlex"] == {"spearman": None, "low": None, "high": None, "covered": 0, "asked": 1}


def test_features_without_word_vectors_have_documents_alone(place: Path) -> None:
    assert json.loads((ask(place, features="tiny-bare", tests=["documents"]) / "metrics.json").read_text())["documents"]["covered"] == 3
    with pytest.raises(ConfigError, match=r"intrinsic.tiny: tests: simlex, map need word vectors, which features of kind fake have not"):
        ask(place, features="tiny-bare", tests=["simlex", "documents", "map"])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"tests": ["simlax"]}, "Input should be 'simlex'|input should be 'simlex'"),
        ({"tests": []}, "one or more different tests"),
        ({"tests": ["map", "map"]}, "one or more different tests"),
        ({"tests": ["neighbours"]}, "neighbours and words go together"),
        ({"tests": ["map"], "words": ["a"]}, "neighbours and words go together"),
        ({"tests": ["map"], "mapped": 0}, "nearest and mapped should be 1 or more"),
        ({"tests": ["map"], "word": ["a"]}, "unknown key 'word'; did you mean 'words'"),
    ],
)
def test_an_entry_that_cannot_be_right_is_an_error(place: Path, entry: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ask(place, **entry)


def test_english_questions_are_not_put_to_korean(place: Path) -> None:
    about = json.loads((place / "tiny-vectors/pipeline.json").read_text())
    write(place / "tiny-vectors/pipeline.json", about | {"language": "ko"})
    with pytest.raises(ConfigError, match="simlex, documents ask about English, but tiny is ko"):
        ask(place, tests=["simlex", "documents", "map"])
    assert ask(place, tests=["map"]).is_dir()


def test_tokens_must_be_those_of_the_features(place: Path) -> None:
    about = json.loads((place / "tiny-words/tokenizer.json").read_text())
    write(place / "tiny-words/tokenizer.json", about | {"options": {}})
    with pytest.raises(ConfigError, match="features tiny-vectors were not made of tiny-words"):
        ask(place, tests=["map"])


def test_bits_of_tokens_that_lose_text_are_refused(place: Path) -> None:
    for path in (place / "tiny-vectors/pipeline.json", place / "tiny-words/tokenizer.json"):
        path.write_text(path.read_text().replace('"lossless": true', '"lossless": false'))
    with pytest.raises(ConfigError, match="tiny-words are not lossless"):
        ask(place, tests=["bits"])


def test_a_missing_benchmark_is_an_error_with_the_command_that_brings_it(place: Path) -> None:
    (place / "data/simlex/simlex999.txt").unlink()
    with pytest.raises(ConfigError, match=r"simlex999.txt: no such file; run: python -m tasks fetch simlex"):
        ask(place, tests=["simlex"])
