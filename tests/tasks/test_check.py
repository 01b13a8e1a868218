"""Slips in params/: told before anything runs, with file, entry, key and what was probably meant."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from tasks import check

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = """\
ingest: {shop: {}}
tokens:
  shop-words: {corpus: shop, tokenizer: whitespace}
features:
  shop-counts: {corpus: shop, tokens: shop-words, kind: counts, options: {ngrams: [1, 2]}}
  shop-ids: {corpus: shop, tokens: shop-words, kind: sequence}
pretraining:
  shop-lm: {corpus: shop, features: shop-ids, model: {family: recurrent, cell: gru, units: 8}}
experiments:
  shop-linear: {problem: classify, corpus: shop, features: shop-counts, model: {family: linear, C: 0.5}, seeds: [1]}
  shop-gru: {problem: classify, corpus: shop, features: shop-lm, model: {family: recurrent, cell: gru, units: 8}, training: {epochs: 2}}
"""
CORPORA = """\
corpora:
  shop:
    title: Our shop
    language: ko
    problem: classify
    licence: internal
    source: {local: [reviews.csv]}
    reader: {kind: delimited, options: {text: review, label: stars}}
    split: {by: random, valid: 0.1, test: 0.1, seed: 1}
benchmarks:
  judged: {title: t, language: en, licence: l, source: {package: tomllib, files: [_re.py]}}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's params, in which nothing is wrong."""
    (tmp_path / "params/experiments").mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text("vars:\n  - {probes: {}}\n  - params/experiments/shop.yaml\n  - params/other.yaml:one\nstages: {}\n")
    (tmp_path / "params/experiments/shop.yaml").write_text(EXPERIMENTS)
    (tmp_path / "params/other.yaml").write_text("experiments: {}\n")
    (tmp_path / "params/corpora.yaml").write_text(CORPORA)
    for name in ("contract", "promote", "behaviour"):
        shutil.copy(ROOT / f"params/{name}.yaml", tmp_path / "params")
    contract = (tmp_path / "params/contract.yaml").read_text().partition("\ncorpora:")[0]
    (tmp_path / "params/contract.yaml").write_text(f"{contract}\ncorpora: {{}}\n")
    promote = (tmp_path / "params/promote.yaml").read_text().partition("\nboards:")[0]
    (tmp_path / "params/promote.yaml").write_text(f"{promote}\nboards: {{}}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_found_where_nothing_is_wrong(root: Path) -> None:
    assert check.problems(root) == []


SLIPS = [
    (
        "tokens: shop-words,",
        "tokens: shop-word,",
        "shop-counts.tokens: no tokens are called 'shop-word'; did you mean 'shop-words'?",
    ),
    (
        "features: shop-counts,",
        "features: shop-count,",
        "shop-linear.features: no features are called 'shop-count'; did you mean",
    ),
    (
        "features: shop-ids,",
        "features: shop-id,",
        "shop-lm.features: no features are called 'shop-id'; did you mean 'shop-ids'?",
    ),
    ("corpus: shop, tokenizer", "corpus: shopp, tokenizer", "tokens.shop-words.corpus: no corpus is called 'shopp'; did you mean 'shop'?"),
    ("tokenizer: whitespace", "tokenizer: whitespaces", "tokens.shop-words.tokenizer: no tokenizer is called 'whitespaces'; did you mean"),
    ("kind: counts", "kind: count", "features.shop-counts.kind: no feature is called 'count'; did you mean 'counts'?"),
    ("ngrams: [1, 2]", "ngram: [1, 2]", "features.shop-counts.options: unknown key 'ngram'; did you mean 'ngrams'?"),
    ("family: linear", "family: linaer", "experiments.shop-linear: no model is called 'linaer'; did you mean 'linear'?"),
    ("C: 0.5", "c: 0.5", "experiments.shop-linear.model: unknown key 'c'"),
    ("C: 0.5", "C: half", "experiments.shop-linear.model: C: input should be a valid number"),
    ("epochs: 2", "epoch: 2", "experiments.shop-gru.training: unknown key 'epoch'; did you mean 'epochs'?"),
    ("seeds: [1]", "seeds: 3", "experiments.shop-linear: seeds: input should be a valid array"),
    ("problem: classify, corpus: shop, features: shop-counts", "corpus: shop, features: shop-counts", "shop-linear: missing key 'problem'"),
    ("experiments:", "experiment:", "no table is called 'experiment'; did you mean 'experiments'?"),
    ("shop-linear:", "shop linear:", "experiments: 'shop linear' cannot be a name"),
    ("shop-linear:", "2024:", "experiments: 2024 cannot be a name"),
    ("  shop-gru:", "\tshop-gru:", "shop.yaml:11: not valid YAML: a tab stands in front of a key"),
    ("  shop-gru:", "  shop-linear:", "shop.yaml:11: key 'shop-linear' is given twice; keep one"),
    ("ingest: {shop: {}}", "ingest: {sohp: {}}", "ingest.sohp.corpus: no corpus is called 'sohp'; did you mean 'shop'?"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), SLIPS)
def test_a_slip_is_told_with_its_place_and_cure(root: Path, right: str, wrong: str, said: str) -> None:
    file = root / "params/experiments/shop.yaml"
    file.write_text(EXPERIMENTS.replace(right, wrong, 1))
    found = check.problems(root)
    assert any(line.startswith("params/experiments/shop.yaml") and said in line for line in found), found


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("experiments/shop.yaml", b"", "params/experiments/shop.yaml: should hold a mapping (key: value), found nothing"),
        ("experiments/shop.yaml", "# 우리 가게\n".encode("cp949"), "params/experiments/shop.yaml:1: byte 0xbf is not UTF-8; save"),
        ("corpora.yaml", "a: b\n# 우리 가게\n".encode("cp949"), "params/corpora.yaml:2: byte 0xbf is not UTF-8; save"),
        ("corpora.yaml", CORPORA.replace("kind: delimited", "kind: csv").encode(), "reader.kind: no reader is called 'csv'"),
        ("corpora.yaml", CORPORA.replace("text: review", "sep: ;").encode(), "corpora.shop.reader.options: unknown key 'sep'"),
        (
            "corpora.yaml",
            CORPORA.replace("label: stars", "label: stars, labels: {yes: a, no: b}").encode(),
            "YAML makes a yes or no of a key",
        ),
        ("corpora.yaml", CORPORA.replace("label: stars", "label: stars, labels: {010: a}").encode(), "put it in quotation marks"),
        ("promote.yaml", b"defaults: {gain: {acuracy: 0.5}}\n", "acuracy"),
        ("behaviour.yaml", b"case: 5\n", "params/behaviour.yaml: unknown key 'case'; did you mean 'cases'?"),
    ],
)
def test_files_that_cannot_be_right_are_told(root: Path, file: str, content: bytes, said: str) -> None:
    (root / "params" / file).write_bytes(content)
    found = check.problems(root)
    assert any(said in line for line in found), found


