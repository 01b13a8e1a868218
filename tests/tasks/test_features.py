import hashlib
import json

import pytest

from malmoi import batches, registry, rows
from malmoi.config import ConfigError
from malmoi.rows import Tokens
from tasks import features

PARAMS = """
features:
  tiny-ids: {corpus: tiny, tokens: tiny, kind: sequence, options: {min_count: 2}}
  tiny-bow: {corpus: tiny, tokens: tiny, kind: counts, options: {weights: tfidf, ngrams: [1, 2]}}
  tiny-word2vec: {corpus: tiny, tokens: tiny, kind: word2vec, options: {size: 3, min_count: 1, epochs: 2, pooling: mean}}
  tiny-doc2vec: {corpus: tiny, tokens: tiny, kind: doc2vec, options: {size: 2, min_count: 1, epochs: 2, infer_train: false}}
  tiny-vectors: {corpus: tiny, tokens: tiny, kind: vectors, options: {file: ko.vec}}
  tiny-high: {corpus: tiny, tokens: tiny, kind: sequence, options: {min_count: 9}}
"""
ABOUT = {"corpus": "tiny", "language": "ko", "name": "whitespace", "options": {}, "lossless": False, "left_out": ""}


def _write(folder, split, *texts):
    rows.write_tokens(
        folder / f"{split}.parquet", [Tokens(f"{split}:{i}", text, text.split(), label) for i, (text, label) in enumerate(texts)]
    )


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "tokens"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(ABOUT), encoding="utf-8")
    _write(folder, "train", ("말을 쓰다", "나"), ("말을 읽다", "가"), ("말을", "나"))
    _write(folder, "valid", ("말을 쓰다 ab", "가"), ("", "나"))
    (tmp_path / "tiny.yaml").write_text(PARAMS, encoding="utf-8")
    return tmp_path


def _run(place, name, out="out"):
    features.run(name, place / "tiny.yaml", place / "tokens", place / out)
    return place / out


def test_sequences(place):
    out = _run(place, "tiny-ids")
    train, valid = (batches.load_split(out / f"{split}.npz") for split in ("train", "valid"))
    assert train.labels.tolist() == [1, 0, 1]
    assert valid.labels.tolist() == [0, 1]
    assert train.inputs.ids.tolist() == [3, 1, 3, 1, 3]
    assert len(valid.inputs) == 2
    assert valid.characters.tolist() == [8, 0]
    assert valid.bytes.tolist() == [16, 0]
    assert json.loads((out / "pipeline.json").read_text()) == {
        "corpus": "tiny", "language": "ko", "labels": ["가", "나"], "width": 4,
        "tokenizer": {"name": "whitespace", "options": {}, "lossless": False, "left_out": ""},
        "feature": {"kind": "sequence", "options": {"min_count": 2}},
    }  # fmt: skip


def test_sparse_rows_and_their_state(place):
    out = _run(place, "tiny-bow")
    valid = batches.load_split(out / "valid.npz")
    state = registry.find("features", "counts").load(out / "state")
    again = state.transform([["말을", "쓰다", "ab"], []])
    assert (valid.inputs != again).nnz == 0
    assert valid.inputs.shape == (2, 5)
    assert json.loads((out / "pipeline.json").read_text())["width"] == 5


def test_slow_features_tell_how_far_they_are(place, capsys):
    out = _run(place, "tiny-word2vec")
    said = capsys.readouterr().out
    assert "features tiny-word2vec: pass 2 of 2 over 3 texts\n" in said
    assert batches.load_split(out / "valid.npz").inputs.shape == (2, 3)
    assert json.loads((out / "pipeline.json").read_text())["width"] == 3


def test_what_external_vectors_lack_is_said(place, capsys, monkeypatch):
    monkeypatch.chdir(place)
    (place / "ko.vec").write_text("1 2\n말을 1 2\n", encoding="utf-8")
    out = _run(place, "tiny-vectors")
    assert "features tiny-vectors: ko.vec (text, 1 vectors of 2 numbers): lacks 66.7 % of the words of train" in capsys.readouterr().out
    assert json.loads((out / "state/about.json").read_text())["types_without"] == 2
    (place / "ko.vec").write_text("1 2\n말을 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tiny\.yaml: features\.tiny-vectors: ko\.vec:2: 1 numbers, where the first line says 2"):
        _run(place, "tiny-vectors")


def test_rows_that_fitting_made_are_the_training_texts(place):
    out = _run(place, "tiny-doc2vec")
    train = batches.load_split(out / "train.npz")
    assert train.labels.tolist() == [1, 0, 1]
    assert train.inputs.shape == (3, 2)
    state = registry.find("features", "doc2vec").load(out / "state")
    assert train.inputs.tolist() != state.transform([["말을", "쓰다"], ["말을", "읽다"], ["말을"]]).tolist()


def test_text_without_labels(place):
    _write(place / "tokens", "train", ("말을 쓰다 쓰다", None))
    _write(place / "tokens", "valid", ("말을", None))
    out = _run(place, "tiny-ids")
    assert json.loads((out / "pipeline.json").read_text())["labels"] == []
    assert batches.load_split(out / "train.npz").labels.tolist() == [-1]


def test_a_label_that_train_lacks(place):
    _write(place / "tokens", "valid", ("말을", "다"))
    with pytest.raises(ConfigError, match=r"valid\.parquet: label '다' is not in the train split.*train has: 가, 나"):
        _run(place, "tiny-ids")


def test_a_cut_that_leaves_nothing_names_the_entry(place):
    with pytest.raises(ConfigError, match=r"tiny\.yaml: features\.tiny-high: no token .* lower min_count"):
        _run(place, "tiny-high")


@pytest.mark.parametrize("name", ["tiny-ids", "tiny-bow", "tiny-word2vec", "tiny-doc2vec"])
def test_twice_the_same_bytes(place, name):
    digests = []
    for out in (_run(place, name, "one"), _run(place, name, "two")):
        files = sorted(file for file in out.rglob("*") if file.is_file())
        digests.append({str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert digests[0] == digests[1]
    assert "state" in str(digests[0])
