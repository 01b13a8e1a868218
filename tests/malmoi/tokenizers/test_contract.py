"""Every tokenizer, with each of its options in turn, against the contract of the room: batches in, batches out, never an exception.

A tokenizer that is a process to start (Java) or a dictionary to read cuts all texts in one call.
"""

import inspect
import random
import unicodedata
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malmoi import registry

pytestmark = pytest.mark.long

ODD = {
    "empty": "",
    "blank": " \t\n ",
    "plain": "말모이는 말을 모은 것이다.",
    "english": "They don't gather 1,000.5 words!! (well-known)",
    "mixed": "  iPhone 15를 샀다ㅋㅋ 20% off!!\n링크 https://example.org/a?b=c \n",
    "emoji": "😀😀👨‍👩‍👧🇰🇷",
    "lone jamo": "ㅋㅋㅋ ㅠㅠ ㅏ",
    "conjoining jamo": "\u1100 \u1161\u11a8 \u1112\u1175 가\u11a8 \u1176\u11c3\ua960\ud7b0 각\u1161",
    "hanja": "大韓民國憲法 第1條",
    "decomposed": unicodedata.normalize("NFD", "각하 café"),
    "zero width": "가\u200b나\u200d다\ufeff \u2060 라",
    "only zero width": "\u200b\u2060",
    "control": "\x01\x02가\x07 \x1b[0m \x7f\x85나",
    "nul": "\x00가\x00 나\x00",
    "lone surrogates": "\ud800가 나\udfff \udc80",
    "torn emoji": "\ude00\ud83d 말\ud83d",
    "odd spaces": "\u3000가\u00a0나\u2028다\r\n라\u3000",
    "private use": "\ue000가 \ue001\ud800",
    "no character": "\ufffe\uffff가 \U0010ffff",
    "replacement": "\ufffd가\ufffd",
    "slashes": "a/b 가/나 // 1/2",
    "looks like komoran": "Token [morph=가, pos=NNG, beginIndex=0, endIndex=1], Token [morph=",
    "special token": "<unk> [UNK] </s> ▁",
    "written for fun": "먹었엌ㅋㅋ 되나욬ㅋㅋㅋㅋㅋ 조아여어어",
    "long word": "가나다라마바사아자차카타파하" * 20,
    "long blank": "가" + " " * 3_000 + "나",
}
DRAW = random.Random(7)
ALPHABET = "가나다한글ㅋㅏ각 \n\t\u3000ab'’n't-_.,/5%\x00\x1e\x1f\ud83d\udc00😀漢\u200b\u0301\u1100\u1161\u11a8\ufffd"
MIXED = ["".join(DRAW.choices(ALPHABET, k=DRAW.randint(0, 30))) for _ in range(100)]
TEXTS = [*ODD.values(), *MIXED, *[ODD["plain"], "", ODD["mixed"]] * 30]  # enough for several threads
SAMPLE = [ODD["plain"], "", ODD["mixed"], ODD["emoji"], ODD["lone surrogates"], ODD["lone jamo"]]
LEARNED_FROM = [text for text in ODD.values() if len(text) < 200] * 2
MEMBERS = registry.names("tokenizers")
MORE = {  # options that are no switches
    "subwords": [
        {"model": "unigram", "size": 200},
        {"size": 60, "alphabet": 30},
        {"size": 60, "alphabet": 30, "model": "unigram"},
        {"size": 300, "morphemes": {"tokenizer": "mecab", "options": {}}},
        {"size": 300, "morphemes": {"tokenizer": "words", "options": {"contractions": False}}},
    ],
}
PURE = {  # no process, no dictionary to read
    "characters": [{}],
    "jamo": [{}],
    "mecab": [{"spaces": True}],
    "subwords": [{"size": 300}, {"size": 300, "model": "unigram"}, {"size": 60, "alphabet": 30}],
    "whitespace": [{}, {"spaces": True}],
    "words": [{}, {"spaces": True}, {"spaces": True, "contractions": False}],
}


def _options(name):
    """The defaults, each yes-or-no option turned over alone, all of them together, filters, and what else there is."""
    room = registry.find("tokenizers", name)
    known = {field.name: field for field in fields(room.Params)}
    silent = getattr(room, "SPEED_ONLY", ())
    switches = {key: not field.default for key, field in known.items() if isinstance(field.default, bool) and key not in silent}
    alone = [{key: value} for key, value in switches.items()]
    filters = [{"stop_words": ["말", "words"]}] if "stop_words" in known else []
    return [{}, *alone, *([switches] if len(switches) > 1 else []), *filters, *MORE.get(name, [])]


def _params(room, options):
    """As the strict reader makes them of YAML."""
    from malmoi.config import read

    known = {field.name for field in fields(room.Params)}
    quick = {name: value for name, value in {"size": 300, "timeout_s": 10.0}.items() if name in known}  # some hang on a word without an end
    return read(room.Params, quick | options, "here")


