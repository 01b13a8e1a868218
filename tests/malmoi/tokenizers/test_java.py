import pytest

from malmoi.config import ConfigError, read
from malmoi.tokenizers import _java, okt


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """In place of workers: units are tagged with their length, fail with a mark in them, and what was asked for is kept."""
    asked = []

    class Workers:
        def run(self, units, job):
            asked.append((list(units), job.seen))
            return [None if "!" in unit else [] if "?" in unit else [(unit, f"N{len(unit)}")] for unit in units]

    monkeypatch.setattr(_java, "pool", lambda *_: Workers())
    return asked


class Words(_java.Analyzer):
    """Units are words."""

    def __init__(self, **options):
        super().__init__(_java.Options(**options))

    def units(self, text):
        return text.split()


class Remembering(_java.Remembering):
    def units(self, text):
        return text.split()


def test_equal_units_of_a_batch_are_analysed_once(asked):
    analyzer = Words()
    assert analyzer(["말을 모아 말을", "", "모아"]) == [["말을", "모아", "말을"], [], ["모아"]]
    assert analyzer(["모아"]) == [["모아"]]
    assert asked == [(["말을", "모아"], 3), (["모아"], 4)]


def test_units_that_come_again_in_another_batch_are_remembered_unless_they_failed(asked):
    analyzer = Remembering(_java.Options())
    analyzer(["말을 아!"])
    assert analyzer(["모아 말을 아!"]) == [["모아", "말을", "아!"]]
    assert asked == [(["말을", "아!"], 1), (["모아", "아!"], 2)]
    assert analyzer.failures == [0, 1]


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(_java, "REMEMBERED", 3)
    analyzer = Remembering(_java.Options())
    analyzer(["가 나 다 라"])
    analyzer(["마"])
    assert set(analyzer._known) == {"마"}


def test_a_failing_text_keeps_its_place_and_what_the_analyzer_could_do():
    analyzer = Words(pos=True)
    assert analyzer(["가나", "모아 아! 말", ""]) == [["가나/N2"], ["모아/N2", "아!/UNKNOWN", "말/N1"], []]
    assert analyzer(["가", "!"]) == [["가/N1"], ["!/UNKNOWN"]]
    assert analyzer.failures == [1, 4]


def test_what_an_analyzer_swallows_stays_and_is_no_failure():
    analyzer = Words()
    assert analyzer(["왜? 가"]) == [["왜?", "가"]]
    assert analyzer.failures == []


def test_filters():
    assert Words(keep=["N2"])(["말을 가 모아"]) == [["말을", "모아"]]
    assert Words(stop_words=["가"], pos=True)(["말을 가"]) == [["말을/N2"]]


def test_empty_texts_start_nothing(asked):
    analyzer = Words()
    assert analyzer(["", " \n"]) == [[], []]
    assert analyzer([]) == []
    assert asked == []


def test_as_many_workers_as_cores_and_memory_for():
    assert _java.most_workers(10**9) == 1
    assert _java.most_workers(1) == _java.processor.cores()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"heap_mb": 0}, "heap_mb and timeout_s should be greater than 0"),
        ({"timeout_s": 0.0}, "greater than 0"),
        ({"workers": -1}, "workers 0 or more"),
        ({"keep": ["Nomen"]}, "keep: no part of speech starts with 'Nomen'; there are: Noun, Verb"),
        ({"spaces": True, "keep": ["Noun"]}, "spaces: whitespace goes with the token that follows it"),
        ({"spaces": True, "stop_words": ["말"]}, "spaces: whitespace goes with the token that follows it"),
    ],
)
def test_options_that_cannot_be_right(options, said):
    with pytest.raises(ConfigError, match="here: .*" + said):
        read(okt.Params, options, "here")
