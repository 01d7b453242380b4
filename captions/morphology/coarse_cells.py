"""Many stained cells at about one micrometre a pixel, where a cell spans ten pixels: one cut, and necks parted. Quick enough for whole
depths of cortex; at finer pixels `tissue_segmentation` looks closer."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage import feature, filters, measure, segmentation

from cytoscribe.captions.morphology.pixels import depth_within, filled
from cytoscribe.captions.morphology.stain import optical_density, principal_stain

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
