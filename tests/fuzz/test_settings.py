"""The commands that read params/, data.dvc and dvc.yaml, on damaged ones: done, or an error that a person can read, never a traceback."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutated import FUZZED, mutated, refused

from flows import _space, schedules
from malmoi import behaviour, config, contract, promotion
from tasks import _champions
from tasks.__main__ import main
from tasks.project import lockfile

ROOT = Path(__file__).resolve().parents[2]

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
CONTENTS = {
    "champions/history.yaml": """\
# Who stands
classify-bills:
- by: first
  experiment: bills-bow
  seed: 1
  train: 0a0a0a0a.dir
  key: abc
- by: rollback
  experiment: bills-bow
  seed: 2
  train: 0a0a0a0b.dir
  key: abd
  reason: 'worse'
""",
    "dvc.lock": """\
schema: '2.0'
stages:
  train@bills-bow:
    cmd: python -m tasks train bills-bow
    deps:
    - path: out/features/bills-bow
      hash: md5
      md5: 0a0a0a0a.dir
      size: 10
    params:
      params/experiments/bills.yaml:
        experiments.bills-bow:
          model: {family: linear, C: 1.0}
""",
}
READ: dict[str, Callable[[Path], object]] = {
    "champions/history.yaml": lambda path: _champions.read(path.parent),
    "dvc.lock": lockfile.stages,
    "params/schedule.yaml": schedules.read,
    "params/sweep.yaml": _space.read,
    "params/contract.yaml": lambda path: contract.limits(path, "bills", ["bills", "nsmc", "law", "tinyshakespeare", "wikitext2"]),
    "params/promote.yaml": lambda path: promotion.rules(path, "classify-bills", {"classify-bills"}),
    "params/behaviour.yaml": lambda path: config.read(behaviour.Settings, config.load(path), str(path)),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small project, in which the tests of this file work."""
    folder, before = tmp_path_factory.mktemp("project"), Path.cwd()
    (folder / "params/experiments").mkdir(parents=True)
    (folder / "ok.csv").write_text("review,stars\na,1\n")
    os.chdir(folder)
    yield folder
    os.chdir(before)


def damaged(content: str, data: st.DataObject) -> bytes:
    """The file with odd bytes in it, or with a line of its own, or another value for a key."""
    if data.draw(st.booleans()):
        return bytes(data.draw(mutated(content.encode())))
    lines, odd = content.splitlines(), data.draw(st.sampled_from(ODD))
    at = data.draw(st.integers(0, len(lines) - 1))
    if data.draw(st.booleans()):
        return "\n".join([*lines[:at], f"  {odd}", *lines[at:]]).encode()
    return "\n".join([*lines[:at], f"{lines[at].partition(':')[0]}: {odd}", *lines[at + 1 :]]).encode()


@FUZZED
@given(name=st.sampled_from(sorted(FILES)), command=st.sampled_from(COMMANDS), data=st.data())
def test_commands(place: Path, name: str, command: list[str], data: st.DataObject) -> None:
    for file, content in FILES.items():
        (place / file).write_text(content)
    (place / name).write_bytes(damaged(FILES[name], data))
    with suppress(SystemExit):  # of argparse, which has said why
        assert main(command) in (0, 1)


@FUZZED
@given(name=st.sampled_from(sorted(READ)), data=st.data())
def test_files_of_the_project(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / Path(name).name
    path.write_bytes(damaged(CONTENTS.get(name) or (ROOT / name).read_text(encoding="utf-8"), data))
    with refused(path.name):
        READ[name](path)
