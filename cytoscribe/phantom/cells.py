"""Where cells lie: a thinned Poisson process whose mean is the spec's density, layer by layer, island by island, column by column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cytoscribe.phantom.frame import Frame, layer_of
from cytoscribe.phantom.tissue import SHAPES, CellClass, CellTable, LayerSpec, PhantomSpec, Preparation

_GLIA = CellClass("round", 6.5, 0.12)
_ISLAND_SHARE = 0.55
"""Part of the layer that nests take up; their density is raised so that the layer keeps its mean."""


def profiles_per_mm2(layer: LayerSpec, section_um: float, density: float = 1.0) -> float:
    """Cell profiles that a section shows per mm2 of a layer: N_A = N_V (T + D) (Abercrombie 1946, Anat. Rec. 94:239)."""
    diameter = sum(c.share * c.diameter_um for c in layer.cells)
    return layer.density * density * (section_um + diameter) * 1e-3


def sample(
    spec: PhantomSpec, preparation: Preparation, frame: Frame, rng: np.random.Generator, size_um: tuple[float, float]
) -> CellTable:
    """Cells in a window of (height, width) micrometres, neurons first, then glia."""
    neurons = _points(spec, preparation, frame, rng, size_um, _neuron_density(spec, preparation), scattered=True)
    glia = _points(spec, preparation, frame, rng, size_um, _glia_density(spec, preparation), scattered=False)
    parts = [_neurons(spec, preparation, frame, rng, *neurons), _glia(preparation, rng, *glia)]
    return CellTable(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in CellTable.__dataclass_fields__})


def _neuron_density(spec: PhantomSpec, preparation: Preparation) -> np.ndarray:
    """(layers + 2,) profiles per mm2 by the layer map's index."""
    inner = [profiles_per_mm2(layer, preparation.section_um, preparation.density) for layer in spec.layers]
    return np.array([0.0, *inner, 0.0])


def _glia_density(spec: PhantomSpec, preparation: Preparation) -> np.ndarray:
    reach = (preparation.section_um + _GLIA.diameter_um) * 1e-3
    return np.array([0.0, *[spec.glia * reach] * len(spec.layers), spec.white_glia * reach])


