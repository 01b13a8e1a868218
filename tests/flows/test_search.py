"""The study behind a sweep: the same choices for the same seed, whatever interrupts it, and no trial lost or counted twice."""

from pathlib import Path
from typing import Any

import pytest

from flows._search import ATTEMPTS, Search
from flows._space import Dimension, Pruner, Range, Sampler
from malmoi.config import ConfigError

SPACE = [
    Dimension("units", "units", Range(low=1, high=64), whole=True),
    Dimension("rate", "rate", Range(low=0.001, high=1.0, log=True)),
    Dimension("cell", "cell", Range(choices=["gru", "lstm"])),
]
ABOUT = {"name": "tiny", "direction": "minimize", "space": {}, "key": "k", "baseline": "c"}
Values = dict[str, Any]


def search(folder: Path, kind: str = "tpe", seed: int = 1, **about: Any) -> Search:
    return Search(folder / "study.db", SPACE, Sampler(kind=kind, seed=seed, startup=3), Pruner(), ABOUT | about)  # type: ignore[arg-type]


def score(values: Values) -> float:
    return float(abs(values["units"] - 20) + values["rate"] + (values["cell"] == "lstm"))


def run(found: Search, count: int) -> list[Values]:
    """So many trials, one after another."""
    tried = []
    for _ in range(count):
        trial = found.ask()
        tried.append(found.values(trial.params))
        found.study.tell(trial.number, score(trial.params))
    return tried


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_the_same_seed_chooses_the_same(kind: str, tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).mkdir()
    first = run(search(tmp_path / "a", kind), 7)
    assert run(search(tmp_path / "b", kind), 7) == first
    assert run(search(tmp_path / "c", kind), 4) + run(search(tmp_path / "c", kind), 3) == first  # opened again in the middle
    assert run(search(tmp_path / "d", kind, seed=2), 7) != first
    assert len({str(values) for values in first}) == 7


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_what_was_interrupted_chooses_as_what_was_not(kind: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    undisturbed = run(search(tmp_path / "a", kind), 7)
    tried = run(search(tmp_path / "b", kind), 4)
    for _ in range(2):  # killed in the middle of a trial, twice; the second time of one that is tried again
        found = search(tmp_path / "b", kind)
        found.recover()
        found.ask()
    found = search(tmp_path / "b", kind)
    found.study.ask()  # killed before it had its values
    found.recover()
    assert tried + run(found, 3) == undisturbed


def test_a_grid_is_gone_through_once_however_often_it_is_opened(tmp_path: Path) -> None:
    space = [Dimension("a", "a", Range(low=0, high=1, step=0.5)), Dimension("b", "b", Range(choices=[True, None, [1, 2]]))]
    tried = []
    for count in (4, 5):
        found = Search(tmp_path / "study.db", space, Sampler(kind="grid"), Pruner(), ABOUT)
        for _ in range(count):
            trial = found.ask()
            tried.append(found.values(trial.params))
            found.study.tell(trial.number, 0.0)
    assert [tuple(values.values()) for values in tried] == [(a, b) for a in (0.0, 0.5, 1.0) for b in (True, None, [1, 2])]


def test_a_step_that_does_not_reach_the_end_stays_inside(tmp_path: Path) -> None:
    space = [Dimension("a", "a", Range(low=1, high=10, step=4), whole=True)]
    found = Search(tmp_path / "study.db", space, Sampler(kind="random"), Pruner(), ABOUT)
    assert {found.ask().params["a"] for _ in range(30)} == {1, 5, 9}


def test_a_trial_that_nobody_works_at_is_tried_again_and_not_counted(tmp_path: Path) -> None:
    found = search(tmp_path)
    run(found, 1)
    lost = found.ask().params
    for attempt in range(1, ATTEMPTS + 1):
        again = search(tmp_path)
        assert again.recover() == [attempt]
        assert again.recover() == []
        assert again.over() == (1 if attempt < ATTEMPTS else 2)  # at last it counts as a failure of its own
        if attempt < ATTEMPTS:
            assert again.ask().params == lost
    assert search(tmp_path).ask().params != lost


def test_stopping_by_hand_is_never_counted(tmp_path: Path) -> None:
    found = search(tmp_path)
    for _ in range(ATTEMPTS + 2):
        found.ask()
        assert len(found.recover(killed=False)) == 1
    assert found.over() == 0


def test_a_sweep_with_other_settings_is_refused(tmp_path: Path) -> None:
    search(tmp_path)
    search(tmp_path, key="other", baseline="other")
    with pytest.raises(ConfigError, match=r"space: it was \{\}, is \{\"units\": 1\}"):
        search(tmp_path, space={"units": 1})


def test_the_best_and_what_it_depends_on(tmp_path: Path) -> None:
    found = search(tmp_path, "random")
    assert (found.best(), found.importance()) == (None, {})
    tried = run(found, 24)
    best = found.best()
    assert best is not None
    assert best.value == min(score(values) for values in tried)
    shares = found.importance()
    assert max(shares, key=lambda name: shares[name]) == "units"
    assert sum(shares.values()) == pytest.approx(1.0)
