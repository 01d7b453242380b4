"""The bootstrap: weights are draws of whole clusters, and intervals are what a loop over replicates gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.metrics.bootstrap import clusters_of, draw_weights, estimate, weighted_mean


def record(subject: str = "", section: str = "") -> ImageRecord:
    return ImageRecord(path=Path("x.png"), region="r", subject=subject, section=section)


@given(st.integers(2, 12), st.integers(0, 5))
def test_clusters_are_drawn_whole_and_keep_their_number(clusters: int, seed: int) -> None:
    index = np.repeat(np.arange(clusters), 3)
    weights = draw_weights(index, np.zeros(index.size), 20, seed)
    assert weights.shape == (20, index.size)
    for c in range(clusters):
        members = weights[:, index == c]
        assert (members == members[:, :1]).all()
    assert (weights.sum(1) == 3 * clusters).all()


def test_strata_keep_their_size_unless_a_cluster_lies_in_both() -> None:
    strata = np.array([0, 0, 0, 1, 1])
    apart = draw_weights(np.arange(5), strata, 50, 0)
    assert (apart[:, strata == 1].sum(1) == 2).all()
    shared = draw_weights(np.array([0, 1, 2, 0, 1]), strata, 200, 0)
    assert len(set(shared[:, strata == 1].sum(1).tolist())) > 1


def test_the_interval_is_that_of_a_loop_over_replicates() -> None:
    values = np.random.default_rng(1).normal(size=60)
    weights = draw_weights(np.arange(60), np.zeros(60), 400, 3)
    found = estimate(weighted_mean(values), weights)
    looped = [np.repeat(values, w).mean() for w in weights]
    assert found.value == pytest.approx(values.mean())
    assert found.ci95 == pytest.approx(tuple(np.percentile(looped, [2.5, 97.5])))
    assert found.n == 60


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        found = estimate(weighted_mean(rng.normal(size=80)), draw_weights(np.arange(80), np.zeros(80), 200, trial))
        assert found.ci95 is not None
        covered += found.ci95[0] <= 0 <= found.ci95[1]
    assert 0.88 <= covered / 200 <= 0.99


def test_no_replicates_give_no_interval() -> None:
    assert estimate(weighted_mean(np.ones(4)), np.zeros((0, 4), dtype=np.int16)).ci95 is None


@pytest.mark.parametrize(
    ("records", "unit", "count"),
    [
        ([record(f"m{i}", f"s{i}") for i in range(6)], "subject", 6),
        ([record("m0", f"s{i}") for i in range(6)], "section", 6),
        ([record(f"m{i % 2}", f"s{i}") for i in range(8)], "section", 8),
        ([record("m0", "s0") for _ in range(4)], "image", 4),
        ([record(), record("m1"), record("m2")], "image", 3),
    ],
)
def test_the_unit_is_the_coarsest_that_there_are_enough_of(records: list[ImageRecord], unit: str, count: int) -> None:
    clusters = clusters_of(records)
    assert (clusters.unit, clusters.count) == (unit, count)
