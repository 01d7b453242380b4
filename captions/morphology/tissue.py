"""What is measured in a field of many cells: how many there are, how large, how they lie, and how dark the tissue is."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.spatial import KDTree
from skimage import feature, filters, measure, segmentation

from cytoscribe.captions.morphology.layers import Cells
from cytoscribe.captions.morphology.pixels import depth_within, filled
from cytoscribe.captions.morphology.result import Found
from cytoscribe.captions.morphology.stain import optical_density, principal_stain
from cytoscribe.captions.morphology.tissue_segmentation import WORK_UM, segment_tissue
from cytoscribe.captions.morphology.units import with_units
from cytoscribe.core.errors import InputError

_COARSEST_UM = 1.5
"""A cell body spans too few pixels beyond this size of a pixel to be outlined."""
_SINGLE = 0.85
"""Solidity below which an outline holds several cells: it counts as one, and its area as none."""
_FEWEST = 5
"""Fewer cells give no distribution."""


def tissue_profile(
    image: np.ndarray, given: np.ndarray | None, pixel_size_um: float | None, thickness_um: float, rows: bool
) -> Found:
    """Cells of a field, given as labels or outlined here, and their measures; rows: one row a cell as well.

    image: (H, W, 3) uint8 on a light ground. Raises InputError where pixels are too coarse to outline cells, or no cell is found.
    """
    labels = _outlined(image, pixel_size_um) if given is None else given
    cells = measure.regionprops(labels)
    if not cells:
        raise InputError("no cell found")
    unit = pixel_size_um or 1.0
    areas = np.asarray([c.area for c in cells], dtype=float)
    centres = np.asarray([c.centroid for c in cells])
    found = _sizes(areas) | _layout(centres, image.shape[:2]) | _stain(image, labels)
    named = with_units(found, pixel_size_um) | _densities(areas, labels.shape, pixel_size_um, thickness_um)
    doubts = [] if len(cells) >= _FEWEST else [f"only {len(cells)} cells"]
    if given is None and not pixel_size_um:
        doubts.append(f"no pixel size: cells were sought as at {WORK_UM} micrometres a pixel")
    each = tuple(with_units(_one(c), pixel_size_um) | {"x_px": c.centroid[1], "y_px": c.centroid[0]} for c in cells) if rows else ()
    named["cells"] = float(len(cells))
    named["field_area_mm2" if pixel_size_um else "field_area_px2"] = labels.size * unit**2 * (1e-6 if pixel_size_um else 1.0)
    return Found(named, tuple(doubts), {"cells": labels}, {"cells": each} if rows else {})


def outlined_cells(image: np.ndarray, pixel_size_um: float | None) -> Cells:
    """Places and areas, in pixels, of the cells outlined in (H, W, 3) uint8; the area of what looks like several cells is NaN.

    Raises InputError where pixels are too coarse.
    """
    coarse = FINEST_UM <= (pixel_size_um or 0.0) <= COARSEST_UM
    labels = coarse_cells(image, pixel_size_um or 1.0) if coarse else _outlined(image, pixel_size_um)
    found = measure.regionprops(labels)
    points = np.asarray([c.centroid[::-1] for c in found], dtype=float).reshape(-1, 2)
    return Cells(points, np.asarray([c.area if c.solidity >= _SINGLE else math.nan for c in found], dtype=float))


def _outlined(image: np.ndarray, pixel_size_um: float | None) -> np.ndarray:
    """Labels at the image's own size; cells are sought at the scale that the outliner knows."""
    if not pixel_size_um:
        return segment_tissue(image)
    if pixel_size_um > _COARSEST_UM:
        raise InputError(
            f"cells cannot be outlined at {pixel_size_um:g} micrometres per pixel: give masks, or use --profile cortex"
        )
    scale = pixel_size_um / WORK_UM
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    labels = segment_tissue(np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)))
    return np.asarray(Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST))


def _sizes(areas: np.ndarray) -> dict[str, float]:
    low, middle, high = np.percentile(areas, (25, 50, 75))
    return {
        "lower_quartile_cell_area": float(low),
        "median_cell_area": float(middle),
        "upper_quartile_cell_area": float(high),
        "cell_area_variation": float(areas.std() / areas.mean()),
    }