def test_an_entry_under_benchmarks_that_is_a_corpus_is_told_where_it_belongs(root: Path) -> None:
    from tasks import _benchmarks

    moved = CORPORA.replace("  shop:", "  other:") + CORPORA.partition("corpora:\n")[2].partition("benchmarks:")[0]
    (root / "params/corpora.yaml").write_text(moved)
    with pytest.raises(ConfigError, match=r"stands under `benchmarks:`; move it up, to the entries of `corpora:`"):
        _benchmarks.everything(root / "params/corpora.yaml")


def test_a_file_that_has_changed_since_it_was_fetched_is_told(root: Path) -> None:
    from tasks.__main__ import main

    (root / "reviews.csv").write_text("review,stars\na,1\n")
    assert main(["fetch", "shop"]) == 0
    assert check.remarks(root) == []
    (root / "reviews.csv").write_text("review,stars\nb,1\n")
    assert check.remarks(root) == ["reviews.csv has changed since it was fetched; take it: python -m tasks fetch shop"]
    assert main(["fetch", "shop"]) == 0
    assert check.remarks(root) == []


def test_the_own_params_are_right_and_nothing_heavy_is_imported() -> None:
    code = "import sys; from tasks.__main__ import main; main(['check']); print(*sorted(set(sys.argv[1:]) & set(sys.modules)))"
    heavy = ["tensorflow", "keras", "sklearn", "gensim", "konlpy", "jpype", "mlflow", "dvc", "prefect", "pandas"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["params/: nothing to mend", ""]


def test_what_blocks_is_told_with_a_cure_for_each_kind(root: Path) -> None:
    """A corpus that is not here: of the catalogue, or none of its any more."""
    (root / "data.dvc").write_text("outs:\n- path: data/gone\n  md5: a.dir\n- path: data/shop\n  md5: b.dir\n")
    [said] = check.pinned_and_missing(root)
    assert said.endswith("python -m tasks forget gone")
    gone, shop = check.cures(root).split("; data/shop: ")
    assert gone == "data/gone: python -m tasks forget gone"
    assert shop.startswith("python -m tasks fetch shop; if its files cannot be had here: python -m tasks disable shop, then")
    (root / "data.dvc").write_text("outs: 3\n")
    assert check.cures(root) == ""


def test_an_empty_name_of_a_file_is_no_file(root: Path) -> None:
    (root / "dvc.yaml").write_text('vars: ["", ":a", params/experiments/shop.yaml]\n')
    assert check.problems(root) == []