def _points(
    spec: PhantomSpec,
    preparation: Preparation,
    frame: Frame,
    rng: np.random.Generator,
    size_um: tuple[float, float],
    density: np.ndarray,
    *,
    scattered: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and layer of points of a Poisson process with the given mean by layer; `scattered` layers have blurred borders."""
    peak = (density * _gathered(spec)).max() if scattered else density.max()
    count = rng.poisson(peak * size_um[0] * size_um[1] * 1e-6)
    y, x = rng.uniform(0, size_um[0], count), rng.uniform(0, size_um[1], count)
    depth = frame.depth(x, y)
    tissue = (depth > 0) & (depth < (1.1 if scattered else np.inf))
    x, y, depth = x[tissue], y[tissue], depth[tissue]
    if scattered:
        depth = _scatter(depth, spec, preparation, rng)
    layer = layer_of(depth, spec)
    wanted = density[layer]
    if scattered:
        wanted = wanted * _gathering(spec, frame, x, y, layer)
    keep = rng.uniform(0, peak, len(x)) < wanted
    return x[keep], y[keep], layer[keep]


def _scatter(depth: np.ndarray, spec: PhantomSpec, preparation: Preparation, rng: np.random.Generator) -> np.ndarray:
    """Shift depths at random by the blur of the nearest border, never across the pia."""
    blur = np.array([4.0, *(layer.lower_border_um for layer in spec.layers)]) / (spec.thickness_um * preparation.thickness)
    borders = spec.borders
    nearest = np.searchsorted((borders[1:] + borders[:-1]) / 2, depth)
    shifted = depth + rng.normal(0, 1, len(depth)) * blur[nearest]
    return np.maximum(shifted, 0.0)


def _gathered(spec: PhantomSpec) -> np.ndarray:
    """(layers + 2,) highest factor that `_gathering` gives in each layer."""
    return np.array([1.0, *((1 + s.columns) * (1 / _ISLAND_SHARE if s.islands_um else 1.0) for s in spec.layers), 1.0])


def _gathering(spec: PhantomSpec, frame: Frame, x: np.ndarray, y: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Factor of the density at each point, with mean 1 along every layer."""
    columns = np.array([0.0, *(s.columns for s in spec.layers), 0.0])[layer]
    islands = np.array([0.0, *(s.islands_um for s in spec.layers), 0.0])[layer]
    along = frame.along(x, y)
    shifted = along + frame.shift(along)
    factor = 1 + columns * np.cos(2 * np.pi * shifted / spec.column_um)
    if islands.any():
        period = np.where(islands > 0, islands / _ISLAND_SHARE, 1.0)
        inside = ((along + 2 * frame.shift(along) + 0.3 * y) / period) % 1.0 < _ISLAND_SHARE
        factor = factor * np.where(islands > 0, inside / _ISLAND_SHARE, 1.0)
    return factor


def _neurons(
    spec: PhantomSpec,
    preparation: Preparation,
    frame: Frame,
    rng: np.random.Generator,
    x: np.ndarray,
    y: np.ndarray,
    layer: np.ndarray,
) -> CellTable:
    count = len(x)
    diameter, shape, stain = np.zeros(count), np.zeros(count, np.uint8), np.ones(count)
    for index, layer_spec in enumerate(spec.layers, start=1):
        here = np.flatnonzero(layer == index)
        kinds = rng.choice(len(layer_spec.cells), len(here), p=[c.share for c in layer_spec.cells])
        for kind, cell in enumerate(layer_spec.cells):
            chosen = here[kinds == kind]
            diameter[chosen] = _diameters(cell, rng, len(chosen))
            shape[chosen] = SHAPES.index(cell.shape)
        stain[here] = layer_spec.stain
    angle = frame.apical(x, y) + rng.normal(0, 0.15, count) + (shape == 0) * rng.uniform(0, 2 * np.pi, count)
    table = _table(x, y, diameter, angle, layer, shape, rng, preparation)
    return replace(table, stain=table.stain * stain)


def _glia(preparation: Preparation, rng: np.random.Generator, x: np.ndarray, y: np.ndarray, layer: np.ndarray) -> CellTable:
    angle = rng.uniform(0, 2 * np.pi, len(x))
    table = _table(x, y, _diameters(_GLIA, rng, len(x)), angle, layer, np.zeros(len(x), np.uint8), rng, preparation)
    return replace(table, glia=np.ones(len(x), bool), stain=table.stain * 1.15)


def _diameters(cell: CellClass, rng: np.random.Generator, count: int) -> np.ndarray:
    """Log-normal diameters with the class's mean and coefficient of variation."""
    sigma = np.sqrt(np.log1p(cell.spread**2))
    return cell.diameter_um * np.exp(rng.normal(-(sigma**2) / 2, sigma, count))


def _table(
    x: np.ndarray,
    y: np.ndarray,
    diameter: np.ndarray,
    angle: np.ndarray,
    layer: np.ndarray,
    shape: np.ndarray,
    rng: np.random.Generator,
    preparation: Preparation,
) -> CellTable:
    """Cells whose centre lies outside the section show only the cap that reaches into it."""
    height = rng.uniform(0, 1, len(x)) * (preparation.section_um + diameter) - diameter / 2
    outside = np.maximum(np.maximum(-height, height - preparation.section_um), 0.0)
    radius2 = np.maximum((diameter / 2) ** 2 - outside**2, 0.25)
    stain = preparation.optical_density * rng.normal(1, 0.12, len(x)).clip(0.5, 1.5)
    return CellTable(x, y, np.pi * radius2, angle, layer, shape, np.zeros(len(x), bool), stain)
