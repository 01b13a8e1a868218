import json
import subprocess
import sys
from pathlib import Path

import pytest

from malmoi.config import ConfigError, read
from malmoi.tokenizers import subwords

TEXTS = ["말을 모으고 말을 배우고", "글을 모으고 글을 배우고", "말과 글을 배우다"] * 5
BOTH = pytest.mark.parametrize("model", ["bpe", "unigram"])


def options(**given):
    return read(subwords.Params, given, "here")


def learned(folder, texts=TEXTS, **given):
    subwords.fit(iter(texts), options(**given), folder)
    return subwords.build(options(**given), folder)


def vocabulary(folder):
    model = json.loads((folder / subwords.LEARNED).read_text(encoding="utf-8"))["model"]
    return list(model["vocab"]) if model["type"] == "BPE" else [piece for piece, _ in model["vocab"]]


def test_pairs_are_merged_in_the_order_of_their_frequency(tmp_path):
    # "ab" 6 times (4 + 2), then "abc" 4 times: 3 letters, the unknown and two merges make six
    tokenize = learned(tmp_path, ["abc"] * 4 + ["ab"] * 2 + ["c"], size=6)
    assert vocabulary(tmp_path) == [subwords.UNKNOWN, "a", "b", "c", "ab", "abc"]
    assert tokenize(["abcabxc", "ba"]) == [["abc", "ab", "x", "c"], ["b", "a"]]


@BOTH
def test_words_keep_the_whitespace_before_them_and_nothing_crosses_them(tmp_path, model):
    (tokens,) = learned(tmp_path, model=model, size=40)(["말을  모으고\n글을 "])
    assert "".join(tokens) == "말을  모으고\n글을 "
    assert all(not token.strip() or " " not in token.strip() for token in vocabulary(tmp_path))
    assert {" 배우고", "말을"} <= set(vocabulary(tmp_path))


@BOTH
def test_characters_that_were_never_seen_are_tokens_each(tmp_path, model):
    assert learned(tmp_path, model=model, size=40)(["漢字말을\ud800😀"]) == [["漢", "字", "말을", "\ud800", "😀"]]


@BOTH
def test_the_size_is_kept_and_the_alphabet_may_be_cut(tmp_path, model):
    learned(tmp_path, model=model, size=20)
    assert len(vocabulary(tmp_path)) == 20
    tokenize = learned(tmp_path / "few", model=model, size=10, alphabet=5)
    assert len(vocabulary(tmp_path / "few")) <= 10
    assert {len(piece) for piece in vocabulary(tmp_path / "few")} >= {1, 2}
    assert ["".join(tokens) for tokens in tokenize(TEXTS)] == TEXTS


@BOTH
def test_a_size_without_room_for_the_characters_is_told(tmp_path, model):
    with pytest.raises(ConfigError, match="size 5 has no room for the 11 characters of the training texts; raise it, or set alphabet"):
        learned(tmp_path, model=model, size=5)


def test_nothing_to_learn_from_is_told(tmp_path):
    with pytest.raises(ConfigError, match="the training texts are empty"):
        learned(tmp_path, ["", ""])
    with pytest.raises(ConfigError, match="no subwords were learned here; run the tokens stage"):
        subwords.build(options(), tmp_path)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": "wordpiece"}, "model: input should be 'bpe' or 'unigram'"),
        ({"size": 1}, "size should be 2 or more"),
        ({"morphemes": {"tokenizer": "mecap"}}, "no tokenizer is called 'mecap'; did you mean 'mecab'"),
        ({"morphemes": {"tokenizer": "mecab", "options": {"pos": True}}}, "the tokens of mecab, joined, do not give the text back"),
        ({"morphemes": {"tokenizer": "mecab", "options": {"spacing": True}}}, "morphemes: mecab: unknown key 'spacing'"),
        ({"morphemes": {"tokenizer": "jamo"}}, "the tokens of jamo, joined, do not give the text back"),
        ({"morphemes": {"tokenizer": "subwords"}}, "the tokens of subwords, joined, do not give the text back"),
    ],
)
def test_options_that_cannot_be_right(given, told):
    with pytest.raises(ConfigError, match=told):
        options(**given)


@BOTH
def test_inside_morphemes_only(tmp_path, model):
    given = {"model": model, "size": 40, "morphemes": {"tokenizer": "mecab"}}
    assert learned(tmp_path, **given)(["말을 배우고"]) == [["말", "을", " 배우", "고"]]
    assert "말을" not in vocabulary(tmp_path)
    room, inner = subwords.inside(options(**given))
    assert room.__name__ == "malmoi.tokenizers.mecab"
    assert inner.spaces, "whitespace is kept without being asked for"
    assert subwords.inside(options()) is None


def test_a_dictionary_of_the_morphemes_is_taken_along(tmp_path):
    source = tmp_path / "words.tsv"
    source.write_text("배우고\tNNP\n", encoding="utf-8")
    morphemes = {"tokenizer": "mecab", "options": {"dictionary": str(source)}}
    tokenize = learned(tmp_path / "fitted", size=40, morphemes=morphemes)
    source.unlink()
    assert tokenize(["말을 배우고"]) == [["말", "을", " 배우고"]]


def test_failures_are_those_of_the_morphemes(tmp_path, monkeypatch):
    from malmoi.tokenizers import mecab

    monkeypatch.setattr(mecab, "_engine", lambda params, folder: lambda text: None)
    tokenize = learned(tmp_path, size=40, morphemes={"tokenizer": "mecab"})
    assert tokenize(["말을", "글"]) == [["말을"], ["글"]]
    assert tokenize.failures == [0, 1]


LEARN = """
import sys
from pathlib import Path
from malmoi.tokenizers import subwords
texts = [f"{a}{b}{c} {c}{a}" for a in "가나다라마" for b in "바사아자차" for c in "었았겠는을"]
subwords.fit(iter(texts), subwords.Params(model=sys.argv[1], size=60), Path(sys.argv[2]))
"""


@BOTH
def test_another_process_learns_the_same_bytes(tmp_path, model):
    found = set()
    for run in ("one", "two", "three"):
        subprocess.run([sys.executable, "-c", LEARN, model, str(tmp_path / run)], check=True, cwd=Path(__file__).parents[3])
        found.add((tmp_path / run / subwords.LEARNED).read_bytes())
    assert len(found) == 1


def test_rare_words_are_forgotten_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(subwords, "DISTINCT", 3)
    monkeypatch.setattr(subwords, "AT_ONCE", 2)
    texts = ["a b c", "a b d", "a e f", "g h i", "a b j"]
    counts = subwords._count(texts, lambda batch: [text.split() for text in batch])
    assert counts == {"a": 4, "b": 3, "j": 1}


def test_what_is_remembered_is_bounded_and_changes_nothing(tmp_path, monkeypatch):
    tokenize = learned(tmp_path, size=40)
    expected = tokenize(TEXTS)
    monkeypatch.setattr(subwords, "REMEMBERED", 2)
    assert [tokenize([text])[0] for text in TEXTS] == expected
    assert len(tokenize._known) <= 7
