"""Masks grown, shrunk, measured and cut into parts: SciPy's and scikit-image's functions with one return type each."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from skimage import measure, morphology


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask (H, W) bool with `by` pixels more on every side, diagonals left out."""
    return np.asarray(ndimage.binary_dilation(mask, iterations=by))


def shrunk(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask (H, W) bool with `by` pixels less on every side, diagonals left out."""
    return np.asarray(ndimage.binary_erosion(mask, iterations=by))


def depth_within(mask: np.ndarray) -> np.ndarray:
    """(H, W) float64: pixels from each place in the mask to the nearest place outside it."""
    return np.asarray(ndimage.distance_transform_edt(mask))


def nearest_in(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance (H, W) to the mask, and the row and column (2, H, W) of its nearest pixel."""
    found: Any = ndimage.distance_transform_edt(~mask, return_indices=True)
    return found[0], found[1]


def parts_of(mask: np.ndarray) -> np.ndarray:
    """(H, W) int: the connected parts of the mask (diagonals join), numbered from 1."""
    return np.asarray(measure.label(mask))


def filled(mask: np.ndarray, most_px: int) -> np.ndarray:
    """The mask with its holes of at most that many pixels closed; ground at the picture's edge is not a hole, however small."""
    return np.asarray(morphology.remove_small_holes(np.pad(mask, 1), max_size=most_px))[1:-1, 1:-1]
