import json
import math

import pytest

from malmoi import rows
from malmoi.config import ConfigError
from malmoi.rows import Example
from tasks import _memory, grade, tokenizers

PARAMS = """
grades:
  tiny-eojeol: {corpus: tiny, tokenizer: whitespace, options: {}}
  tiny-characters: {corpus: tiny, tokenizer: characters, options: {}, train_texts: 40, test_texts: 10}
  tiny-lower: {corpus: tiny, tokenizer: words, options: {lowercase: true}}
  tiny-nouns: {corpus: tiny, tokenizer: mecab, options: {keep: [NNG]}}
  tiny-none: {corpus: tiny, tokenizer: characters, options: {}, test_texts: 0}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("MALMOI_TOKEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "tiny").mkdir()
    good, bad = "참 좋은 영화 {}", "참 나쁜 영화 {}"
    for split, size in {"train": 80, "test": 20}.items():
        texts = [((good if place % 2 else bad).format(place % 5), "y" if place % 2 else "n") for place in range(size)]
        examples = [Example(f"{split}:{place}", text, label) for place, (text, label) in enumerate(texts)]
        rows.write_examples(tmp_path / f"tiny/{split}.parquet", examples)
    (tmp_path / "tiny.yaml").write_text(PARAMS, encoding="utf-8")
    return tmp_path


def graded(place, name):
    grade.run(name, place / "tiny.yaml", place / "tiny", place / "grades" / name)
    return json.loads((place / "grades" / name / "grade.json").read_text(encoding="utf-8"))


def test_what_comes_out_of_words(place):
    row = graded(place, "tiny-eojeol")
    assert (row["train_texts"], row["test_texts"]) == (80, 20)
    assert row["vocabulary"] == 4 + 5  # 참, 좋은, 나쁜, 영화 and five numbers
    assert (row["unknown_rate"], row["fertility"]) == (0.0, 1.0)
    assert row["characters_per_token"] == (1 + 2 + 2 + 1) / 4
    assert row["accuracy"] == 1.0  # one word tells the classes apart
    assert row["language_model_options"] == {"spaces": True}  # whitespace alone was missing
    assert 0 < row["bits_per_character"] < math.log2(10)
    assert not (place / "grades/tiny-eojeol/state").exists()


def test_a_sample_keeps_order_and_ends_with_its_characters(place):
    row = graded(place, "tiny-characters")
    assert (row["train_texts"], row["test_texts"]) == (40, 10)
    chosen = [int(example.id.split(":")[1]) for example in grade.sample(place / "tiny/train.parquet", 30, 1_000)]
    assert len(set(chosen)) == 30
    assert chosen == sorted(chosen)
    assert {number % 2 for number in chosen} == {0, 1}  # no rhythm of the corpus is followed
    assert len(grade.sample(place / "tiny/train.parquet", 80, 25)) == 3  # nine characters each


def test_lost_capitals_have_no_bits(place):
    row = graded(place, "tiny-lower")
    assert row["bits_per_character"] is None
    assert row["accuracy"] == 1.0


def test_what_leaves_words_out_has_an_accuracy_and_no_bits(place):
    row = graded(place, "tiny-nouns")
    assert row["vocabulary"] == 1  # 영화
    assert row["accuracy"] == 0.5
    assert row["bits_per_character"] is None


def test_the_grade_is_the_same_again_and_the_speed_is_measured(place):
    first = graded(place, "tiny-characters")
    assert graded(place, "tiny-characters") == first
    speed = json.loads((place / "grades/tiny-characters/speed.json").read_text())
    assert speed["texts"] == 10
    assert speed["sentences_per_second"] > 100
    assert 10 < speed["peak_mb"] < 100_000


def test_a_corpus_without_labels_has_no_accuracy(place):
    for split in ("train", "test"):
        examples = [Example(f"{split}:{place}", "말을 모으다", None) for place in range(5)]
        rows.write_examples(place / f"tiny/{split}.parquet", examples)
    assert graded(place, "tiny-eojeol")["accuracy"] is None


def test_an_empty_sample_is_an_error(place):
    with pytest.raises(ConfigError, match=r"grades\.tiny-none: train_texts, test_texts and characters should be 1 or more"):
        graded(place, "tiny-none")


def test_tables_have_a_line_for_each_entry_the_most_accurate_first(place, capsys):
    for name in ("tiny-eojeol", "tiny-lower"):
        graded(place, name)
    (place / "grades/switched-on").mkdir()
    (place / "grades/switched-on/grades.json").write_text('["tiny-eojeol", "tiny-lower", "tiny-later"]')
    worse = place / "grades/tiny-lower/grade.json"
    worse.write_text(json.dumps(json.loads(worse.read_text()) | {"accuracy": 0.5}))
    capsys.readouterr()
    tokenizers.run(place / "grades")
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == "tiny: 80 texts to learn from, 20 to test on"
    assert [line.split()[0] for line in printed[2:]] == ["entry", "tiny-eojeol", "tiny-lower"]
    assert printed[4].split()[-2:] == ["0.5000", "-"]
    tokenizers.run(place / "grades", markdown=True)
    assert "| tiny-lower | words (lowercase=true) | " in capsys.readouterr().out


def test_nothing_graded_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="nothing was graded yet; `make tokenizers`"):
        tokenizers.run(tmp_path)


def test_memory_counts_those_below(tmp_path, monkeypatch):
    for process, parent, size in ((1, 0, 9000), (7, 1, 2048), (8, 7, 1024), (9, 1, 512)):
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "status").write_text(f"Name:\tx\nPPid:\t{parent}\nVmHWM:\t  {size} kB\n")
    monkeypatch.setattr(_memory, "PROC", tmp_path)
    assert _memory.peak_mb(7) == 3.0
    monkeypatch.setattr(_memory, "PROC", tmp_path / "none")
    assert _memory.peak_mb(7) is None
