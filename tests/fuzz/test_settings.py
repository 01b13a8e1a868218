"""The commands that read params/, data.dvc and dvc.yaml, on damaged ones: done, or an error that a person can read, never a traceback."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutated import FUZZED, mutated

from tasks.__main__ import main

CORPORA = """\
corpora:
  shop:
    title: Our shop
    language: ko
    problem: classify
    licence: internal
    source: {local: [ok.csv]}
    reader: {kind: delimited, options: {text: review, label: stars, labels: {"1": bad}}}
    split: {by: files, files: {train: [ok.csv]}, valid: 0.1, seed: 1}
  play:
    title: A play
    language: en
    problem: language_model
    licence: l
    source: {mirror: m, files: {a.txt: {address: "http://127.0.0.1:9/a", sha256: aa, bytes: 3}}}
    reader: {kind: plain}
    split: {by: position, valid: 0.1, test: 0.1}
benchmarks:
  judged: {title: t, language: en, licence: l, source: {package: tomllib, files: [_re.py]}}
"""
EXPERIMENTS = """\
ingest: {shop: {}}
tokens:
  shop-words: {corpus: shop, tokenizer: whitespace, options: {}}
features:
  shop-counts: {corpus: shop, tokens: shop-words, kind: counts, options: {ngrams: [1, 2]}}
experiments:
  shop-linear: {problem: classify, corpus: shop, features: shop-counts, model: {family: linear, C: 0.5}, seeds: [1]}
"""
PINS = "outs:\n- path: data/shop\n  md5: 0a.dir\n  size: 1\n  nfiles: 1\n  hash: md5\n"
PIPELINE = "vars:\n  - {grades: {}}\n  - params/experiments/shop.yaml\n  # - params/experiments/other.yaml\nstages: {}\n"
FILES = {"params/corpora.yaml": CORPORA, "params/experiments/shop.yaml": EXPERIMENTS, "data.dvc": PINS, "dvc.yaml": PIPELINE}
ODD = [
    "!!timestamp x",
    "!!bool x",
    "!!int x",
    "2024-13-99",
    "2024-01-01: x",
    "yes: x",
    "010: x",
    "[",
    "[1]",
    "3",
    "<<: 3",
    "a:\t1",
    "a: [[[\n\n",
]
COMMANDS = [
    ["check"], ["corpora"], ["corpora", "shop"], ["fetch", "shop"], ["fetch", "play", "--mirror", "m"], ["fetch", "--bundled"],
    ["enable", "shop"], ["enable", "other"], ["disable", "shop"], ["forget", "shop"], ["forget", "../x"], ["fetch", "x" * 400],
    ["corpora", "shop", "--data", "x" * 400], ["forget", "shop", "--data", "ok.csv"], ["enable", "\udcff"],
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small project, in which the tests of this file work."""
    folder, before = tmp_path_factory.mktemp("project"), Path.cwd()
    (folder / "params/experiments").mkdir(parents=True)
    (folder / "ok.csv").write_text("review,stars\na,1\n")
    os.chdir(folder)
    yield folder
    os.chdir(before)


@FUZZED
@given(
    name=st.sampled_from(sorted(FILES)),
    command=st.sampled_from(COMMANDS),
    odd=st.one_of(st.none(), st.tuples(st.sampled_from(ODD), st.integers(0, 12), st.booleans())),
    data=st.data(),
)
def test_commands(place: Path, name: str, command: list[str], odd: tuple[str, int, bool] | None, data: st.DataObject) -> None:
    for file, content in FILES.items():
        (place / file).write_text(content)
    lines = FILES[name].splitlines()
    if odd is None:
        (place / name).write_bytes(data.draw(mutated(FILES[name].encode())))
    elif odd[2]:  # a line of its own
        (place / name).write_text("\n".join([*lines[: odd[1]], f"  {odd[0]}", *lines[odd[1] :]]))
    else:  # instead of what a key had
        at = min(odd[1], len(lines) - 1)
        (place / name).write_text("\n".join([*lines[:at], f"{lines[at].partition(':')[0]}: {odd[0]}", *lines[at + 1 :]]))
    with suppress(SystemExit):  # of argparse, which has said why
        assert main(command) in (0, 1)
