import pytest

from malmoi import vocab
from malmoi.config import ConfigError


def test_order_is_by_count_then_token():
    assert vocab.order(vocab.count([["나", "가", "다"], ["다"], []])) == [("다", 2), ("가", 1), ("나", 1)]


def test_cuts():
    counts = {"a": 3, "b": 2, "c": 2, "d": 1}
    assert vocab.order(counts, min_count=2) == [("a", 3), ("b", 2), ("c", 2)]
    assert vocab.order(counts, max_size=2) == [("a", 3), ("b", 2)]


@pytest.mark.parametrize("cuts", [(0, None), (1, 0)])
def test_cuts_that_keep_nothing_are_refused(cuts):
    with pytest.raises(ValueError, match="should be 1"):
        vocab.check_cuts(*cuts)


def test_any_token_comes_back_from_the_file(tmp_path):
    odd = ["", " ", "\t", "\n", "\r\n", "\x00", "\x85", "\u2028", "\\", "\\t", '"', "\ud800", "😀", "말", "\ufeff", "\x1e"]
    entries = [(token, 40 - place) for place, token in enumerate(odd)]
    vocab.save(tmp_path / "vocabulary.tsv", entries)
    assert vocab.load(tmp_path / "vocabulary.tsv") == entries
    written = (tmp_path / "vocabulary.tsv").read_text(encoding="utf-8")
    assert len(written.splitlines()) == len(odd), "one line for each, to any reader"
    assert "\\t\t38\n" in written


def test_a_line_that_is_no_entry_is_named(tmp_path):
    (tmp_path / "v.tsv").write_text("a\t2\nb\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"v\.tsv:2: should be token<TAB>count"):
        vocab.load(tmp_path / "v.tsv")
