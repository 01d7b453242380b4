"""Calibration and risk figures against loops and against models whose honesty is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.eval.metrics.calibration import area_of_risk, calibration_error, reliability, risk_coverage


@given(st.integers(1, 40), st.integers(0, 10_000))
def test_calibration_error_is_its_definition_on_repeated_samples(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stated, right, weights = rng.random(size), rng.random(size) < 0.5, rng.integers(0, 3, size)
    weights[0] += 1
    found = calibration_error(stated, right, bins=5)(weights[None, :].astype(float))[0]
    flat, hits = np.repeat(stated, weights), np.repeat(right, weights)
    expected = 0.0
    for low in np.arange(5) / 5:
        inside = (flat >= low) & (flat < low + 0.2)
        if inside.any():
            expected += inside.mean() * abs(flat[inside].mean() - hits[inside].mean())
    assert found == pytest.approx(expected)


def test_an_honest_model_has_little_error_and_a_boaster_much() -> None:
    rng = np.random.default_rng(0)
    stated = rng.random(20_000)
    honest = rng.random(20_000) < stated
    weights = np.ones((1, 20_000))
    assert calibration_error(stated, honest)(weights)[0] < 0.02
    assert calibration_error(np.ones(20_000), honest)(weights)[0] == pytest.approx(0.5, abs=0.02)
    bins = reliability(stated, honest)
    assert np.abs(bins.stated - bins.right).max() < 0.06
    assert bins.count.sum() == 20_000


@given(st.integers(1, 30), st.integers(0, 10_000))
def test_the_area_of_risk_is_the_mean_of_the_curve(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sureness, right = rng.random(size), rng.random(size) < 0.6
    coverage, risk = risk_coverage(sureness, right)
    assert area_of_risk(sureness, right)(np.ones((1, size)))[0] == pytest.approx(risk.mean())
    assert risk[-1] == pytest.approx((~right).mean())
    assert coverage[-1] == 1.0


def test_sure_mistakes_cost_more_than_unsure_ones() -> None:
    right = np.array([False, True, True, True])
    sure_mistake = area_of_risk(np.array([0.9, 0.8, 0.7, 0.6]), right)(np.ones((1, 4)))[0]
    unsure_mistake = area_of_risk(np.array([0.1, 0.8, 0.7, 0.6]), right)(np.ones((1, 4)))[0]
    assert unsure_mistake < sure_mistake


@pytest.mark.filterwarnings("error")
def test_a_draw_without_any_image_has_no_figure_and_gives_no_warning() -> None:
    stated, right = np.array([0.9, 0.4, 0.6]), np.array([True, False, True])
    weights = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    for statistic in (calibration_error(stated, right), area_of_risk(stated, right)):
        empty, whole = statistic(weights)
        assert np.isnan(empty)
        assert np.isfinite(whole)
