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
    about = {"corpus": "tiny", "language": "ko", "name": "whitespace", "options": {}, "lossless": False, "left_out": ""}
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


class Failing:
    """Cuts at whitespace, and fails on texts with one of the words."""

    def __init__(self, *words):
        self.words, self.seen, self.failures = words, 0, []

    def __call__(self, texts):
        self.failures += [self.seen + place for place, text in enumerate(texts) if any(word in text for word in self.words)]
        self.seen += len(texts)
        return [text.split() for text in texts]


def test_failed_texts_are_counted_and_said(place, monkeypatch, capsys):
    from malmoi.tokenizers import whitespace

    monkeypatch.setattr(whitespace, "build", lambda params: Failing("쓰다", "글"))
    card = json.loads((_run(place, "tiny-eojeol") / "card.json").read_text())
    assert [card["splits"][split]["failed"] for split in rows.SPLITS] == [1, 0, 1]
    assert "train: the analyzer failed on 1 texts" in capsys.readouterr().out


@pytest.fixture
def cached(place, monkeypatch):
    """Every tokenizer is slow enough to be remembered, in a folder of this test."""
    from malmoi.tokenizers import whitespace

    monkeypatch.setattr(whitespace, "CHEAP", False)
    monkeypatch.setenv("MALMOI_TOKEN_CACHE", str(place / "cache"))
    return place / "cache"


def test_a_second_run_comes_from_the_cache_and_gives_the_same_bytes(place, cached, monkeypatch, capsys):
    from malmoi.tokenizers import whitespace

    def content(out):
        return {file.name: file.read_bytes() for file in out.iterdir()}

    first = content(_run(place, "tiny-eojeol", "one"))
    assert "from the cache" not in capsys.readouterr().out
    monkeypatch.setattr(whitespace, "build", lambda params: None)  # nothing is left to cut
    assert content(_run(place, "tiny-eojeol", "two")) == first
    assert "train: 3 texts, 4 tokens, 3 types; 3 of 3 texts from the cache" in capsys.readouterr().out
    assert cached.is_dir()


def test_no_cache_where_it_is_off(place, cached, monkeypatch):
    monkeypatch.setenv("MALMOI_TOKEN_CACHE", "off")
    _run(place, "tiny-eojeol")
    assert not cached.exists()


def test_a_limit_that_is_no_number(place, cached, monkeypatch):
    monkeypatch.setenv("MALMOI_TOKEN_CACHE_MB", "1 GB")
    with pytest.raises(ConfigError, match="MALMOI_TOKEN_CACHE_MB should be a number of megabytes, such as 1024, found '1 GB'"):
        _run(place, "tiny-eojeol")


def test_failed_texts_are_cut_again_and_the_rest_is_not(place, cached, monkeypatch, capsys):
    from malmoi.tokenizers import whitespace

    monkeypatch.setattr(whitespace, "build", lambda params: Failing("쓰다"))
    assert json.loads((_run(place, "tiny-eojeol") / "card.json").read_text())["splits"]["train"]["failed"] == 1
    capsys.readouterr()
    again = json.loads((_run(place, "tiny-eojeol", "again") / "card.json").read_text())
    assert again["splits"]["train"]["failed"] == 1
    assert "2 of 3 texts from the cache" in capsys.readouterr().out


def test_a_tokenizer_that_learns_learns_from_train_and_leaves_its_state(place, monkeypatch):
    from malmoi.tokenizers import whitespace

    def fit(texts, params, folder):
        folder.mkdir()
        (folder / "learned.txt").write_text("|".join(texts), encoding="utf-8")

    def build(params, folder):
        return lambda texts: [[(folder / "learned.txt").read_text(encoding="utf-8"), *text.split()] for text in texts]

    monkeypatch.setattr(whitespace, "fit", fit, raising=False)
    monkeypatch.setattr(whitespace, "build", build)
    out = _run(place, "tiny-eojeol")
    assert (out / "state/learned.txt").read_text(encoding="utf-8") == "말을 모으다|말을 쓰다|"
    assert next(rows.read_tokens(out / "valid.parquet")).tokens == ["말을 모으다|말을 쓰다|", "말을", "읽다"]


def test_batches_grow_and_shrink_with_the_time_they_take():
    assert [tokens.paced(256, seconds) for seconds in (0.1, 1.0, 5.0)] == [512, 256, 128]
    assert (tokens.paced(tokens.MOST, 0.1), tokens.paced(tokens.FEWEST, 9.0)) == (tokens.MOST, tokens.FEWEST)
    texts = [rows.Example(str(n), "말" * 1_000_000) for n in range(6)]
    assert len(tokens._batch(iter(texts), 100)) == 4


def test_many_kinds_of_tokens_are_counted_on_disk_with_the_same_result(place, monkeypatch):
    from malmoi import tally

    expected = {file.name: file.read_bytes() for file in _run(place, "tiny-eojeol", "one").iterdir()}
    monkeypatch.setattr(tally.Tally.__init__, "__defaults__", (1,))
    assert {file.name: file.read_bytes() for file in _run(place, "tiny-eojeol", "two").iterdir()} == expected


def test_twice_the_same_bytes(place):
    one, two = _run(place, "tiny-eojeol", "one"), _run(place, "tiny-eojeol", "two")
    digests = [{file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()} for out in (one, two)]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 6  # and no folder `state`, as nothing was learned


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
