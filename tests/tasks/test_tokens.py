import hashlib
import json

import pytest

from malmoi import rows, vocab
from malmoi.config import ConfigError
from malmoi.rows import Example
from tasks import tokens

PARAMS = """
tokens:
  tiny-eojeol: {corpus: tiny, tokenizer: whitespace, options: {}}
  tiny-okt: {corpus: tiny, tokenizer: okt, options: {spaces: true}}
  tiny-wrong: {corpus: tiny, tokenizer: whitespace, options: {space: true}}
  tiny-none: {corpus: tiny, tokenizer: whitspace, options: {}}
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/card.json").write_text('{"language": "ko"}', encoding="utf-8")
    splits = {"train": ["말을 모으다", "말을 쓰다", ""], "valid": ["말을 읽다"], "test": ["글을 읽다", "말을"]}
    for split, texts in splits.items():
        rows.write_examples(tmp_path / f"tiny/{split}.parquet", [Example(f"{split}:{i}", text, "x") for i, text in enumerate(texts)])
    (tmp_path / "tiny.yaml").write_text(PARAMS, encoding="utf-8")
    return tmp_path


def _run(place, name, out="out"):
    tokens.run(name, place / "tiny.yaml", place / "tiny", place / out)
    return place / out


def test_tokens_vocabulary_and_card(place):
    out = _run(place, "tiny-eojeol")
    train = list(rows.read_tokens(out / "train.parquet"))
    assert [(row.id, row.tokens, row.label) for row in train][::2] == [("train:0", ["말을", "모으다"], "x"), ("train:2", [], "x")]
    assert vocab.load(out / "vocabulary.tsv") == [("말을", 2), ("모으다", 1), ("쓰다", 1)]
    about = {"corpus": "tiny", "language": "ko", "name": "whitespace", "options": {}, "lossless": False}
    assert json.loads((out / "tokenizer.json").read_text()) == about
    card = json.loads((out / "card.json").read_text())
    assert card["vocabulary"] == 3
    assert card["splits"]["train"] == {
        "texts": 3, "empty": 1, "tokens": 4, "eojeols": 4, "characters": 11, "types": 3,
        "tokens_per_eojeol": 1.0, "characters_per_token": 2.75, "type_token_ratio": 0.75, "failed": 0,
    }  # fmt: skip
    assert card["splits"]["valid"]["unknown_rate"] == 0.5
    assert card["splits"]["test"]["unknown_rate"] == pytest.approx(2 / 3, abs=1e-6)


def test_morphemes_are_lossless_with_spaces(place):
    out = _run(place, "tiny-okt")
    assert json.loads((out / "tokenizer.json").read_text())["lossless"]
    assert all("".join(row.tokens) == row.text for row in rows.read_tokens(out / "test.parquet"))
    assert json.loads((out / "card.json").read_text())["splits"]["train"]["tokens_per_eojeol"] > 1


def test_failed_texts_are_counted_and_said(place, monkeypatch, capsys):
    from malmoi.tokenizers import _jvm, whitespace

    def cut(text):
        if "쓰다" in text or "글" in text:
            raise UnicodeError
        return text.split()

    monkeypatch.setattr(whitespace, "build", lambda params: _jvm.Analyzer(lambda: cut))
    card = json.loads((_run(place, "tiny-eojeol") / "card.json").read_text())
    assert [card["splits"][split]["failed"] for split in rows.SPLITS] == [1, 0, 1]
    assert "train: the analyzer failed on 1 texts" in capsys.readouterr().out


def test_twice_the_same_bytes(place):
    one, two = _run(place, "tiny-eojeol", "one"), _run(place, "tiny-eojeol", "two")
    digests = [{file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()} for out in (one, two)]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 6


@pytest.mark.parametrize(
    ("name", "message"),
    [("tiny-wrong", "tokens.tiny-wrong.options: unknown key 'space'; did you mean 'spaces'"), ("tiny-none", "did you mean 'whitespace'")],
)
def test_a_wrong_entry_is_an_error_before_anything_is_made(place, name, message):
    with pytest.raises(ConfigError, match=message):
        _run(place, name)
    assert not (place / "out").exists()


def test_a_corpus_that_is_not_there(place):
    with pytest.raises(ConfigError, match=r"no corpus there .card\.json is missing.; python -m tasks ingest nowhere"):
        tokens.run("tiny-eojeol", place / "tiny.yaml", place / "nowhere", place / "out")
