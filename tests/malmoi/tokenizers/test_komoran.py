from pathlib import Path

import pytest

from malmoi.config import ConfigError
from malmoi.tokenizers import _jvm, _morphemes, komoran


@pytest.fixture(scope="module")
def morphemes():
    """Read once: Komoran takes seconds to load its dictionary."""
    return komoran.build(komoran.Params())


@pytest.fixture(scope="module")
def konlpy_komoran():
    _jvm.start(1024, long_run=False)
    from konlpy.tag import Komoran

    return Komoran()


def test_the_constitution_is_cut_as_konlpy_cuts_it(morphemes, konlpy_komoran):
    import konlpy

    text = (Path(konlpy.__file__).parent / "data/corpus/kolaw/constitution.txt").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.split("\n") if line.strip())  # KoNLPy raises at a blank line
    assert morphemes([text]) == [konlpy_komoran.morphs(lines)]


def test_parts_of_speech():
    assert komoran.build(komoran.Params(pos=True))(["밥을 먹었다"]) == [["밥/NNG", "을/JKO", "먹/VV", "었/EP", "다/EC"]]


def test_emoji_that_komoran_would_tear_apart_come_back_whole(morphemes):
    (tokens,) = morphemes(["영화 😀 최고"])
    assert tokens[0] == "영화"
    assert "😀" in tokens
    assert tokens[-1] == "최고"


def test_text_like_its_own_print_is_not_mistaken(morphemes):
    (tokens,) = morphemes(["Token [morph=가, pos=NNG, beginIndex=0, endIndex=1]"])
    assert tokens[:3] == ["Token", "[", "morph"]
    assert "beginIndex" in tokens


def test_blank_lines_are_passed_over(morphemes):
    assert morphemes(["\n \n밥\n\n", "\n"]) == [["밥"], []]


def test_a_long_line_is_cut_between_words(morphemes):
    line = "밥을 먹었다. " * 300
    parts = list(_morphemes.parts(line, komoran.LONGEST))
    assert "".join(parts) == line
    assert max(map(len, parts)) <= 1_000
    assert parts[1].startswith(" ")
    assert morphemes([line])[0].count("밥") == 300


def test_a_user_dictionary_is_taken_along_and_used(tmp_path):
    (tmp_path / "words.tsv").write_text("바람과 함께 사라지다\tNNP\n", encoding="utf-8")
    params = komoran.Params(dictionary=str(tmp_path / "words.tsv"))
    komoran.fit(iter(()), params, tmp_path / "state")
    (tmp_path / "words.tsv").unlink()
    assert komoran.build(params, tmp_path / "state")(["바람과 함께 사라지다를 봤다"])[0][0] == "바람과 함께 사라지다"


def test_a_bad_line_of_the_user_dictionary_is_named(tmp_path):
    (tmp_path / "words.tsv").write_text("말모이\tNNP\n노잼\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"words\.tsv:2: should be morpheme<TAB>tag"):
        komoran.fit(iter(()), komoran.Params(dictionary=str(tmp_path / "words.tsv")), tmp_path / "state")
