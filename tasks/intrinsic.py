"""Measure what features are worth in themselves: word and document vectors against people's judgements, neighbours, a map of words.

metrics.json has numbers alone (`dvc metrics show out/intrinsic/NAME/metrics.json`); what the tests gave besides is in neighbours.csv,
analogies.csv, map.csv and map.svg.
"""

import argparse
import shutil
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from malmoi.config import ConfigError, params
from tasks import _files, _measures

ENGLISH = ("simlex", "analogies", "documents")  # tests that have a benchmark of the same name in data/
OF_WORDS = ("simlex", "analogies", "neighbours", "map")  # tests that need a vector for each word


@params
class Entry:
    """An entry of table `intrinsic`: an entry of table `features`, the entry of `tokens` that it was made of, and what to ask of them.

    words: whose neighbours are shown, the `nearest` of each. mapped: how many of the most frequent words are on the map.
    """

    corpus: str
    features: str
    tokens: str
    tests: list[Literal["simlex", "analogies", "documents", "neighbours", "map", "bits"]]
    words: list[str] = field(default_factory=list)
    nearest: int = 8
    mapped: int = 300

    def __post_init__(self) -> None:
        """Raises ValueError where the entry contradicts itself."""
        if not self.tests or len(set(self.tests)) < len(self.tests):
            raise ValueError(f"tests should name one or more different tests, found {self.tests}")
        if ("neighbours" in self.tests) != bool(self.words):
            raise ValueError("test neighbours and words go together: words says whose neighbours to show")
        if min(self.nearest, self.mapped) < 1:
            raise ValueError("nearest and mapped should be 1 or more")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="an entry of table `intrinsic`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--features", type=Path, required=True, help="folder that the features stage made")
    parser.add_argument("--tokens", type=Path, required=True, help="folder of the tokens that those features were made of")
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks: simlex, analogies, documents")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(name: str, params: Path, features: Path, tokens: Path, data: Path, out: Path) -> None:
    """Ask all tests of the entry. Raises ConfigError where one makes no sense for these features, or a benchmark is not there."""
    from malmoi import config, registry

    where = f"{params}: intrinsic.{name}"
    entry = config.read(Entry, config.entry(params, "intrinsic", name), where)
    pipeline = _files.load(features / "pipeline.json")
    feature = registry.find("features", pipeline["feature"]["kind"]).load(features / "state")
    _check(entry, pipeline, _files.load(tokens / "tokenizer.json"), feature, where)
    shutil.rmtree(out, ignore_errors=True)
    asked = _measures.Asked(entry, feature, pipeline, features, tokens, data, out)
    found = {"tokens": _measures.rates(tokens)} | {test: _measures.TESTS[test](asked) for test in entry.tests}
    about = {key: pipeline[key] for key in ("corpus", "language", "tokenizer", "feature", "width")}
    _files.save(out / "about.json", {"entry": name, "features": entry.features, "tokens": entry.tokens, "tests": entry.tests, **about})
    _files.save(out / "metrics.json", found)
    print(f"intrinsic {name}: " + "; ".join(_said(test, found[test]) for test in entry.tests), flush=True)


def _check(entry: Entry, pipeline: dict[str, Any], tokenizer: dict[str, Any], feature: Any, where: str) -> None:
    if any(pipeline["tokenizer"][key] != tokenizer[key] for key in ("name", "options")) or pipeline["corpus"] != tokenizer["corpus"]:
        raise ConfigError(
            f"{where}: tokens: features {entry.features} were not made of {entry.tokens}; name the tokens that they were made of"
        )
    english = [test for test in entry.tests if test in ENGLISH]
    if english and pipeline["language"] != "en":
        raise ConfigError(f"{where}: tests: {', '.join(english)} ask about English, but {entry.corpus} is {pipeline['language']}")
    words = [test for test in entry.tests if test in OF_WORDS]
    kind = pipeline["feature"]["kind"]
    if words and getattr(feature, "vectors", None) is None:
        raise ConfigError(f"{where}: tests: {', '.join(words)} need word vectors, which features of kind {kind} have not (word2vec has)")
    if "bits" in entry.tests and not pipeline["tokenizer"]["lossless"]:
        raise ConfigError(
            f"{where}: tests: bits per character of tokens that lose text would mean nothing; {entry.tokens} are not lossless"
        )


def _said(test: str, found: dict[str, Any]) -> str:
    return f"{test} " + ", ".join(f"{name} {value}" for name, value in found.items() if value is not None)
