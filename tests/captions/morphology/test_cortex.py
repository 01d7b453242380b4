"""Profiles of drawn cortex: bands lie where they were drawn, whichever way the piece is turned."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.captions.morphology.cortex import band_borders, cortex_profile, depth_profile, describe
from cytoscribe.core.errors import InputError

from .drawn import NISSL, disk, glass

BANDS = ((0.0, 0.1, 0), (0.1, 0.4, 250), (0.4, 0.55, 330), (0.55, 1.0, 200))
"""Upper and lower end as a share of the depth, and cells drawn: a cell-free band, then bands of 1.0, 2.6 and 0.5 times as many."""


def cortex(side: int = 300) -> np.ndarray:
    rng = np.random.default_rng(0)
    image = glass(side, side)
    for top, bottom, cells in BANDS:
        for row, column in zip(rng.uniform(top, bottom, cells), rng.uniform(0, 1, cells), strict=True):
            disk(image, row * side, column * side, 3, NISSL)
    return image


@pytest.mark.slow
@pytest.mark.parametrize("turns", range(4))
def test_the_pia_is_found_and_bands_lie_where_they_were_drawn(turns: int) -> None:
    found = cortex_profile(np.rot90(cortex(), turns), None, "guess")
    assert found.doubts == ()
    gli = np.asarray([r["gli"] for r in found.rows["profiles"]])
    means = [gli[int(100 * a) + 2 : int(100 * b) - 2].mean() for a, b, _ in BANDS]
    assert means[0] < 0.02 < means[3] < means[1] < means[2]
    depths = np.asarray([b["depth_percent"] for b in found.rows["borders"]])
    for border in (10, 40, 55):
        assert np.abs(depths - border).min() < 5


def test_a_given_side_is_used_and_an_unclear_one_is_doubtful() -> None:
    image = cortex()
    upper = cortex_profile(image, None, "top").measures["gli_centre_percent_depth"]
    lower = cortex_profile(image, None, "bottom").measures["gli_centre_percent_depth"]
    assert upper + lower == pytest.approx(100, abs=0.5)
    flat = glass(200, 200)
    rng = np.random.default_rng(1)
    for row, column in rng.uniform(0, 200, (600, 2)):
        disk(flat, row, column, 3, NISSL)
    assert "pial side is not clear" in cortex_profile(flat, None, "guess").doubts[0]


def test_a_slanting_piece_keeps_its_layers_level() -> None:
    rows, columns = np.mgrid[:200, :100]
    mask = (rows >= columns // 2) & (rows < columns // 2 + 100)
    stained = mask & (rows - columns // 2 >= 50)
    profile = depth_profile(stained, mask)
    assert profile[:48].max() == 0
    assert profile[52:].min() == 1


def test_moments_of_a_flat_and_a_leaning_profile() -> None:
    flat, deep = describe(np.full(100, 0.2)), describe(np.linspace(0, 0.4, 100))
    assert flat["gli_mean"] == pytest.approx(0.2)
    assert flat["gli_centre_percent_depth"] == pytest.approx(50)
    assert flat["gli_layer_contrast"] == pytest.approx(0)
    assert deep["gli_centre_percent_depth"] > 60
    assert deep["gli_skewness"] < 0 < deep["gli_layer_contrast"]


def test_a_step_is_one_border_with_its_sign() -> None:
    borders = band_borders(np.r_[np.full(30, 0.4), np.full(70, 0.1)])
    assert [b["depth_percent"] for b in borders] == [pytest.approx(30, abs=1.5)]
    assert borders[0]["sharpness"] < 0
    assert band_borders(np.full(100, 0.3)) == []


def test_blank_and_thin_pieces_are_refused() -> None:
    with pytest.raises(InputError, match="nothing is stained"):
        cortex_profile(np.full((50, 50, 3), 230, np.uint8), None, "top")
    mask = np.zeros((300, 300), np.int32)
    mask[100:110] = 1
    with pytest.raises(InputError, match="fewer than 20 pixels"):
        cortex_profile(cortex(), mask, "top")
