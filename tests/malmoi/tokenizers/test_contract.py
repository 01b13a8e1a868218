"""Every tokenizer, with each of its options in turn, against the contract of the room: batches in, batches out, never an exception."""

import random
import unicodedata
from dataclasses import fields

import pytest

from malmoi import registry

ODD = {
    "empty": "",
    "blank": " \t\n ",
    "plain": "말모이는 말을 모은 것이다.",
    "english": "They don't gather 1,000.5 words!! (well-known)",
    "mixed": "  iPhone 15를 샀다ㅋㅋ 20% off!!\n링크 https://example.org/a?b=c \n",
    "emoji": "😀😀👨‍👩‍👧🇰🇷",
    "lone jamo": "ㅋㅋㅋ ㅠㅠ ㅏ",
    "hanja": "大韓民國憲法 第1條",
    "decomposed": unicodedata.normalize("NFD", "각하 café"),
    "zero width": "가\u200b나\u200d다\ufeff \u2060 라",
    "control": "\x01\x02가\x07 \x1b[0m \x7f\x85나",
    "nul": "\x00가\x00 나\x00",
    "lone surrogates": "\ud800가 나\udfff \udc80",
    "odd spaces": "\u3000가\u00a0나\u2028다\r\n라\u3000",
    "private use": "\ue000가 \ue001\ud800",
    "slashes": "a/b 가/나 // 1/2",
    "looks like komoran": "Token [morph=가, pos=NNG, beginIndex=0, endIndex=1], Token [morph=",
    "long word": "가나다라마바사아자차카타파하" * 20,
}
MEMBERS = registry.names("tokenizers")


def _options(name):
    """The defaults, each yes-or-no option turned over alone, and all of them together."""
    room = registry.find("tokenizers", name)
    switches = {field.name: not field.default for field in fields(room.Params) if isinstance(field.default, bool)}
    alone = [{key: value} for key, value in switches.items()]
    return [{}, *alone, *([switches] if len(switches) > 1 else [])]


CASES = [(name, options) for name in MEMBERS for options in _options(name)]


@pytest.fixture(scope="module", params=CASES, ids=str)
def cut(request):
    name, options = request.param
    room = registry.find("tokenizers", name)
    params = room.Params(**options)
    return room.build(params), room.lossless(params)


def test_odd_text_gives_tokens_that_are_not_empty(cut):
    tokenize, _ = cut
    documents = tokenize(list(ODD.values()))
    assert len(documents) == len(ODD)
    for (what, text), tokens in zip(ODD.items(), documents, strict=True):
        assert all(isinstance(token, str) and token for token in tokens), what
        assert bool(tokens) == bool(text.strip()) or not text.strip(), f"{what}: something was there and nothing came"


def test_lossless_means_that_the_joined_tokens_are_the_text(cut):
    tokenize, lossless = cut
    if lossless:
        for (what, text), tokens in zip(ODD.items(), tokenize(list(ODD.values())), strict=True):
            assert "".join(tokens) == text, what


def test_a_random_mixture_is_cut_without_an_exception(cut):
    tokenize, lossless = cut
    draw = random.Random(7)
    alphabet = "가나다한글ㅋㅏ각 \n\t\u3000ab'’n't-_.,/5%\x00\x1e\x1f\ud83d\udc00😀漢\u200b\u0301"
    texts = ["".join(draw.choices(alphabet, k=draw.randint(0, 30))) for _ in range(150)]
    documents = tokenize(texts)
    assert len(documents) == 150
    if lossless:
        assert ["".join(tokens) for tokens in documents] == texts


def test_a_batch_is_cut_as_its_texts_alone_and_always_alike(cut):
    tokenize, _ = cut
    texts = [ODD["plain"], "", ODD["mixed"]] * 60  # enough for several threads
    documents = tokenize(texts)
    assert documents == tokenize(texts)
    assert documents[:3] == [tokenize([text])[0] for text in texts[:3]]
    assert documents[1] == []
    assert tokenize([]) == []


@pytest.mark.parametrize("name", MEMBERS)
def test_a_hundred_thousand_characters(name):
    room = registry.find("tokenizers", name)
    text = ("말모이는 말을 모은 것이다. Words, words! " * 3_000)[:95_000] + "가" * 5_000
    (tokens,) = room.build(room.Params())([text])
    assert len(tokens) > 10_000
    assert sum(map(len, tokens)) > 50_000


@pytest.mark.parametrize("name", MEMBERS)
def test_documented_like_the_others(name):
    room = registry.find("tokenizers", name)
    assert room.__doc__
    assert room.Params.__doc__
    assert room.build.__doc__
    assert room.lossless.__doc__
    assert isinstance(room.lossless(room.Params()), bool)
