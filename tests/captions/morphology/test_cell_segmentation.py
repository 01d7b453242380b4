"""The outlines of one cell lie where it was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytoscribe.captions.morphology.cell_segmentation import segment_cell

from .drawn import blood_cell, glass, overlap


@pytest.mark.parametrize("lobes", [1, 2, 3])
@pytest.mark.parametrize("neighbour", [False, True])
def test_cell_and_nucleus_are_found_beside_red_cells(lobes: int, neighbour: bool) -> None:
    image, cell, nucleus = blood_cell(lobes, neighbour)
    found = segment_cell(image)
    assert overlap(found.cell, cell) > 0.85
    assert overlap(found.nucleus, nucleus) > 0.8
    assert found.doubts == ()


def test_another_lamp_changes_nothing() -> None:
    image, cell, _ = blood_cell()
    bluish = (image * np.asarray([0.8, 0.85, 0.95])).astype(np.uint8)
    assert overlap(segment_cell(bluish).cell, cell) > 0.85


def test_an_empty_slide_has_no_cell() -> None:
    found = segment_cell(glass(120, 120))
    assert not found.cell.any()
    assert found.doubts == ("no nucleus found",)


def test_a_cell_that_the_edge_cuts_is_doubtful() -> None:
    image, _, _ = blood_cell(neighbour=False)
    found = segment_cell(image[60:, 60:][:80, :80])
    assert "the cell is cut by the picture's edge" in found.doubts


def test_a_blur_keeps_the_outlines() -> None:
    image, cell, _ = blood_cell()
    assert overlap(segment_cell(ndimage.gaussian_filter(image, (1.5, 1.5, 0))).cell, cell) > 0.8
