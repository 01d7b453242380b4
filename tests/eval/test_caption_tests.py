"""Masked captions read back: against a loop that draws, and against captions that leak or tell nothing."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.eval.caption_tests import beaten_by, chance_of_right


@given(st.integers(2, 9), st.integers(2, 9), st.data())
def test_the_chance_is_the_share_of_all_draws_that_hold_no_better_region(regions: int, ways: int, data: st.DataObject) -> None:
    beaten = data.draw(st.integers(0, regions - 1))
    others = [True] * beaten + [False] * (regions - 1 - beaten)
    draws = list(combinations(others, min(ways, regions) - 1))
    expected = np.mean([not any(d) for d in draws])
    assert chance_of_right(np.array([float(beaten)]), regions, ways)[0] == pytest.approx(expected)


def test_nothing_to_compare_stays_nothing() -> None:
    assert np.isnan(chance_of_right(np.array([np.nan]), 12)).all()


@given(st.integers(0, 10_000))
def test_the_own_region_is_compared_without_captions_of_the_same_claims(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(24, 6))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    regions = np.arange(24) % 4
    claims = [(f"c{i % 3}",) for i in range(24)]
    found = beaten_by(features, regions, claims, np.arange(24), regions)
    for i in range(24):
        near = []
        for r in range(4):
            those = [j for j in range(24) if regions[j] == r and not (r == regions[i] and claims[j] == claims[i])]
            mean = features[those].sum(0)
            near.append(features[i] @ mean / np.linalg.norm(mean))
        assert found[i] == sum(n >= near[regions[i]] for n in near) - 1


def test_telling_captions_are_always_read_back_and_those_of_one_claim_set_cannot_be_asked() -> None:
    features = np.repeat(np.eye(3), 2, axis=0)
    regions = np.repeat(np.arange(3), 2)
    told = beaten_by(features, regions, [(str(i),) for i in range(6)], np.arange(6), regions)
    assert (told == 0).all()
    assert np.isnan(beaten_by(features, regions, [("same",)] * 6, np.arange(6), regions)).all()


def test_a_caption_of_another_region_brings_back_that_region() -> None:
    features = np.repeat(np.eye(3), 2, axis=0)
    regions = np.repeat(np.arange(3), 2)
    wrong = beaten_by(features, regions, [(str(i),) for i in range(6)], np.array([0]), np.array([1]))
    assert wrong[0] >= 1
