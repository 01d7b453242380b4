"""Normalisation to training's look: what is searched for is found, and what looks right already is left as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.training.data.normalisation import AS_IS, Normalisation, fit


def _apart(one: Normalisation, other: Normalisation) -> float:
    scales = abs(math.log(one.scale / other.scale))
    return scales + sum(abs(math.log(a / b)) for a, b in zip(one.gain, other.gain, strict=True))


@pytest.mark.parametrize(
    "hidden", [Normalisation(1.7), Normalisation(0.7, (1.0, 1.0, 1.15)), Normalisation(1.3, (0.87, 1.15, 0.87)), Normalisation(1.9)]
)
def test_the_search_comes_near_what_was_hidden(hidden: Normalisation) -> None:
    found = fit(lambda tried: 1 + _apart(tried, hidden))
    assert found.before == pytest.approx(1 + _apart(AS_IS, hidden))
    assert found.after == pytest.approx(1 + _apart(found.normalisation, hidden))
    assert _apart(found.normalisation, hidden) < 0.1


@given(st.floats(0.0001, 10), st.floats(0, 0.009), st.integers(0, 2**16))
def test_changes_that_bring_less_than_chance_are_not_made(distance: float, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert fit(lambda tried: distance * (1 - share * rng.random() * (tried != AS_IS))).normalisation == AS_IS


def test_nothing_is_asked_for_twice() -> None:
    asked: list[Normalisation] = []
    fit(lambda tried: asked.append(tried) or 1.0)
    assert len(asked) == len(set(asked)) == 13


@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([0.5, 0.6, 0.77, 0.88, 1.14, 1.3, 1.7, 1.9]))
def test_framing_cuts_or_mirrors_the_rim_about_the_centre(height: int, width: int, scale: float) -> None:
    image = np.arange(height * width * 3, dtype=np.uint64).reshape(height, width, 3).astype(np.uint8)
    framed = Normalisation(scale).of(image)
    assert framed.shape == (max(1, round(height / scale)), max(1, round(width / scale)), 3)
    assert {tuple(p) for p in framed.reshape(-1, 3)} <= {tuple(p) for p in image.reshape(-1, 3)}
    if (height - framed.shape[0]) % 2 == 0 and (width - framed.shape[1]) % 2 == 0:  # else the centre lies between two pixels
        assert np.array_equal(Normalisation(scale).of(image[::-1, ::-1]), framed[::-1, ::-1])


def test_gains_multiply_colours_and_stay_within_8_bits() -> None:
    image = np.full((4, 4, 3), 200, np.uint8)
    assert Normalisation(gain=(1.5, 1.0, 0.5)).of(image)[0, 0].tolist() == [255, 200, 100]
    assert AS_IS.of(image) is image


def test_it_says_what_it_does() -> None:
    assert str(AS_IS) == "left as they are"
    assert str(Normalisation(1.7, (1.0, 0.87, 1.0))) == "enlarged 1.70 times, green times 0.87"
