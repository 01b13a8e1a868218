"""What the next token is drawn from, against distributions computed by hand."""

import numpy as np
import pytest

from malmoi import config
from malmoi.batches import END, PAD, UNKNOWN
from malmoi.config import ConfigError
from malmoi.decoding import Decoding, allowed, choose, distribution

SHARES = np.log([0.5, 0.3, 0.15, 0.05])


def drawn_from(scores: np.ndarray = SHARES, **options: float) -> list[float]:
    return distribution(scores, Decoding(temperature=options.pop("temperature", 1.0), **options)).tolist()  # type: ignore[arg-type]


def test_temperature_by_hand() -> None:
    # p ** (1 / T): squares 0.25, 0.09, 0.0225, 0.0025, together 0.365; at T = 1 the probabilities themselves
    assert drawn_from() == pytest.approx([0.5, 0.3, 0.15, 0.05])
    assert drawn_from(temperature=0.5) == pytest.approx([0.25 / 0.365, 0.09 / 0.365, 0.0225 / 0.365, 0.0025 / 0.365])
    roots = np.sqrt([0.5, 0.3, 0.15, 0.05])
    assert drawn_from(temperature=2.0) == pytest.approx(roots / roots.sum())
    assert drawn_from(temperature=1e-300) == [1, 0, 0, 0]


def test_top_k_by_hand() -> None:
    assert drawn_from(top_k=2) == pytest.approx([0.625, 0.375, 0, 0])  # 5 : 3
    assert drawn_from(top_k=9) == pytest.approx([0.5, 0.3, 0.15, 0.05])
    assert drawn_from(np.log([0.2, 0.4, 0.2, 0.2]), top_k=2) == pytest.approx([1 / 3, 2 / 3, 0, 0]), "of equals the lower id"


@pytest.mark.parametrize(("top_p", "kept"), [(0.01, 1), (0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (0.95, 3), (0.96, 4), (1.0, 4)])
def test_the_nucleus_is_the_fewest_tokens_that_hold_its_mass(top_p: float, kept: int) -> None:
    whole = np.array([0.5, 0.3, 0.15, 0.05])
    found = distribution(SHARES[::-1], Decoding(temperature=1.0, top_p=top_p))[::-1]
    assert found == pytest.approx(np.where(np.arange(4) < kept, whole, 0) / whole[:kept].sum())


def test_top_k_temperature_and_nucleus_follow_each_other() -> None:
    # squared (T = 0.5) and cut to three: 0.25, 0.09, 0.0225 of 0.3625: 0.69, 0.248, 0.062; the nucleus of 0.9 takes two: 0.25 : 0.09
    assert drawn_from(temperature=0.5, top_k=3, top_p=0.9) == pytest.approx([0.25 / 0.34, 0.09 / 0.34, 0, 0])


def test_the_mass_of_padding_and_unknown_goes_to_the_others_in_proportion() -> None:
    scores = allowed(np.log([0.4, 0.4, 0.05, 0.15], dtype=np.float64), [], Decoding())
    assert np.exp(scores) == pytest.approx([0, 0, 0.25, 0.75])


def test_padding_and_unknown_are_never_drawn() -> None:
    logs, random = np.log([0.49, 0.49, 0.01, 0.01]), np.random.default_rng(0)
    for decoding in (Decoding(temperature=1.0), Decoding(temperature=9.0, top_p=0.99), Decoding(temperature=0.2, top_k=4)):
        drawn = {choose(allowed(logs, [], decoding), decoding, random) for _ in range(100)}
        assert drawn == {END, 3}
    assert choose(allowed(logs + np.array([0, 0, 0, 1]), [], Decoding()), Decoding(), random) == 3


def test_draws_follow_the_distribution() -> None:
    random, decoding = np.random.default_rng(0), Decoding(temperature=1.0, top_k=2)
    counts = np.bincount([choose(SHARES, decoding, random) or 0 for _ in range(4000)], minlength=4)
    assert counts / 4000 == pytest.approx([0.625, 0.375, 0, 0], abs=0.025)


def test_the_penalty_by_hand() -> None:
    logs = np.log([0.0001, 0.0001, 0.4, 0.4, 0.1998])
    plain, punished = (allowed(logs, [3, 3], Decoding(repetition_penalty=size)) for size in (1.0, 1.5))
    assert punished[3] == pytest.approx(1.5 * plain[3]), "once, however often it was written"
    assert punished[[2, 4]].tolist() == plain[[2, 4]].tolist()
    assert punished.argmax() == 2


def test_no_ngram_comes_twice() -> None:
    logs = np.log(np.full(7, 1 / 7))
    written = [3, 4, 5, 3, 4]  # 3 4 was followed by 5
    assert np.flatnonzero(np.isneginf(allowed(logs, written, Decoding(no_repeat=3)))).tolist() == [PAD, UNKNOWN, 5]
    assert np.flatnonzero(np.isneginf(allowed(logs, written, Decoding(no_repeat=1)))).tolist() == [PAD, UNKNOWN, 3, 4, 5]
    assert np.flatnonzero(np.isneginf(allowed(logs, [3], Decoding(no_repeat=3)))).tolist() == [PAD, UNKNOWN]
    assert choose(allowed(logs, [2, 3, 4, 5, 6], Decoding(no_repeat=1)), Decoding(), np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": -1}, "length must not be negative, found -1"),
        ({"temperature": -0.5}, "temperature must not be negative, found -0.5"),
        ({"temperature": float("nan")}, "temperature must not be negative, found nan"),
        ({"temperature": 1.0, "top_k": -2}, "top_k must be 1 or more, or 0 for all tokens, found -2"),
        ({"temperature": 1.0, "top_p": 0.0}, "top_p must be above 0 and at most 1"),
        ({"temperature": 1.0, "top_p": 90.0}, "top_p must be above 0 and at most 1.*found 90"),
        ({"beams": 0}, "beams must be 1 or more"),
        ({"length_penalty": -1.0}, "length_penalty must not be negative"),
        ({"repetition_penalty": 0.5}, "repetition_penalty must be 1"),
        ({"no_repeat": -1}, "no_repeat must be 1 or more tokens"),
        ({"stop": ("x", "")}, "stop must have no empty string"),
        ({"seed": -1}, "seed must not be negative"),
        ({"beams": 3, "temperature": 0.8}, "beams look for the likeliest text and draw nothing: give temperature 0.*not temperature 0.8"),
        ({"beams": 3, "top_k": 5}, "top_k 5"),
        ({"top_p": 0.9}, "temperature 0 draws nothing: give a temperature, 1 for the model's own"),
        ({"top_k": 1}, "temperature 0 draws nothing"),
        ({"length": -1, "seed": -1}, "length must not be negative, found -1; seed must"),
    ],
)
def test_settings_that_cannot_be_right_say_why(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Decoding(**options)  # type: ignore[arg-type]
    if options.get("temperature") != options.get("temperature"):
        return  # JSON has no NaN
    with pytest.raises(ConfigError, match=message):
        config.read(Decoding, options, "options")
