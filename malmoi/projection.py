"""Many dimensions as two: principal components, and exact t-SNE that starts from them; the same vectors give the same picture.

t-SNE (van der Maaten and Hinton, 2008): p from Gaussians whose widths give every point the same perplexity (their equation 1 and section
2), q from Student's t (equation 4), descent along equation 5 with momentum, gains and early exaggeration (section 3.4). Exact means O(n^2)
a step, which for some hundreds of points is less work than the trees of the approximate ones.
"""

import numpy as np

PERPLEXITY = 20.0  # neighbours that count, about
STEPS = 500
EARLY = 120  # steps with exaggerated p and little momentum
EXAGGERATION = 12.0
TINY = 1e-12


def principal(vectors: np.ndarray) -> np.ndarray:
    """(n, 2) float64 first two principal components; of each axis the sign that makes its largest entry positive."""
    if not len(vectors):
        return np.zeros((0, 2))
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)  # those with the most variance come last
    flat = centred @ axes[:, :-3:-1]
    flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    largest = flat[np.abs(flat).argmax(axis=0), [0, 1]]
    return flat * np.where(largest < 0, -1.0, 1.0)


def neighbourhoods(vectors: np.ndarray, perplexity: float = PERPLEXITY) -> np.ndarray:
    """(n, 2) float64 t-SNE of (n, dimensions) rows; principal components where there are too few rows for neighbourhoods."""
    flat = principal(vectors)
    perplexity = min(perplexity, (len(vectors) - 1) / 3)
    if perplexity < 2:
        return flat
    shares = joint(squares(vectors.astype(np.float64)), perplexity)
    flat = flat / max(float(flat[:, 0].std()), TINY) * 1e-4
    velocity, gains = np.zeros_like(flat), np.ones_like(flat)
    rate = max(len(flat) / EXAGGERATION / 4, 10.0)
    for step in range(STEPS):
        slope = _slope(shares * (EXAGGERATION if step < EARLY else 1.0), flat)
        gains = np.maximum(np.where(np.sign(slope) == np.sign(velocity), gains * 0.8, gains + 0.2), 0.01)
        velocity = (0.5 if step < EARLY else 0.8) * velocity - rate * gains * slope
        flat = flat + velocity
    return flat - flat.mean(axis=0)


def squares(rows: np.ndarray) -> np.ndarray:
    """(n, n) squared distances of all rows to all rows."""
    lengths = (rows**2).sum(axis=1)
    return np.maximum(lengths[:, None] + lengths[None, :] - 2 * rows @ rows.T, 0.0)


def joint(distances: np.ndarray, perplexity: float) -> np.ndarray:
    """(n, n) symmetric p, summing to 1, from squared distances; each row's Gaussian has the width that gives the perplexity."""
    others = ~np.eye(len(distances), dtype=bool)
    low, high = np.zeros(len(distances)), np.full(len(distances), np.inf)
    precision = 1.0 / np.maximum(distances.sum(axis=1) / len(distances), TINY)
    for _ in range(60):  # bisection of every row at once
        weights = np.exp(-(distances - np.where(others, distances, np.inf).min(axis=1)[:, None]) * precision[:, None]) * others
        shares = weights / weights.sum(axis=1, keepdims=True)
        entropy = -(shares * np.log(np.maximum(shares, TINY))).sum(axis=1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    return np.asarray((shares + shares.T) / (2 * len(shares)))


def _slope(shares: np.ndarray, flat: np.ndarray) -> np.ndarray:
    near = 1.0 / (1.0 + squares(flat))  # (n, n)
    np.fill_diagonal(near, 0.0)
    forces = (shares - near / near.sum()) * near
    return np.asarray(4 * (forces.sum(axis=1)[:, None] * flat - forces @ flat))
