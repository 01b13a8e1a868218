"""Tokenizer and cache together: failures are not remembered, a change of anything that cuts is another maker."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from malmoi import registry, tokenization, vocab
from malmoi.config import params
from malmoi.token_cache import TokenCache
from malmoi.tokenization import Tokenizer, fingerprint


@params
class Params:
    """heap_mb changes no token."""

    stem: bool = False
    heap_mb: int = 1


class Analyzer:
    """Fails on texts with a !, as long as it is told to; keeps what it was asked for."""

    def __init__(self, fails: bool) -> None:
        self.fails, self.asked, self.failures = fails, list[str](), list[int]()

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        self.failures += [len(self.asked) + place for place, text in enumerate(texts) if self.fails and "!" in text]
        self.asked += texts
        return [["failed"] if self.fails and "!" in text else text.split() for text in texts]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A tokenizer `slow`, whose analyzer is room.analyzer."""
    from malmoi.tokenizers import whitespace

    made = ModuleType(whitespace.__name__)  # its code stands for the code of `slow`
    made.Params, made.lossless, made.SPEED_ONLY = Params, lambda _: False, ("heap_mb",)  # type: ignore[attr-defined]
    made.build = lambda _: made.analyzer  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "find", lambda *_: made)
    made.analyzer = Analyzer(fails=True)  # type: ignore[attr-defined]
    return made


def test_a_text_is_cut_once(room: ModuleType, tmp_path: Path) -> None:
    cache = TokenCache(tmp_path, 8)
    one = Tokenizer("slow", {}, cache=cache)
    assert one(["말 모이", "", "말 모이"]) == [["말", "모이"], [], ["말", "모이"]]
    assert room.analyzer.asked == ["말 모이", ""]
    other = Tokenizer("slow", {}, cache=cache)
    assert other(["글", "", "말 모이"]) == [["글"], [], ["말", "모이"]]
    assert room.analyzer.asked == ["말 모이", "", "글"]
    assert (one.remembered, other.remembered) == (0, 2)


def test_decomposed_text_is_the_same_text(room: ModuleType, tmp_path: Path) -> None:
    tokenizer = Tokenizer("slow", {}, cache=TokenCache(tmp_path, 8))
    assert tokenizer(["말"]) == tokenizer(["\u1106\u1161\u11af"]) == [["말"]]
    assert room.analyzer.asked == ["말"]


def test_a_failure_is_not_remembered_and_spoils_no_other_text(room: ModuleType, tmp_path: Path) -> None:
    tokenizer = Tokenizer("slow", {}, cache=TokenCache(tmp_path, 8))
    assert tokenizer(["a b", "c!", "d", "c!"]) == [["a", "b"], ["failed"], ["d"], ["failed"]]
    assert tokenizer(["a b", "e!", "c!"]) == [["a", "b"], ["failed"], ["failed"]]
    assert tokenizer.failures == [1, 3, 5, 6]
    assert room.analyzer.asked == ["a b", "c!", "d", "e!", "c!"]
    room.analyzer.fails = False
    assert tokenizer(["c!", "a b"]) == [["c!"], ["a", "b"]]
    assert tokenizer.failures == [1, 3, 5, 6]


def test_failures_without_a_cache(room: ModuleType) -> None:
    tokenizer = Tokenizer("slow", {})
    tokenizer(["a", "b!"])
    tokenizer(["c!", "d", "e!"])
    assert tokenizer.failures == [1, 2, 4]


def test_an_interrupted_run_keeps_what_it_cut(room: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenization, "AT_ONCE", 2)
    cache, usual = TokenCache(tmp_path, 8), room.analyzer

    def interrupted(texts: Sequence[str]) -> list[list[str]]:
        if "c" in texts:
            raise KeyboardInterrupt
        return list(usual(texts))

    room.analyzer = interrupted
    with pytest.raises(KeyboardInterrupt):
        Tokenizer("slow", {}, cache=cache)(["a", "b", "c", "d"])
    room.analyzer = usual
    assert Tokenizer("slow", {}, cache=cache)(["a", "b", "c", "d"]) == [["a"], ["b"], ["c"], ["d"]]
    assert usual.asked == ["a", "b", "c", "d"]


def test_what_is_cheap_is_not_looked_up(room: ModuleType, tmp_path: Path) -> None:
    room.CHEAP = True  # type: ignore[attr-defined]
    Tokenizer("slow", {}, cache=TokenCache(tmp_path / "tokens", 8))(["a"])
    assert not (tmp_path / "tokens").exists()


def test_the_maker_changes_with_what_cuts_and_with_nothing_else(room: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def maker(**options: object) -> str:
        return fingerprint(room, Params(**options), tmp_path)  # type: ignore[arg-type]

    first = maker()
    assert maker(heap_mb=2) == first == maker()
    found = {first, maker(stem=True)}
    (tmp_path / "dictionary.tsv").write_text("말모이\tNNP\n", encoding="utf-8")
    found.add(maker())
    (tmp_path / "dictionary.tsv").write_text("말모이\tNNG\n", encoding="utf-8")
    found.add(maker())
    room.PACKAGES = ("numpy",)  # type: ignore[attr-defined]
    found.add(maker())
    monkeypatch.setattr(tokenization.metadata, "version", lambda _: "0")
    found.add(maker())
    monkeypatch.setattr(tokenization, "_sources", lambda _: {Path(__file__)})
    found.add(maker())
    assert len(found) == 7


def test_code_that_is_shared_or_imported_is_part_of_the_maker() -> None:
    from malmoi.tokenizers import whitespace

    def names() -> set[str]:
        return {path.name for path in tokenization._sources(whitespace)}

    assert {"whitespace.py", "_morphemes.py", "_jvm.py"} <= names()
    assert "config.py" not in names()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whitespace, "order", vocab.order, raising=False)
        assert "vocab.py" in names()


def test_two_makers_in_one_folder_never_mix(room: ModuleType, tmp_path: Path) -> None:
    cache = TokenCache(tmp_path, 8)
    Tokenizer("slow", {}, cache=cache)(["말 모이"])
    room.analyzer = lambda texts: [["다른"] for _ in texts]
    assert Tokenizer("slow", {"stem": True}, cache=cache)(["말 모이"]) == [["다른"]]
    assert Tokenizer("slow", {"heap_mb": 9}, cache=cache)(["말 모이"]) == [["말", "모이"]]


def test_a_tokenizer_inside_another_is_part_of_the_maker_and_makes_it_dear(room: ModuleType, tmp_path: Path) -> None:
    from malmoi.tokenizers import words

    room.CHEAP = True  # type: ignore[attr-defined]
    makers = {fingerprint(room, Params(), None)}
    for inner in (words.Params(), words.Params(lowercase=True)):
        room.inside = lambda _, inner=inner: (words, inner)  # type: ignore[attr-defined]
        makers.add(fingerprint(room, Params(), None))
    assert len(makers) == 3
    Tokenizer("slow", {}, cache=TokenCache(tmp_path / "tokens", 8))(["a"])
    assert (tmp_path / "tokens").exists()
