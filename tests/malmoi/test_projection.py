"""Two dimensions out of many."""

import numpy as np
import pytest

from malmoi.projection import joint, neighbourhoods, principal, squares


def test_principal_components_by_hand() -> None:
    """Points on a line in three dimensions lie on one in two, at the same distances."""
    line = np.array([[0.0, 0, 0], [1, 1, 1], [3, 3, 3]])
    flat = principal(line)
    assert np.abs(flat[:, 1]).max() == pytest.approx(0, abs=1e-6)
    assert np.diff(flat[:, 0]).tolist() == pytest.approx([np.sqrt(3), 2 * np.sqrt(3)])


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (2, 5), (3, 1), (7, 3)])
def test_few_points_have_places_too(shape: tuple[int, int]) -> None:
    flat = neighbourhoods(np.random.default_rng(0).normal(size=shape))
    assert flat.shape == (shape[0], 2)
    assert np.isfinite(flat).all()


def test_every_row_gets_the_perplexity_and_all_sum_to_one() -> None:
    shares = joint(squares(np.random.default_rng(0).normal(size=(40, 5))), 8.0)
    assert shares.sum() == pytest.approx(1)
    assert np.allclose(shares, shares.T)
    # of equidistant points, every other one is as near as the next: the perplexity is their number
    assert joint(1 - np.eye(5), 4.0)[0, 1] == pytest.approx(1 / 20)


def test_groups_stay_together_and_the_picture_is_the_same_twice() -> None:
    random = np.random.default_rng(1)
    centres = np.repeat(np.eye(3, 20) * 10, 15, axis=0)
    points = (centres + random.normal(size=(45, 20))).astype(np.float32)
    flat = neighbourhoods(points)
    assert flat.tolist() == neighbourhoods(points).tolist()
    distances = squares(flat) + np.diag(np.full(45, np.inf))
    group = np.arange(45) // 15
    assert (group[distances.argmin(axis=1)] == group).all()


def test_points_that_are_all_the_same_do_no_harm() -> None:
    assert np.isfinite(neighbourhoods(np.ones((12, 4)))).all()
