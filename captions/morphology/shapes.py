"""Shape and size of one object, and the lobes of a nucleus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import feature, measure, segmentation

from cytoscribe.captions.morphology.pixels import depth_within

_SMOOTH = 1.0
_SHALLOWEST = 0.12
"""Depth of the shallowest lobe looked at, in radii of a disk of the nucleus's area."""


@dataclass(frozen=True)
class Split:
    """Two lobes and the neck between them. neck: its width over that of the thinner lobe, 0 where they lie apart; share: of the
    smaller lobe in the whole area."""

    neck: float
    share: float


def shape_of(mask: np.ndarray) -> dict[str, float]:
    """Area (px2), perimeter (px), circularity 4 pi A / P^2, eccentricity and solidity of a (H, W) bool mask taken as one object.

    The perimeter is Crofton's estimate from four directions, which a grid does not bias. Raises ValueError for an empty mask.
    """
    found = measure.regionprops(mask.astype(np.uint8))
    if not found:
        raise ValueError("the mask is empty")
    perimeter = max(float(found[0].perimeter_crofton), 1.0)
    area = float(found[0].area)
    return {
        "area": area,
        "perimeter": perimeter,
        "circularity": min(1.0, 4 * np.pi * area / perimeter**2),
        "eccentricity": float(found[0].eccentricity),
        "solidity": float(found[0].solidity),
    }


def splits(mask: np.ndarray) -> tuple[Split, ...]:
    """Every way in which the nucleus (H, W) bool falls into lobes, by the saddles of its distance transform.

    Basins of a watershed are joined from the highest saddle down; each joint is a split, the shallower peak its thinner lobe.
    """
    padded = np.pad(mask, 1)
    depth = ndimage.gaussian_filter(depth_within(padded), _SMOOTH)
    least = _SHALLOWEST * float(np.sqrt(mask.sum() / np.pi))
    peaks = feature.peak_local_max(depth, min_distance=2, threshold_abs=least, labels=padded.astype(int))
    if not len(peaks):
        return ()
    markers = np.zeros(depth.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    basins = segmentation.watershed(-depth, markers, mask=padded)
    return _joined(basins, depth, np.r_[0.0, depth[tuple(peaks.T)]])


def _joined(basins: np.ndarray, depth: np.ndarray, peak: np.ndarray) -> tuple[Split, ...]:
    area = np.bincount(basins.ravel(), minlength=peak.size).astype(float)
    whole = area[1:].sum()
    parent = list(range(peak.size))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    found = []
    for (i, j), saddle in sorted(_saddles(basins, depth).items(), key=lambda item: -item[1]):
        high, low = sorted((root(i), root(j)), key=lambda k: -peak[k])
        if high == low:
            continue
        found.append(Split(float(saddle / peak[low]), float(min(area[high], area[low]) / whole)))
        parent[low] = high
        area[high] += area[low]
    pieces = sorted(area[k] / whole for k in {root(i) for i in range(1, peak.size)})
    return (*found, *(Split(0.0, float(share)) for share in pieces[:-1]))


def _saddles(basins: np.ndarray, depth: np.ndarray) -> dict[tuple[int, int], float]:
    """Highest point of the border between each two basins."""
    saddles: dict[tuple[int, int], float] = {}
    for axis in (0, 1):
        one, other = (np.take(basins, range(k, basins.shape[axis] - 1 + k), axis) for k in (0, 1))
        lower = np.minimum(*(np.take(depth, range(k, depth.shape[axis] - 1 + k), axis) for k in (0, 1)))
        at = (one != other) & (one > 0) & (other > 0)
        for i, j, height in zip(one[at].tolist(), other[at].tolist(), lower[at].tolist(), strict=True):
            pair = (min(i, j), max(i, j))
            saddles[pair] = max(saddles.get(pair, 0.0), height)
    return saddles


def lobes_of(mask: np.ndarray, *, least_share: float = 0.08, neck: float = 0.6) -> tuple[int, float]:
    """Number of lobes, and how deep the deepest constriction is in [0, 1] (0: none, 1: pieces apart).

    least_share: of the smallest lobe that counts; neck: widest neck, over the thinner lobe's width, that divides two lobes.
    """
    counted = [s for s in splits(mask) if s.share > least_share]
    return 1 + sum(s.neck < neck for s in counted), 1.0 - min((s.neck for s in counted), default=1.0)
