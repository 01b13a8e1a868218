from pathlib import Path

import pytest

from malmoi.config import ConfigError, read
from malmoi.tokenizers import mecab


@pytest.fixture(scope="module")
def constitution():
    import konlpy

    return (Path(konlpy.__file__).parent / "data/corpus/kolaw/constitution.txt").read_text(encoding="utf-8")


def cut(*texts, **options):
    return mecab.build(mecab.Params(**options))(texts)


def test_the_constitution_is_cut_as_the_wheel_cuts_it(constitution):
    from mecab import MeCab

    lines = constitution.split("\n")
    plain = MeCab()
    assert cut(*lines, pos=True) == [[f"{morpheme}/{tag}" for morpheme, tag in plain.pos(line)] for line in lines]


def test_the_constitution_comes_back(constitution):
    (tokens,) = cut(constitution, spaces=True)
    assert "".join(tokens) == constitution
    assert len(tokens) > 1.5 * len(constitution.split()), "morphemes, not words"


def test_fused_morphemes_stay_whole_or_come_apart():
    assert cut("말을 봤다", pos=True) == [["말/NNG", "을/JKO", "봤/VV+EP", "다/EC"]]
    assert cut("말을 봤다", pos=True, split=True) == [["말/NNG", "을/JKO", "보/VV", "았/EP", "다/EC"]]
    assert cut(" 봤다 ", split=True, spaces=True) == [[" 보", "았", "다", " "]]


def test_filters_and_stop_words():
    assert cut("말을 봤다.", keep=["N", "V"]) == [["말", "봤"]]
    assert cut("말을 봤다.", spaces=True, stop_words=["봤", "."]) == [["말", "을", "다"]]


def test_what_mecab_cannot_take_comes_back():
    assert cut("말\x00을 \ud800다", spaces=True) == [["말", "\x00", "을", " \ud800", "다"]]


def test_a_long_text_is_cut_between_words_and_a_long_word_anywhere():
    from malmoi.tokenizers import _morphemes

    text = "밥을 먹었다. " * 2_000 + "가" * 25_000
    parts = list(_morphemes.parts(text, mecab.LONGEST))
    assert "".join(parts) == text
    assert max(map(len, parts)) <= mecab.LONGEST
    assert all(part.startswith((" ", "가")) for part in parts[1:])
    blanks = " " * 70_000 + "밥"  # Mecab's own count of blanks ends at 65,535 bytes
    assert ["".join(tokens) for tokens in cut(text, blanks, spaces=True)] == [text, blanks]
    assert cut(blanks) == [["밥"]]


def test_only_plain_pieces_with_spaces_are_lossless():
    assert mecab.lossless(mecab.Params(spaces=True))
    for other in ({}, {"pos": True}, {"split": True}, {"keep": ["N"]}, {"stop_words": ["말"]}):
        assert not mecab.lossless(mecab.Params(**{"spaces": True} | other if other else {})), other


def test_a_part_of_speech_that_is_not_there_is_told():
    with pytest.raises(ConfigError, match=r"here: .*no part of speech starts with 'Noun'; there are: NNG, NNP"):
        read(mecab.Params, {"keep": ["Noun"]}, "here")


@pytest.fixture
def dictionary(tmp_path):
    def write(text):
        (tmp_path / "words.tsv").write_text(text, encoding="utf-8")
        return mecab.Params(dictionary=str(tmp_path / "words.tsv"), pos=True)

    return write


def test_words_of_ones_own_are_found(dictionary, tmp_path):
    text = "은전한닢으로 갤럭시S를 a,b 샀다 어쩔티비"
    params = dictionary("# mine\n은전한닢\tNNP\n\n갤럭시S\tNNP\na,b\tNNG\n어쩔티비\tIC\n")
    mecab.fit(iter([]), params, tmp_path / "fitted")
    found = mecab.build(params, tmp_path / "fitted")([text])[0]
    assert found == ["은전한닢/NNP", "으로/JKB", "갤럭시S/NNP", "를/JKO", "a,b/NNG", "샀/VV+EP", "다/EF", "어쩔티비/IC"]
    assert {"갤럭시S/NNP", "어쩔티비/IC", "a,b/NNG"}.isdisjoint(cut(text, pos=True)[0])


def test_the_same_words_compile_to_the_same_bytes(dictionary, tmp_path):
    for name, text in (("one", "킹받\tVA\n갓생\tNNG\n"), ("two", "갓생\tNNG\n# again\n킹받\tVA\n")):
        mecab.fit(iter([]), dictionary(text), tmp_path / name)
    assert (tmp_path / "one" / mecab.COMPILED).read_bytes() == (tmp_path / "two" / mecab.COMPILED).read_bytes()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("갓생\tNNG\n말모이 NNP\n", r"words.tsv:2: should be morpheme<TAB>tag .*'말모이 NNP'"),
        ("갓생\tNNG\n\n샤\tJX\n", "words.tsv:3: the analyzer takes no words with the tag 'JX'; there are: NNG"),
        ("말 모이\tNNP\n", "words.tsv:1: Mecab cuts at whitespace first"),
    ],
)
def test_a_bad_line_is_named(dictionary, tmp_path, text, told):
    with pytest.raises(ConfigError, match=told):
        mecab.fit(iter([]), dictionary(text), tmp_path / "fitted")


def test_a_dictionary_that_was_not_taken_along_is_told(dictionary, tmp_path):
    with pytest.raises(ConfigError, match="user dictionary is not there; run the tokens stage"):
        mecab.build(dictionary("갓생\tNNG\n"), tmp_path / "nothing")(["갓생"])


def test_a_text_that_mecab_fails_on_is_cut_at_whitespace_and_counted(monkeypatch):
    def engine(params, folder):
        works = real(params, folder)
        return lambda text: None if "!" in text else works(text)

    real = mecab._engine
    monkeypatch.setattr(mecab, "_engine", engine)
    tokenize = mecab.build(mecab.Params(spaces=True))
    assert tokenize(["말을", "말을 봤다!", ""]) == [["말", "을"], ["말을", " 봤다!"], []]
    assert tokenize([" 봤다! "]) == [[" 봤다!", " "]]
    assert tokenize.failures == [1, 3]