def _densities(areas: np.ndarray, size: tuple[int, ...], pixel_size_um: float | None, thickness_um: float) -> dict[str, float]:
    """Cells per mm2 and, with the section's thickness, per mm3 by Abercrombie (1946): N t / (t + h), h the cells' mean height.

    The height is taken as the mean diameter of disks of the cells' areas, since a section does not show it.
    """
    if not pixel_size_um:
        return {}
    field = size[0] * size[1] * (pixel_size_um / 1000) ** 2
    found = {"cell_density_per_mm2": areas.size / field}
    if thickness_um:
        height = float(np.mean(2 * np.sqrt(areas / np.pi))) * pixel_size_um
        found["cell_density_per_mm3"] = areas.size / (field * thickness_um / 1000) * thickness_um / (thickness_um + height)
    return found


def _layout(centres: np.ndarray, size: tuple[int, int]) -> dict[str, float]:
    """Mean distance to the nearest cell, and that over what chance would give (Clark and Evans 1954, edges as Donnelly 1978)."""
    count = len(centres)
    if count < _FEWEST:
        return {"mean_nearest_distance": math.nan, "nearest_neighbour_index": math.nan}
    nearest = KDTree(centres).query(centres, k=2)[0][:, 1].mean()
    area, rim = size[0] * size[1], 2 * (size[0] + size[1])
    expected = 0.5 * math.sqrt(area / count) + (0.0514 + 0.041 / math.sqrt(count)) * rim / count
    return {"mean_nearest_distance": float(nearest), "nearest_neighbour_index": float(nearest / expected)}


def _stain(image: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    dye = principal_stain(optical_density(image))
    ground = labels == 0
    return {
        "stained_share": float((~ground).mean()),
        "stained_density_od": float(dye[~ground].mean()),
        "ground_density_od": float(dye[ground].mean()) if ground.any() else math.nan,
    }


def _one(cell: measure._regionprops.RegionProperties) -> dict[str, float]:
    return {
        "area": float(cell.area),
        "eccentricity": float(cell.eccentricity),
        "solidity": float(cell.solidity),
        "orientation_degrees": math.degrees(float(cell.orientation)),
    }


FINEST_UM, COARSEST_UM = 0.7, 2.5
"""Micrometres a pixel between which this outliner is used."""
_GROUND_UM = 60.0
"""Width over which the tissue's own darkness is levelled: several cells wide."""
_LEAST_UM2 = 12.0
_PEAKS_UM = 1.0
"""Centres of two cells lie at least this far apart. Chosen with the width of smoothing on drawn cortex (benchmarks/phantom_layers.py), on
other draws than are measured there."""
_SMOOTH_UM = 0.5


def coarse_cells(image: np.ndarray, pixel_size_um: float) -> np.ndarray:
    """Cells of (H, W, 3) uint8 on a light ground as (H, W) int32 numbered from 1, 0 for none."""
    dye = principal_stain(optical_density(image))
    labels = np.zeros(dye.shape, np.int32)
    if np.ptp(dye) < 0.05:
        return labels
    lifted = dye - _ground(dye, pixel_size_um)
    mask = filled(lifted > _threshold(lifted), 4)
    depth = ndimage.gaussian_filter(depth_within(mask), _SMOOTH_UM / pixel_size_um)
    apart = max(1, round(_PEAKS_UM / pixel_size_um))
    peaks = feature.peak_local_max(depth, min_distance=apart, labels=measure.label(mask, connectivity=1))
    labels[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    parts = segmentation.watershed(-depth, labels, mask=mask)
    areas = np.bincount(parts.ravel())
    kept = areas * pixel_size_um**2 >= _LEAST_UM2
    kept[0] = False
    return (np.cumsum(kept) * kept).astype(np.int32)[parts]


def _ground(dye: np.ndarray, pixel_size_um: float) -> np.ndarray:
    """(H, W): darkness of the tissue between the cells, a low percentile of coarse blocks, smoothed."""
    side = max(4, round(_GROUND_UM / pixel_size_um / 2))
    height, width = (-(-n // side) * side for n in dye.shape)
    padded = np.pad(dye, ((0, height - dye.shape[0]), (0, width - dye.shape[1])), mode="edge")
    blocks = padded.reshape(height // side, side, width // side, side).swapaxes(1, 2).reshape(height // side, width // side, -1)
    low = ndimage.gaussian_filter(np.percentile(blocks, 20, axis=2), 1.0)
    rows, columns = (np.clip((np.arange(n) + 0.5) / side - 0.5, 0, None) for n in dye.shape)
    return ndimage.map_coordinates(low, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest")


def _threshold(lifted: np.ndarray) -> float:
    """Half the darkness of what is clearly stained: Otsu's cut would lie too low where few cells lie on much pale ground."""
    cut = float(filters.threshold_otsu(lifted))
    clear = lifted[lifted > cut]
    return max(cut, 0.5 * float(np.median(clear))) if clear.size else cut
