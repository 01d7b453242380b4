"""The phantom's truth is what was asked for: density, size, layers, and the same picture for the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.phantom.areas import area, areas
from cytoscribe.phantom.cells import profiles_per_mm2
from cytoscribe.phantom.draw import CellClass, CellTable, LayerSpec, PhantomSpec, Preparation, draw
from cytoscribe.phantom.frame import layer_of
from cytoscribe.phantom.optics import absorb
from cytoscribe.phantom.tissue import Phantom

FLAT = Preparation(fold_um=0.0, vessels=0.0)


def one_layer(**change: object) -> PhantomSpec:
    layer = replace(LayerSpec("III", 1.0, 40e3, lower_border_um=0.0), **change)  # type: ignore[arg-type]
    return PhantomSpec("test", (layer,), thickness_um=2000.0)


def _area_mm2(phantom: Phantom, layer: int) -> float:
    return float((phantom.layer_map == layer).sum()) * phantom.pixel_size_um**2 * 1e-6


def test_the_same_generator_state_draws_the_same_patch() -> None:
    first, second = (draw(area("hOc1").spec, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.cells.x_um, second.cells.x_um)
    assert not np.array_equal(first.image, draw(area("hOc1").spec, np.random.default_rng(8)).image)


@settings(max_examples=20)
@given(
    density=st.floats(5e3, 2e5),
    diameter=st.floats(6, 30),
    columns=st.floats(0, 1),
    islands=st.sampled_from([0.0, 160.0]),
    seed=st.integers(0, 1000),
)
def test_realised_density_is_the_density_asked_for(
    density: float, diameter: float, columns: float, islands: float, seed: int
) -> None:
    spec = one_layer(density=density, columns=columns, islands_um=islands, cells=(CellClass("round", diameter, 0.0),))
    phantom = draw(spec, np.random.default_rng(seed), (96, 192), 32.0, FLAT)
    expected = profiles_per_mm2(spec.layers[0], FLAT.section_um) * _area_mm2(phantom, 1)
    found = int((~phantom.cells.glia & (phantom.cells.layer == 1)).sum())
    # five standard deviations of a Poisson count and of columns, whose cells come together, and 6% for islands that the picture's edge cuts
    spread = np.sqrt(1 / expected + (0.06 * columns) ** 2)
    assert abs(found / expected - 1) < 5 * spread + (0.06 if islands else 0.03)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=9), st.lists(st.floats(-0.2, 1.2), min_size=1, max_size=50))
def test_layers_follow_their_fractions(fractions: list[float], depths: list[float]) -> None:
    spec = PhantomSpec("test", tuple(LayerSpec(str(i), f, 1e4) for i, f in enumerate(fractions)))
    borders = np.cumsum(fractions) / sum(fractions)
    found = layer_of(np.array(depths), spec)
    for depth, index in zip(depths, found, strict=True):
        if depth < 0:
            assert index == 0
        elif index <= len(fractions):
            assert depth <= borders[index - 1] + 1e-9
        else:
            assert depth >= 1 - 1e-9


def test_the_layer_map_has_the_thickness_of_the_spec() -> None:
    spec = area("FG2").spec
    phantom = draw(spec, np.random.default_rng(0), (200, 64), 20.0, replace(FLAT, margin_um=200.0))
    thickness = phantom.mask.sum(axis=0).mean() * phantom.pixel_size_um
    assert thickness == pytest.approx(spec.thickness_um, rel=0.05)
    shares = np.array([_area_mm2(phantom, i + 1) for i in range(len(spec.layers))])
    assert shares / shares.sum() == pytest.approx(np.diff(spec.borders), abs=0.02)
    assert phantom.layer_names[0] == "glass"
    assert phantom.layer_map[0].max() == 0


@given(
    radius=st.floats(1.0, 20.0),
    shape=st.integers(0, 2),
    angle=st.floats(-np.pi, np.pi),
    offset=st.floats(0, 1),
    pixel=st.sampled_from([0.5, 1.0, 4.0, 16.0]),
)
def test_a_body_darkens_as_much_as_its_area_at_any_pixel_size(
    radius: float, shape: int, angle: float, offset: float, pixel: float
) -> None:
    area_um2 = np.pi * radius**2
    one = {name: np.array([value]) for name, value in {"x_um": 64 + offset, "y_um": 64 - offset, "area_um2": area_um2}.items()}
    cell = CellTable(
        **one, angle=np.array([angle]), layer=np.ones(1), shape=np.array([shape]), glia=np.array([True]), stain=np.array([1.0])
    )
    size = int(128 / pixel)
    darkened = (1 - np.exp(-absorb(cell, (size, size), pixel))).sum() * pixel**2
    assert darkened == pytest.approx(area_um2 * (1 - np.exp(-1)), rel=0.12)


def test_cut_cells_show_no_more_than_their_whole_profile() -> None:
    spec = one_layer(cells=(CellClass("round", 20.0, 0.0),))
    cells = draw(spec, np.random.default_rng(0), 64, 16.0, FLAT).cells
    neurons = cells.where(~cells.glia)
    assert neurons.area_um2.max() <= np.pi * 100 + 1e-6
    assert 0.2 < (neurons.area_um2 < np.pi * 99).mean() < 0.7


@pytest.mark.parametrize("known", areas(), ids=lambda a: a.name)
def test_every_area_draws_dark_cells_on_a_light_ground(known) -> None:
    phantom = draw(known.spec, np.random.default_rng(0))
    grey = phantom.image.mean(axis=2)
    assert phantom.image.shape == (128, 128, 3)
    assert grey[phantom.mask].mean() < grey[phantom.layer_map == 0].mean() - 15


@pytest.mark.parametrize(
    "spec",
    [
        PhantomSpec("empty", ()),
        PhantomSpec("flat", (LayerSpec("I", 1.0, 1.0),), thickness_um=0.0),
        one_layer(fraction=0.0),
        one_layer(cells=(CellClass(share=0.4),)),
        one_layer(density=-1.0),
    ],
)
def test_a_spec_that_cannot_be_drawn_is_refused(spec: PhantomSpec) -> None:
    with pytest.raises(InputError):
        draw(spec, np.random.default_rng(0))


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match="positive size"):
        draw(area("hOc1").spec, np.random.default_rng(0), 0)
