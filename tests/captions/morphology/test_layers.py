"""Layers of a drawn slab: thickness, staining and cells come out as drawn."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.captions.morphology.layer_names import Band
from cytoscribe.captions.morphology.layers import Cells, measure_layers
from cytoscribe.core.errors import InputError

BANDS = {1: Band("A", "I"), 2: Band("A", "IV"), 3: Band("A", "VI")}


def slab(dark: tuple[int, int, int] = (220, 120, 180)) -> tuple[np.ndarray, np.ndarray]:
    """120 x 60 px: 10 px of glass, layers of 20, 30 and 50 px, 10 px of white matter that no layer names."""
    labels = np.zeros((120, 60), np.int64)
    labels[10:30], labels[30:60], labels[60:110] = 1, 2, 3
    grey = np.select([labels == i for i in (1, 2, 3)], dark, 250)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8), labels


def test_thickness_and_staining_are_as_drawn() -> None:
    image, labels = slab()
    found = measure_layers(image, labels, BANDS, 2.0, None)
    shares = [found[b]["thickness_percent"] for b in BANDS.values()]
    assert shares == pytest.approx([20, 30, 50], abs=3)
    assert found[BANDS[1]]["cortex_thickness_um"] == pytest.approx(200, rel=0.05)
    darkness = [found[b]["mean_density_od"] for b in BANDS.values()]
    assert darkness[1] > darkness[2] > darkness[0]
    assert found[BANDS[2]]["area_mm2"] == pytest.approx(30 * 60 * 4e-6, rel=0.1)


def test_without_a_pixel_size_nothing_is_in_micrometres() -> None:
    found = measure_layers(*slab(), BANDS, None, None)
    assert not any(name.endswith(("_um", "_um2", "_mm2")) for m in found.values() for name in m)
    assert found[BANDS[1]]["cortex_thickness_px"] == pytest.approx(100, rel=0.05)


def test_cells_count_in_the_layer_of_their_centre_and_nowhere_outside() -> None:
    points = np.array([[5, 40], [6, 41], [50, 100], [30, 2], [900, 900]], float)
    found = measure_layers(*slab(), BANDS, 1.0, Cells(points, np.array([10.0, 30.0, 99.0, 5.0, 5.0])))
    assert [found[b]["cells"] for b in BANDS.values()] == [0, 2, 1]
    assert found[BANDS[2]]["median_cell_area_um2"] == 20
    assert found[BANDS[2]]["typical_cell_area_um2"] == 30
    assert found[BANDS[2]]["cell_density_per_mm2"] == pytest.approx(2 / found[BANDS[2]]["area_mm2"])
    assert np.isnan(found[BANDS[1]]["median_cell_area_um2"])


def test_a_label_map_beside_the_tissue_is_refused() -> None:
    image, labels = slab()
    with pytest.raises(InputError, match=r"nothing is stained|tissue"):
        measure_layers(np.full_like(image, 250), labels, BANDS, None, None)
    with pytest.raises(InputError, match="no named layer"):
        measure_layers(image, labels, {77: Band("A", "II")}, None, None)


def test_a_layer_that_hangs_over_the_edge_is_left_out() -> None:
    image, labels = slab()
    labels[:10, :], labels[10:30] = 1, 0
    found = measure_layers(image, labels, BANDS, None, None)
    assert BANDS[1] not in found
    assert BANDS[2] in found