def _build(name, options, folder):
    room = registry.find("tokenizers", name)
    params = _params(room, options)
    if not hasattr(room, "fit"):
        return room.build(params)
    if not folder.exists():
        room.fit(iter(LEARNED_FROM), params, folder)
    return room.build(params, folder)


class Case:
    """A tokenizer with its options, and what it made of all texts."""

    def __init__(self, name, options, folder):
        self.room = registry.find("tokenizers", name)
        self.params = _params(self.room, options)
        self.tokenize = _build(name, options, folder)
        # some take ten seconds to begin: those begin twice with their defaults only
        self.again = _build(name, options, folder) if name in PURE or not options else self.tokenize
        self.documents = self.tokenize(TEXTS)
        self.join = getattr(self.room, "join", "".join)


@pytest.fixture(scope="module", params=[(name, options) for name in MEMBERS for options in _options(name)], ids=str)
def case(request, tmp_path_factory):
    return Case(*request.param, tmp_path_factory.mktemp("learned") / "tokenizer")


def test_odd_text_gives_tokens_that_are_not_empty(case):
    assert len(case.documents) == len(TEXTS)
    for text, tokens in zip(TEXTS, case.documents, strict=True):
        assert isinstance(tokens, list)
        assert all(isinstance(token, str) and token for token in tokens), ascii(text)
        assert text or not tokens, "an empty text has no tokens"


def test_only_what_is_left_out_on_purpose_is_gone(case):
    if not getattr(case.room, "left_out", lambda _: "")(case.params):
        missing = [text for text, tokens in zip(TEXTS, case.documents, strict=True) if text.strip() and not tokens]
        assert [ascii(text) for text in missing] == []


def test_lossless_means_that_the_joined_tokens_are_the_text(case):
    if case.room.lossless(case.params):
        for text, tokens in zip(TEXTS, case.documents, strict=True):
            assert case.join(tokens) == text, ascii(text)
        assert not getattr(case.room, "left_out", lambda _: "")(case.params)


def test_a_batch_is_cut_as_its_texts_alone_and_always_alike(case):
    where = [TEXTS.index(text) for text in SAMPLE]
    expected = [case.documents[place] for place in where]
    assert case.tokenize(SAMPLE) == expected
    assert [case.tokenize([text])[0] for text in SAMPLE] == expected
    assert case.again(tuple(SAMPLE)) == expected
    assert case.tokenize([]) == []
    assert case.tokenize(["", ""]) == [[], []]


def test_failures_are_places_of_texts(case):
    failures = getattr(case.tokenize, "failures", [])
    assert all(isinstance(place, int) and place >= 0 for place in failures)
    assert len(set(failures)) == len(failures) <= len(TEXTS)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_hundred_thousand_characters(name, tmp_path):
    text = "가" * 5_000 + " 말모이는 말을 모은 것이다. Words, words!" * 3_200  # Kkma hangs on a thousand, and that once: they are alike
    assert len(text) > 100_000
    (tokens,) = _build(name, {}, tmp_path / "tokenizer")([text])
    assert len(tokens) > 10_000
    assert sum(map(len, tokens)) > 50_000


@pytest.mark.parametrize("name", MEMBERS)
def test_documented_like_the_others(name):
    room = registry.find("tokenizers", name)
    assert room.__doc__
    assert room.Params.__doc__
    assert room.build.__doc__
    assert room.lossless.__doc__
    params = room.Params()
    assert isinstance(room.lossless(params), bool)
    assert isinstance(getattr(room, "left_out", lambda _: "")(params), str)
    assert len(inspect.signature(room.build).parameters) == (2 if hasattr(room, "fit") else 1)


@pytest.mark.parametrize("name", MEMBERS)
def test_options_that_only_change_the_speed_are_options(name):
    room = registry.find("tokenizers", name)
    assert set(getattr(room, "SPEED_ONLY", ())) <= {field.name for field in fields(room.Params)}


@pytest.mark.parametrize("name", MEMBERS)
def test_filters_are_told(name):
    room = registry.find("tokenizers", name)
    for option in ("keep", "stop_words"):
        if option in {field.name for field in fields(room.Params)}:
            value = ["말"] if option == "stop_words" else _a_tag(room)
            params = replace(room.Params(), **{option: value})
            assert option in room.left_out(params)
            assert not room.lossless(params)


def _a_tag(room):
    """Noun is Okt's, N that of most others."""
    for tag in ("N", "Noun", "NN"):
        try:
            return list(room.Params(keep=[tag]).keep)
        except ValueError:
            continue
    raise AssertionError(f"{room.__name__} has no nouns")


@pytest.fixture(scope="module")
def pure(tmp_path_factory):
    made = [(name, options) for name, sets in PURE.items() for options in sets]
    return [Case(name, options, tmp_path_factory.mktemp("pure") / "tokenizer") for name, options in made]


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(codec=None), max_size=40) | st.text(st.sampled_from(ALPHABET), max_size=40))
def test_any_text_comes_back(pure, text):
    for case in pure:
        (tokens,) = case.tokenize([text])
        assert all(tokens)
        if case.room.lossless(case.params):
            assert case.join(tokens) == text
