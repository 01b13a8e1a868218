"""Entries of table `experiments`."""

from malmoi import experiments, objectives


def test_the_problems_are_those_that_can_be_measured() -> None:
    assert set(experiments.PROBLEMS) == set(objectives.OBJECTIVES)
