import pytest

from malmoi.config import ConfigError
from malmoi.tokenizers import _morphemes
from malmoi.tokenizers._morphemes import Options, finish

PAIRS = [("말", "NNG"), ("을", "JKO"), (" 모으", "VV"), ("다", "EF")]


@pytest.mark.parametrize(
    ("options", "tokens", "left_out"),
    [
        ({}, ["말", "을", " 모으", "다"], ""),
        ({"pos": True}, ["말/NNG", "을/JKO", " 모으/VV", "다/EF"], ""),
        ({"keep": ["N", "VV"]}, ["말", " 모으"], "only parts of speech N, VV are kept (keep)"),
        ({"stop_words": ["모으", "다"]}, ["말", "을"], "stop words are left out (stop_words)"),
        ({"keep": ["N"], "stop_words": ["말"]}, [], "only parts of speech N are kept (keep); stop words are left out (stop_words)"),
    ],
)
def test_tokens_of_morphemes(options, tokens, left_out):
    assert finish(PAIRS, Options(**options)) == tokens
    assert Options(**options).left_out == left_out


def test_tags_that_are_not_there():
    _morphemes.check_tags(["N", "VV"], ["NNG", "VV"])
    with pytest.raises(ValueError, match="no part of speech starts with 'X'; there are: NNG, VV"):
        _morphemes.check_tags(["N", "X"], ["NNG", "VV"])


def test_lone_surrogates_are_replaced_place_for_place():
    assert _morphemes.well_formed("가\ud800나\udfff😀a") == "가\ufffd나\ufffd😀a"
    assert _morphemes.well_formed("plain") == "plain"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [""]),
        ("가나 다", ["가나 다"]),
        ("가나 다라 마", ["가나", " 다라", " 마"]),
        ("가나다라마바사 아", ["가나다라", "마바사", " 아"]),
        ("      가", ["    ", "  가"]),
        ("가        ", ["가", "    ", "    "]),
    ],
)
def test_parts_of_at_most_four_characters(text, found):
    assert list(_morphemes.parts(text, 4)) == found


def test_a_dictionary_is_read_with_its_remarks_passed_over(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_bytes("\ufeff말모이\tNNP\r\n# remark\n\n \u1100\u1161 \t NNG \n".encode())
    assert _morphemes.read_dictionary(path) == [("말모이", "NNP"), ("가", "NNG")], "NFC, as the texts"
    assert [number for number, _, _ in _morphemes.numbered_entries(path)] == [1, 4]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("말모이\tNNP\n말모이".encode(), r"words\.tsv:2: should be morpheme<TAB>tag"),
        ("가\tNNG\tx\n".encode(), r"words\.tsv:1: should be"),
        (b"\xea\xb0\x80\tNNG\n\xff\tNNG\n", r"words\.tsv:2: not UTF-8"),
        (None, r"words\.tsv: no user dictionary there"),
    ],
)
def test_a_bad_dictionary_is_named_with_its_line(tmp_path, content, told):
    if content is not None:
        (tmp_path / "words.tsv").write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        _morphemes.take_dictionary(str(tmp_path / "words.tsv"), tmp_path / "fitted")
    assert not (tmp_path / "fitted").exists()
