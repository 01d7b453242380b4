"""Promises by image, by many subjects and by few: how often known images of a new subject are rejected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.training.rejection.p_values import between_subjects, p_values

ALPHA = 0.05


def subjects(rng: np.random.Generator, count: int, images: int = 12, between: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that scatter by 1 about their subject's mean, which scatters by `between`; and the subject of each."""
    index = np.repeat(np.arange(count), images)
    return rng.normal(0, between, count)[index] + rng.normal(0, 1, count * images), index


def rejected(count: int, repeats: int, clustered: bool, between: float = 1.0) -> float:
    """Mean share of images of new subjects rejected, over calibrations drawn again and again."""
    rates = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        reference, index = subjects(rng, count, between=between)
        values, _ = subjects(rng, 30, between=between)
        rates.append((p_values(values, reference, index if clustered else None) <= ALPHA).mean())
    return float(np.mean(rates))


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 4, 8, 25])
def test_a_new_subject_is_rejected_no_more_often_than_promised(count: int) -> None:
    assert rejected(count, 150, clustered=True) <= ALPHA + 0.006


def test_images_counted_singly_break_the_promise_for_few_subjects() -> None:
    assert rejected(4, 150, clustered=False) > 1.4 * ALPHA


def test_where_subjects_do_not_differ_little_is_lost() -> None:
    assert 0.02 < rejected(6, 100, clustered=True, between=0.0) <= ALPHA + 0.006


def test_one_image_a_subject_is_the_same_as_independent_images() -> None:
    rng = np.random.default_rng(0)
    reference, values = rng.normal(size=40), rng.normal(size=10)
    np.testing.assert_array_equal(p_values(values, reference, np.arange(40)), p_values(values, reference))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-5, 5), min_size=4, max_size=40), st.integers(2, 6), st.floats(-10, 10), st.floats(0, 5))
def test_p_values_lie_in_bounds_and_fall_with_strangeness(reference: list[float], count: int, value: float, more: float) -> None:
    scores, clusters = np.array(reference), np.arange(len(reference)) % count
    low, high = p_values(np.array([value, value + more]), scores, clusters)
    assert 0 < high <= low <= 1
    assert (between_subjects(np.array([value]), scores, clusters) <= 1 + 1e-9).all()
