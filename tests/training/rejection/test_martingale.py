"""The monitor: quiet while the stream is as it was, and soon aware of a change."""

from __future__ import annotations

import numpy as np
import pytest
from crepes import martingales

from cytoscribe.training.rejection.martingale import online_p_values, simple_jumper, watch


def stream(seed: int, before: int, after: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.r_[rng.normal(size=before), rng.normal(shift, 1, size=after)], rng.normal(size=100)


def test_false_alarms_are_as_rare_as_promised() -> None:
    alarms = [watch(*stream(seed, 300, 0, 0.0), seed=seed, alarm=20).alarm is not None for seed in range(100)]
    assert np.mean(alarms) <= 0.08


@pytest.mark.parametrize("shift", [2.0, 3.0])
def test_a_change_is_found_and_placed(shift: float) -> None:
    for seed in range(10):
        found = watch(*stream(seed, 150, 100, shift), seed=seed)
        assert found.alarm is not None
        assert 150 <= found.alarm < 215
        assert found.start is not None
        assert abs(found.start - 150) <= 40


def test_a_stream_that_is_strange_from_the_first_image_on_is_told_so() -> None:
    found = watch(*stream(0, 0, 60, 3.0))
    assert found.alarm is not None
    assert found.start is not None
    assert found.start <= 3


def test_p_values_of_equal_scores_are_spread_evenly() -> None:
    p = online_p_values(np.zeros(2000), np.zeros(50))
    assert abs(p.mean() - 0.5) < 0.03
    assert p.min() < 0.02 < 0.98 < p.max()


def test_capital_is_that_of_the_formula() -> None:
    """Worked by hand: three rates, the first p-value 0."""
    first = np.log10((1.5 + 1 + 0.5) / 3)
    assert simple_jumper(np.array([0.0]))[0] == pytest.approx(first)
    share = np.array([1.5, 1.0, 0.5]) / 3
    moved = 0.99 * share + 0.01 / 3
    assert simple_jumper(np.array([0.0, 0.0]))[1] == pytest.approx(np.log10((moved * np.array([1.5, 1.0, 0.5])).sum()))


def test_it_agrees_with_crepes() -> None:
    p = np.random.default_rng(0).uniform(size=200) ** 1.5
    theirs = martingales.SimpleJumper(J=0.01, bf=martingales.EpsilonBettingFunction(E=[-1, 0, 1])).apply(p, return_index=False)
    np.testing.assert_allclose(simple_jumper(p), np.log10(np.asarray(theirs).ravel()[-len(p) :]), atol=1e-8)
