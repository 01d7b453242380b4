"""Fields of drawn cells: all are found, and density, size and order are those of the drawing."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.captions.morphology.tissue import tissue_profile
from cytoscribe.captions.morphology.tissue_segmentation import segment_tissue
from cytoscribe.core.errors import InputError

from .drawn import disk, field, glass, overlap


@pytest.mark.slow
def test_every_cell_of_a_grid_is_outlined() -> None:
    image, labels = field()
    found = segment_tissue(image)
    assert found.max() == labels.max() == 36
    best = [max(overlap(labels == n, found == f) for f in np.unique(found[labels == n])) for n in range(1, 37)]
    assert min(best) > 0.7


def test_touching_cells_are_told_apart() -> None:
    image = glass(100, 100)
    disk(image, 50, 36, 14, (120, 100, 190))
    disk(image, 50, 62, 14, (120, 100, 190))
    assert segment_tissue(image).max() == 2


def test_a_blank_field_has_no_cell() -> None:
    with pytest.raises(InputError, match="no cell found"):
        tissue_profile(np.full((80, 80, 3), 240, np.uint8), None, 0.35, 0.0, False)


def test_densities_per_area_and_per_volume() -> None:
    image, labels = field()
    found = tissue_profile(image, labels, 0.5, 20.0, True)
    side_mm = 240 * 0.5 / 1000
    diameter = 2 * 11 * 0.5
    assert found.measures["cell_density_per_mm2"] == pytest.approx(36 / side_mm**2)
    assert found.measures["cell_density_per_mm3"] == pytest.approx(36 / (side_mm**2 * (20 + diameter) / 1000), rel=0.02)
    assert found.measures["median_cell_area_um2"] == pytest.approx(np.pi * 11**2 / 4, rel=0.05)
    assert len(found.rows["cells"]) == 36


def test_a_grid_is_regular_and_clumps_are_clustered() -> None:
    rng = np.random.default_rng(0)
    grid = tissue_profile(*field(), 0.5, 0.0, False).measures["nearest_neighbour_index"]
    image, labels = glass(240, 240), np.zeros((240, 240), np.int32)
    for n in range(1, 31):
        row, column = rng.choice([40, 200]) + rng.normal(0, 12), rng.choice([40, 200]) + rng.normal(0, 12)
        labels[disk(image, row, column, 2, (120, 100, 190))] = n
    assert grid > 1.4
    assert tissue_profile(image, labels, 0.5, 0.0, False).measures["nearest_neighbour_index"] < 0.8


@pytest.mark.slow
def test_pixels_too_coarse_for_cells_are_refused_and_an_unknown_size_is_doubtful() -> None:
    image, _ = field()
    with pytest.raises(InputError, match=r"12\.5 micrometres per pixel"):
        tissue_profile(image, None, 12.5, 0.0, False)
    found = tissue_profile(image, None, None, 0.0, False)
    assert "no pixel size" in found.doubts[0]
    assert "cell_density_per_mm2" not in found.measures
