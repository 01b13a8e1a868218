from pathlib import Path

import pytest

from malmoi.tokenizers import _jvm, kkma


@pytest.fixture(scope="module")
def lines():
    """The start of the constitution, and what reviews are like."""
    import konlpy

    text = (Path(konlpy.__file__).parent / "data/corpus/kolaw/constitution.txt").read_text(encoding="utf-8")
    reviews = ["영화 진짜 재밌다ㅋㅋㅋ 10점 만점!!", "아 더빙.. 진짜 짜증나네요 목소리", "GOOD movie, 강추 (^^)", "ㅠㅠ"]
    return [line.strip() for line in text.split("\n") if line.strip()][:40] + reviews


def test_lines_are_cut_as_konlpy_cuts_them(lines):
    _jvm.start(1024, long_run=False)
    from konlpy.tag import Kkma

    plain = Kkma()
    expected = [[f"{morpheme}/{tag}" for morpheme, tag in plain.pos(line)] for line in lines]
    assert kkma.build(kkma.Params(pos=True))(lines) == expected
    assert sum(map(len, expected)) > 500


def test_filters():
    (everything,) = kkma.build(kkma.Params())(["밥을 먹었다"])
    (nouns,) = kkma.build(kkma.Params(keep=["N"]))(["밥을 먹었다"])
    assert nouns == ["밥"]
    assert len(everything) > 2
    assert "keep" in kkma.left_out(kkma.Params(keep=["N"]))


def test_a_part_of_speech_that_there_is_not_is_an_error():
    with pytest.raises(ValueError, match="no part of speech starts with 'Noun'"):
        kkma.Params(keep=["Noun"])


def test_odd_text():
    tokens = kkma.build(kkma.Params())(["", " \n ", "😀😀", "ㅋㅋㅋ", "\x00\u200b"])
    assert tokens[:2] == [[], []]
    assert "".join(tokens[2]) == "😀😀"
    assert "".join(tokens[3]) == "ㅋㅋㅋ"
