"""Weights of two scales: fitted where there is something to fit, and never a broken promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.eval.metrics.naming import log, normalised
from cytoscribe.eval.metrics.pooling import LEAST_PIECES, POOL_FILE, Pool, fitted


def views(pieces: int, right: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities (U, 4) of an expert that is right in that share of the pieces, always quite sure of itself; the truth (U,)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(4, size=pieces)
    named = np.where(rng.random(pieces) < right, truth, (truth + rng.integers(1, 4, size=pieces)) % 4)
    return log(normalised(4.0 * np.eye(4)[named])), truth


def test_the_better_expert_weighs_more_and_is_not_outvoted() -> None:
    region, truth = views(200, 0.95, 0)
    other = np.random.default_rng(1).integers(4, size=200)
    tile = log(normalised(6.0 * np.eye(4)[other]))  # very sure, right by chance
    pool = fitted(region, tile, truth)
    assert pool.pieces == 200
    assert pool.tile_share < 0.05
    right = [(p.argmax(1) == truth).mean() for p in (pool.probabilities(region, tile), Pool().probabilities(region, tile))]
    assert right[0] > right[1] + 0.3


def test_two_independent_experts_are_better_than_either() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(4, size=2000)
    region, tile = (log(normalised(2.0 * np.eye(4)[truth] + rng.normal(0, 1.2, (2000, 4)))) for _ in range(2))
    pool = fitted(region[:1000], tile[:1000], truth[:1000])
    assert pool.tile_share == pytest.approx(0.5, abs=0.1)
    both = (pool.probabilities(region, tile).argmax(1) == truth)[1000:].mean()
    assert both > max((v.argmax(1) == truth)[1000:].mean() for v in (region, tile)) + 0.02


def test_too_few_pieces_leave_both_alike() -> None:
    region, truth = views(LEAST_PIECES - 1, 1.0, 0)
    assert fitted(region, region, truth) == Pool()


def test_an_expert_without_a_weight_says_nothing() -> None:
    rng = np.random.default_rng(0)
    region, tile = rng.random((2, 5))
    for pool, alone in ((Pool(1.5, 0.0), region), (Pool(0.0, 1.5), tile)):
        assert pool.scores(region, tile) == pytest.approx(alone)
    assert Pool(1.5, 0.0).p_values(region, tile) == pytest.approx(region)
    assert Pool().p_values(region, tile) == pytest.approx(np.minimum(region + tile, 1))


@given(st.floats(0, 5), st.floats(0, 5), st.integers(0, 1000))
def test_p_values_keep_their_promise_for_any_weights(first: float, other: float, seed: int) -> None:
    """Of known pieces no larger share than alpha has a p-value of at most alpha, however the two depend on each other."""
    pool = Pool(first + 0.01, other)
    rng = np.random.default_rng(seed)
    one = rng.random(4000)
    for two in (one, 1 - one, rng.random(4000)):
        for alpha in (0.05, 0.2):
            assert (pool.p_values(one, two) <= alpha).mean() <= alpha + 0.03


def test_weights_are_written_and_read(tmp_path: Path) -> None:
    pool = Pool(0.8, 0.3, 31)
    pool.save(tmp_path)
    assert Pool.load(tmp_path) == pool
    with pytest.raises(InputError, match=r"no pool\.json"):
        Pool.load(tmp_path / "elsewhere")


@pytest.mark.parametrize("told", ["{}", '{"region": -1, "tile": 1, "pieces": 3}', '{"region": "x", "tile": 1, "pieces": 3}'])
def test_damaged_weights_are_named(tmp_path: Path, told: str) -> None:
    (tmp_path / POOL_FILE).write_text(told)
    with pytest.raises(InputError, match=r"pool\.json"):
        Pool.load(tmp_path)
