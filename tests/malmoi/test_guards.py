"""Guards on measures made by hand."""

import pytest

from malmoi.guards import judge
from malmoi.promotion import Guards, Limit
from malmoi.scores import score

ACCURACY, BITS = score("accuracy"), score("bits_per_character")


def broken(guards: Guards, own: dict[str, dict[str, float | None]], champion: dict[str, dict[str, float | None]] | None) -> list[str]:
    return [f"{one['what']}: {one['broken']}" for one in judge(guards, ACCURACY, own, champion) if one["broken"]]


@pytest.mark.parametrize(
    ("limit", "value", "champion", "said"),
    [
        (Limit(least=0.5), 0.4, 0.4, "0.4 is less than 0.5"),
        (Limit(most=0.5), 0.6, 0.6, "0.6 is more than 0.5"),
        (Limit(worse=0.1), 0.3, 0.15, "0.3 is worse than the champion's 0.15 by more than 0.1"),  # of an error, more is worse
        (Limit(worse=0.2), 0.3, 0.15, ""),
        (Limit(worse=0.1), 0.1, 0.9, ""),  # better
        (Limit(worse=0.1), None, 0.9, "was not measured"),
        (Limit(worse=0.1), 0.1, None, "the champion's was not measured"),
        (Limit(most=0.5), 0.1, None, ""),
    ],
)
def test_a_limit(limit: Limit, value: float | None, champion: float | None, said: str) -> None:
    found = judge(Guards(calibration=limit), ACCURACY, {"calibration": {"": value}}, {"calibration": {"": champion}})
    assert [(one["what"], one["broken"], one["value"], one["champion"]) for one in found] == [("calibration error", said, value, champion)]


def test_every_part_is_looked_at_in_the_direction_that_is_better() -> None:
    champion = {"classes": {"a": 0.9, "b": 0.5}, "slices": {"Korean": 0.8}}
    own = {"classes": {"a": 0.7, "b": 0.6, "c": 0.1}, "slices": {"Korean": 0.9}}
    guards = Guards(classes=Limit(worse=0.1), slices=Limit(worse=0.01))
    assert broken(guards, own, champion) == [
        "F1 of class a: 0.7 is worse than the champion's 0.9 by more than 0.1",
        "F1 of class c: the champion's was not measured",
    ]
    bits = judge(guards, BITS, {"slices": {"Korean": 0.9}}, champion)
    assert [(one["what"], bool(one["broken"])) for one in bits] == [("bits per character on texts in Korean", True)]


def test_costs_may_be_so_many_times_the_champions() -> None:
    guards = Guards(size=Limit(times=2, most=100), latency=Limit(times=1.5))
    own = {"size": {"": 21.0}, "latency": {"": 3.0}}
    assert broken(guards, own, {"size": {"": 10.0}, "latency": {"": 2.0}}) == [
        "size of the bundle: 21 MB is more than 2 times the champion's 10 MB"
    ]
    assert judge(guards, ACCURACY, own, None)[1]["limit"] == "at most 100 MB, at most 2 times the champion's"


def test_without_a_champion_nothing_is_compared_and_what_was_not_measured_is_not_asked() -> None:
    guards = Guards(calibration=Limit(worse=0.1), size=Limit(most=1), latency=Limit(worse=1))
    assert broken(guards, {"calibration": {"": None}, "size": {"": None}, "latency": {"": 7.0}}, None) == [
        "size of the bundle: was not measured"
    ]


def test_a_measure_that_a_problem_does_not_have_is_not_asked() -> None:
    assert judge(Guards(classes=Limit(least=1)), BITS, {"size": {"": 1.0}}, None) == []
