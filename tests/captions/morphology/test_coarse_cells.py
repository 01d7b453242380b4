"""Cells of about ten pixels, outlined by one cut."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.captions.morphology.tissue import coarse_cells, outlined_cells

from .drawn import NISSL, disk, field, glass


def test_every_cell_of_a_grid_is_found_at_its_size() -> None:
    image, labels = field(side=240, step=20, radius=5)
    cells = outlined_cells(image, 1.0)
    assert len(cells.points) == labels.max()
    assert np.nanmedian(cells.areas) == pytest.approx(np.median(np.bincount(labels.ravel())[1:]), rel=0.15)


def test_cells_that_touch_are_parted() -> None:
    image = glass(80, 80)
    disk(image, 40, 34, 6, NISSL)
    disk(image, 40, 45, 6, NISSL)
    assert coarse_cells(image, 1.0).max() == 2


def test_a_ground_that_darkens_from_side_to_side_is_no_cell() -> None:
    image = field(side=240, step=40, radius=6)[0].astype(float)
    image *= np.linspace(1.0, 0.75, 240)[None, :, None]
    assert coarse_cells(image.astype(np.uint8), 1.0).max() == 36


def test_a_blank_field_has_no_cell() -> None:
    assert coarse_cells(np.full((60, 60, 3), 240, np.uint8), 1.0).max() == 0
