from pathlib import Path

import pytest

from malmoi import tokenization
from malmoi.config import ConfigError
from malmoi.tokenizers import _jvm, komoran


@pytest.fixture(scope="module")
def morphemes():
    return komoran.build(komoran.Params())


@pytest.fixture(scope="module")
def konlpy_komoran():
    _jvm.start(1024, long_run=False)
    from konlpy.tag import Komoran

    return Komoran()


def test_the_constitution_is_cut_as_konlpy_cuts_it(konlpy_komoran):
    text = (Path(_jvm.jars()).parent / "data/corpus/kolaw/constitution.txt").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.split("\n") if line.strip())  # KoNLPy raises at a blank line
    expected = ["/".join(pair) for pair in konlpy_komoran.pos(lines)]
    assert komoran.build(komoran.Params(pos=True))([text]) == [expected]


def test_words_that_komoran_has_nothing_for_are_whole(konlpy_komoran):
    text = "사이몬페그의 연기가 ㄱ냥 재밋음ㅠㅠ 골때리네ㅋㅋㅋㅋ"
    found = komoran.build(komoran.Params(pos=True))([text])
    assert found == [["/".join(pair) for pair in konlpy_komoran.pos(text)]]
    assert found[0][0] == "사이몬페그의/NA"


def test_parts_of_speech_and_filters():
    assert komoran.build(komoran.Params(pos=True))(["밥을 먹었다"]) == [["밥/NNG", "을/JKO", "먹/VV", "었/EP", "다/EC"]]
    assert komoran.build(komoran.Params(keep=["N", "V"]))(["밥을 먹었다"]) == [["밥", "먹"]]
    assert komoran.build(komoran.Params(stop_words=["을", "다"]))(["밥을 먹었다"]) == [["밥", "먹", "었"]]


def test_names_of_several_words_are_one_morpheme(morphemes):
    assert morphemes(["커스틴 던스트가"]) == [["커스틴 던스트", "가"]]


def test_emoji_that_komoran_would_tear_apart_come_back_whole(morphemes):
    (tokens,) = morphemes(["영화 😀 최고"])
    assert tokens[0] == "영화"
    assert "😀" in tokens
    assert tokens[-1] == "최고"


def test_text_like_its_own_prints_is_not_mistaken(morphemes):
    (tokens,) = morphemes(["Token [morph=가, pos=NNG, beginIndex=0, endIndex=1]"])
    assert tokens[:3] == ["Token", "[", "morph"]
    assert "beginIndex" in tokens
    assert komoran.build(komoran.Params(pos=True))(["a/NNP b"]) == [["a/SL", "//SP", "NNP/SL", "b/SL"]]


def test_blank_lines_are_passed_over(morphemes):
    assert morphemes(["\n \n밥\n\n", "\n"]) == [["밥"], []]


def test_a_long_line_is_cut_between_words(morphemes):
    line = "밥을 먹었다. " * 300
    parts = morphemes.units(line)
    assert "".join(parts) == line
    assert max(map(len, parts)) <= 1_000
    assert morphemes([line])[0].count("밥") == 300


def test_words_of_ones_own(tmp_path, morphemes):
    text = "말모이꾼이 바람과 함께 사라지다를 봤다"
    assert "말모이꾼" not in morphemes([text])[0]
    words = tmp_path / "words.tsv"
    words.write_text("# names\n말모이꾼\tNNG\n바람과 함께 사라지다\tNNP\n", encoding="utf-8")
    params = komoran.Params(dictionary=str(words), pos=True)
    folder = tmp_path / "learned"
    komoran.fit(iter(()), params, folder)
    words.unlink()  # the folder goes along with the model; the file does not
    (tokens,) = komoran.build(params, folder)([text])
    assert tokens[0] == "말모이꾼/NNG"
    assert "바람과 함께 사라지다/NNP" in tokens


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("말모이\tNNP\n모이", r"words\.tsv:2: should be morpheme<TAB>tag"),
        ("말모이\tNoun\n", r"words\.tsv:1: the analyzer takes no words with the tag 'Noun'; there are: NNG"),
    ],
)
def test_a_bad_line_of_the_dictionary_is_told_before_anything_starts(tmp_path, content, said):
    words = tmp_path / "words.tsv"
    words.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        tokenization.fit("komoran", {"dictionary": str(words)}, iter(()), tmp_path / "learned", "here")
    with pytest.raises(ConfigError, match="the user dictionary is not there"):
        komoran.build(komoran.Params(dictionary=str(words)), tmp_path / "learned")


def test_without_a_dictionary_nothing_is_taken_along(tmp_path):
    komoran.fit(iter(()), komoran.Params(), tmp_path / "learned")
    assert not (tmp_path / "learned").exists()


def test_parts_of_speech_that_there_are_not():
    with pytest.raises(ValueError, match="no part of speech starts with 'Noun'"):
        komoran.Params(keep=["Noun"])
