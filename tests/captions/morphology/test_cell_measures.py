"""Measures of drawn cells: what was drawn larger, redder or grainier measures so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cytoscribe.captions.morphology.cell_measures import measure_cell
from cytoscribe.captions.morphology.cell_segmentation import CellMasks

from .drawn import blood_cell, disk


def measured(image: np.ndarray, cell: np.ndarray, nucleus: np.ndarray, size: float | None = None) -> dict[str, float]:
    return measure_cell(image, CellMasks(cell, nucleus), size)


def test_lengths_follow_the_pixel_size_and_ratios_do_not() -> None:
    drawn = blood_cell()
    px, um = measured(*drawn), measured(*drawn, 0.5)
    assert px["cell_area_px2"] == pytest.approx(math.pi * 40**2, rel=0.02)
    assert um["cell_area_um2"] == pytest.approx(px["cell_area_px2"] / 4)
    assert um["cell_perimeter_um"] == pytest.approx(px["cell_perimeter_px"] / 2)
    assert um["nucleus_to_cell_ratio"] == px["nucleus_to_cell_ratio"] == pytest.approx(22**2 / 40**2, rel=0.03)
    assert "cell_area_px2" not in um


def test_lobes_of_the_nucleus() -> None:
    assert [measured(*blood_cell(n))["nucleus_lobes"] for n in (1, 2, 3)] == [1, 2, 3]


def test_vacuoles_are_a_share_of_the_cell() -> None:
    image, cell, nucleus = blood_cell()
    assert measured(image, cell, nucleus)["vacuole_share"] == 0
    for row, column in ((70, 100), (130, 100), (100, 68)):
        disk(image, row, column, 3, (250, 240, 225))
    assert measured(image, cell, nucleus)["vacuole_share"] == pytest.approx(3 * 9 / 1600, rel=0.5)


def test_granules_raise_the_contrast_and_purple_ones_the_redness() -> None:
    image, cell, nucleus = blood_cell()
    plain = measured(image, cell, nucleus)
    rng = np.random.default_rng(1)
    for row, column in np.argwhere(cell & ~nucleus)[rng.integers(0, (cell & ~nucleus).sum(), 60)]:
        disk(image, row, column, 2.5, (70, 20, 60))
    grainy = measured(image, cell, nucleus)
    assert grainy["granule_contrast"] > 1.3 * plain["granule_contrast"]
    assert grainy["cytoplasm_redness_lab_a"] > plain["cytoplasm_redness_lab_a"] + 2


def test_a_grainy_body_that_fills_the_cell_hides_its_nucleus() -> None:
    image, cell, _ = blood_cell()
    rng = np.random.default_rng(2)
    body = np.zeros_like(cell)
    body |= disk(image, 100, 100, 37, (75, 40, 130))
    for row, column in np.argwhere(body)[rng.integers(0, body.sum(), 250)]:
        disk(image, row, column, 1.0, (20, 5, 60))
    found = measured(image, cell, body)
    assert math.isnan(found["nucleus_to_cell_ratio"])
    assert found["cell_area_px2"] > 0
