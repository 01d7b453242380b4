"""What is measured in each layer of each region of a picture: thickness, staining, grey level index, and cells where they are known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import filters

from cytoscribe.captions.morphology.layer_names import Band
from cytoscribe.captions.morphology.pixels import depth_within, nearest_in
from cytoscribe.captions.morphology.stain import optical_density, principal_stain
from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.report.opposition import atoms

LEAST_PX = 30
"""A band of fewer pixels is not measured."""
_SUPERFICIAL, _DEEP = "I", "VI"
_GLASS = 0.03
"""Optical density, smoothed, below which a place is bare glass: label maps hang over the edge of the tissue."""
_ON_TISSUE = 0.5
"""A band of which less lies on tissue is not measured."""
_UPPER_SIZE = 95
"""Percentile of the cell areas that speaks of giant cells."""


@dataclass(frozen=True)
class Cells:
    """Detected cells of one picture. points: (N, 2) x and y in pixels; areas: (N,) in px2, NaN where a size is unknown."""

    points: np.ndarray
    areas: np.ndarray


def measure_layers(
    image: np.ndarray, labels: np.ndarray, bands: Mapping[int, Band], pixel_size_um: float | None, cells: Cells | None
) -> dict[Band, dict[str, float]]:
    """Measures of every band that the label map shows, by name, units in the names; NaN where one could not be taken.

    image: (H, W, 3) uint8 on a light ground; labels: (H, W) int; bands: label value to band, other values lie outside.
    Raises InputError where no band has LEAST_PX pixels, or nothing is stained.
    """
    names = list(dict.fromkeys(bands.values()))
    places = {band: i + 1 for i, band in enumerate(names)}
    known = np.zeros(int(max(labels.max(), *bands, 0)) + 1, np.int32)
    for value, band in bands.items():
        known[value] = places[band]
    grid = known[labels]
    counts = np.bincount(grid.ravel(), minlength=len(names) + 1)
    shown = [b for b in names if counts[places[b]] >= LEAST_PX]
    if not shown:
        raise InputError(f"the label map shows no named layer with {LEAST_PX} pixels or more")
    dye = principal_stain(optical_density(image))
    if np.ptp(dye[grid > 0]) < 0.05:
        raise InputError("nothing is stained")
    tissue = np.asarray(ndimage.gaussian_filter(dye, 2.0)) > _GLASS
    on_tissue = {b: tissue[grid == places[b]].mean() >= _ON_TISSUE for b in shown}
    if not any(on_tissue.values()):
        raise InputError("the label map does not lie on stained tissue")
    stained = dye > filters.threshold_otsu(dye[(grid > 0) & tissue])
    where = {b: (grid == places[b]) & tissue for b in shown if on_tissue[b]}
    found = {b: _pixels(where[b], dye, stained, pixel_size_um) for b in where}
    _add_thickness(found, where, pixel_size_um)
    if cells is not None:
        _add_cells(found, grid, places, cells, pixel_size_um)
    return found


def _pixels(mask: np.ndarray, dye: np.ndarray, stained: np.ndarray, pixel_size_um: float | None) -> dict[str, float]:
    dark = mask & stained
    area = float(mask.sum())
    return {
        **({"area_mm2": area * pixel_size_um**2 * 1e-6} if pixel_size_um else {"area_px2": area}),
        "grey_level_index": float(stained[mask].mean()),
        "mean_density_od": float(dye[mask].mean()),
        "stained_density_od": float(dye[dark].mean()) if dark.any() else math.nan,
    }


def _add_thickness(found: dict[Band, dict[str, float]], where: Mapping[Band, np.ndarray], pixel_size_um: float | None) -> None:
    """Each layer's share of its region's layered area, and the region's thickness from the outer to the inner side."""
    layered = {b: m for b, m in where.items() if atoms(b.layer)}
    for band in found:
        found[band] |= {"thickness_percent": math.nan, "cortex_thickness_um" if pixel_size_um else "cortex_thickness_px": math.nan}
    if not layered:
        return
    depth = _depth(layered)
    for region in dict.fromkeys(b.region for b in layered):
        own = {b: m for b, m in layered.items() if b.region == region}
        if len(own) < 2:
            continue
        whole = sum(float(m.sum()) for m in own.values())
        over = np.logical_or.reduce(list(own.values()))
        thickness = float(np.median(depth[over])) * (pixel_size_um or 1.0) if depth is not None else math.nan
        for band, mask in own.items():
            found[band]["thickness_percent"] = 100 * float(mask.sum()) / whole
            found[band]["cortex_thickness_um" if pixel_size_um else "cortex_thickness_px"] = thickness


def _depth(layered: Mapping[Band, np.ndarray]) -> np.ndarray | None:
    """(H, W) px: for each place the distance to what lies above layer I plus that to what lies below layer VI; None where the picture
    shows only one of the two sides. Ground beside the cortex belongs to the side whose layer is nearer."""
    every = np.logical_or.reduce(list(layered.values()))
    top, bottom = (_of_layer(layered, name, every.shape) for name in (_SUPERFICIAL, _DEEP))
    if not top.any() or not bottom.any() or every.all():
        return None
    _, nearest = nearest_in(every)
    above = ~every & top[tuple(nearest)]
    below = ~every & bottom[tuple(nearest)]
    if not above.any() or not below.any():
        return None
    return depth_within(~above) + depth_within(~below)


def _of_layer(layered: Mapping[Band, np.ndarray], name: str, size: tuple[int, ...]) -> np.ndarray:
    masks = [m for b, m in layered.items() if atoms(b.layer) & atoms(name)]
    return np.logical_or.reduce(masks) if masks else np.zeros(size, bool)


def _add_cells(
    found: dict[Band, dict[str, float]], grid: np.ndarray, places: Mapping[Band, int], cells: Cells, pixel_size_um: float | None
) -> None:
    height, width = grid.shape
    columns, rows = np.floor(cells.points.T).astype(int)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    place = np.zeros(len(cells.points), int)
    place[inside] = grid[rows[inside], columns[inside]]
    for band in found:
        found[band] |= cell_numbers(cells.areas[place == places[band]], found[band], pixel_size_um)


def cell_numbers(areas: np.ndarray, band: Mapping[str, float], pixel_size_um: float | None) -> dict[str, float]:
    """Count, density and sizes of the cells of one band; areas: (N,) px2, or um2 with a pixel size of 1."""
    unit, end = (pixel_size_um**2, "um2") if pixel_size_um else (1.0, "px2")
    count, areas = areas.size, areas[np.isfinite(areas)]
    known = areas.size > 0
    return {
        "cells": float(count),
        **({"cell_density_per_mm2": count / band["area_mm2"]} if pixel_size_um else {}),
        f"median_cell_area_{end}": float(np.median(areas)) * unit if known else math.nan,
        f"typical_cell_area_{end}": _typical(areas) * unit if known else math.nan,
        f"upper_cell_area_{end}": float(np.percentile(areas, _UPPER_SIZE)) * unit if known else math.nan,
    }


def _typical(areas: np.ndarray) -> float:
    """The size at which half of the stained area lies in larger cells: glia are many but small, so they hardly move it."""
    rising = np.sort(areas)
    return float(rising[np.searchsorted(np.cumsum(rising), rising.sum() / 2)])
