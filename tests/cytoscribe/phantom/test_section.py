"""Drawn sections: labels, layers and cells tell the same story."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.phantom.areas import areas
from cytoscribe.phantom.cells import profiles_per_mm2
from cytoscribe.phantom.section import SectionPhantom, draw_section
from cytoscribe.phantom.tissue import Preparation

SPECS = [a.spec for a in areas()[:6]]
PLAIN = Preparation(vessels=0.0, section_um=20.0)


@pytest.fixture(scope="module")
def section() -> SectionPhantom:
    return draw_section(SPECS, np.random.default_rng(0), (300, 360), 96.0, PLAIN, sulci=3)


@pytest.mark.slow
def test_every_area_has_its_stretch_of_cortex(section: SectionPhantom) -> None:
    shares = np.bincount(section.labels.ravel(), minlength=7)[1:] / (section.labels > 0).sum()
    assert shares.min() > 0.05
    assert section.names[1:] == tuple(s.name for s in SPECS)
    assert not (section.white & (section.labels > 0)).any()


def test_cells_lie_in_tissue_and_glia_alone_in_white_matter(section: SectionPhantom) -> None:
    row, column = ((v / section.pixel_size_um).astype(int) for v in (section.cells.y_um, section.cells.x_um))
    in_white = section.white[row, column]
    in_cortex = section.labels[row, column] > 0
    assert (in_white | in_cortex).mean() > 0.99
    deep = in_white & ~section.cells.glia
    assert deep.mean() < 0.03  # those that a blurred border to the white matter lets through


def test_the_number_of_neurons_follows_the_layers(section: SectionPhantom) -> None:
    row, column = ((v / section.pixel_size_um).astype(int) for v in (section.cells.y_um, section.cells.x_um))
    owner = section.labels[row, column]
    pixel_mm2 = section.pixel_size_um**2 * 1e-6
    for value, spec in enumerate(SPECS, start=1):
        here = section.labels == value
        inner = section.layer_map[here]
        expected = sum(
            (inner == index).sum() * pixel_mm2 * profiles_per_mm2(layer, PLAIN.section_um)
            for index, layer in enumerate(spec.layers, start=1)
        )
        assert ((owner == value) & ~section.cells.glia).sum() == pytest.approx(expected, rel=0.06)


@pytest.mark.slow
def test_the_same_seed_draws_the_same_section(section: SectionPhantom) -> None:
    again = draw_section(SPECS, np.random.default_rng(0), (300, 360), 96.0, PLAIN, sulci=3)
    assert np.array_equal(section.image, again.image)
    assert np.array_equal(section.labels, again.labels)


def test_apical_directions_point_to_the_pia(section: SectionPhantom) -> None:
    pyramids = section.cells.where((section.cells.shape == 1) & ~section.cells.glia)
    step = 4 * section.pixel_size_um
    x, y = pyramids.x_um + step * np.cos(pyramids.angle), pyramids.y_um + step * np.sin(pyramids.angle)
    row, column = ((v / section.pixel_size_um).astype(int) for v in (y, x))
    inside = (row >= 0) & (row < 300) & (column >= 0) & (column < 360)
    into_white = section.white[row[inside], column[inside]]
    assert into_white.mean() < 0.02


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="too small"):
        draw_section(SPECS, np.random.default_rng(0), (50, 50), 32.0)
    with pytest.raises(InputError, match="0 areas"):
        draw_section([], np.random.default_rng(0))
    with pytest.raises(InputError, match="thickness"):
        draw_section([replace(SPECS[0], thickness_um=-1.0)], np.random.default_rng(0))
