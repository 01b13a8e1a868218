"""What a stage may ask for, and when another try may help."""

import math

import pytest

from flows.needs import Machine, Needs, NeedsError, here, read, worth_another_try

MACHINE = Machine(jobs=3, cores=4, memory=8 * 2**30)


def test_all_of_meta_is_read_and_the_rest_left_alone() -> None:
    assert read("x", {"cores": 2, "memory": "1.5 GB", "timeout": 60, "retries": 1, "owner": "me"}) == Needs(2, 3 * 2**29, 60.0, 1)
    assert read("x", {"environment": ["A", "B_*"]}).environment == ("A", "B_*")
    assert read("x", {}) == Needs(0, 0, math.inf, 0)
    assert read("x", {"memory": 512}).memory == read("x", {"memory": "512MB"}).memory == 2**29


@pytest.mark.parametrize(
    "meta",
    [
        {"environment": "NAME"},
        {"environment": [1]},
        {"cores": "two"},
        {"cores": -1},
        {"memory": "much"},
        {"memory": None},
        {"timeout": 0},
        {"retries": -1},
        {"retries": []},
    ],
)
def test_what_cannot_be_right_is_an_error_that_names_the_stage(meta: dict[str, object]) -> None:
    with pytest.raises(NeedsError, match=r"train@gru: its meta in dvc\.yaml cannot be right"):
        read("train@gru", meta)


def test_stages_are_packed_by_number_cores_and_memory() -> None:
    small, wide, heavy = Needs(), Needs(cores=3), Needs(memory=5 * 2**30)
    assert MACHINE.allot(small, [], 1) == 4  # nothing else is ready: all of it
    assert MACHINE.allot(small, [], 9) == 1
    assert MACHINE.allot(small, [(small, 1), (small, 1)], 1) == 2
    assert MACHINE.allot(small, [(small, 1)] * 3, 1) == 0
    assert MACHINE.allot(small, [(wide, 3)], 5) == 1
    assert MACHINE.allot(wide, [(small, 1), (small, 1)], 1) == 0
    assert MACHINE.allot(heavy, [(small, 1)], 1) == 3
    assert MACHINE.allot(heavy, [(heavy, 1)], 1) == 0
    assert MACHINE.allot(Needs(cores=99), [], 1) == 4
    assert MACHINE.allot(Needs(cores=99), [(small, 1)], 1) == 0  # so it runs alone
    assert MACHINE.allot(small, [(Needs(cores=99), 4)], 1) == 0
    assert MACHINE.allot(Needs(memory=99 * 2**30), [], 1) == 4  # rather alone than never
    assert Machine(jobs=4, cores=2, memory=0).allot(small, [(small, 1)] * 3, 1) == 1


def test_libraries_are_told_their_share() -> None:
    assert MACHINE.threads(2)["OMP_NUM_THREADS"] == MACHINE.threads(2)["TF_NUM_INTRAOP_THREADS"] == "2"
    assert MACHINE.threads(4) == MACHINE.threads(0) == {}


def test_this_machine_has_something() -> None:
    assert here(3).jobs == 3
    assert 1 <= here(0).jobs <= min(8, here(0).cores)


@pytest.mark.parametrize(
    ("status", "tail", "helps"),
    [
        (137, (), True),
        (-9, (), True),
        (None, (), True),
        (1, ("requests.exceptions.ConnectionError: HTTPConnectionPool(host='x')",), True),
        (1, ("curl: (6) Temporary failure in name resolution",), True),
        (1, ("502 Server Error: Bad Gateway for url",), True),
        (1, ("ValueError: 502 rows",), False),
        (1, ("ConnectionError: here", "1", "2", "3"), False),
        (2, ("no such option",), False),
        (1, (), False),
    ],
)
def test_another_try_is_made_only_where_it_may_help(status: int | None, tail: tuple[str, ...], helps: bool) -> None:
    assert worth_another_try(status, tail) is helps
