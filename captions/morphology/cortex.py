"""The grey level index by cortical depth, its moments, and the borders of bands, as quantitative cytoarchitecture takes them.

Schleicher, Amunts, Geyer, Morosan and Zilles 1999, "Observer-independent method for microstructural parcellation of cerebral cortex":
a profile runs from the pia to the white matter, and its shape is described by ten numbers.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage, signal
from skimage import filters

from cytoscribe.captions.morphology.result import Found
from cytoscribe.captions.morphology.settings import SIDES
from cytoscribe.captions.morphology.stain import optical_density, principal_stain
from cytoscribe.core.errors import InputError

BINS = 100
"""Steps from pia (0%) to white matter (100%)."""
_SMOOTH = 2.0
_RIM = 0.1
"""Share of the depth at each side that is compared to guess which one is the pia."""
_SURE = 0.3
"""Least lead of the palest side, as a share of the mean index, for the guess to be believed."""
_LEAST_PX = 20
_STEEP = 0.25
"""A border's slope is at least this share of the steepest one."""


def cortex_profile(image: np.ndarray, given: np.ndarray | None, pia: str) -> Found:
    """The profile of a piece of cortex that fills the picture, or the given mask, from pia to white matter.

    image: (H, W, 3) uint8 on a light ground; pia: one of SIDES, or "guess" for the palest side. Raises InputError where the piece is
    too thin or nothing is stained.
    """
    dye = principal_stain(optical_density(image))
    inside = np.ones(dye.shape, bool) if given is None else given > 0
    if np.ptp(dye[inside]) < 0.05:
        raise InputError("nothing is stained")
    stained = dye > filters.threshold_otsu(dye[inside])
    side, lead = (pia, math.inf) if pia != "guess" else _palest_side(stained, inside)
    turned, mask = (np.rot90(x, SIDES.index(side)) for x in (stained, inside))
    if min(mask.any(axis=1).sum(), mask.any(axis=0).sum()) < _LEAST_PX:
        raise InputError(f"the piece of cortex spans fewer than {_LEAST_PX} pixels")
    profile = depth_profile(turned, mask)
    doubts = [] if lead >= _SURE else [f"the pial side is not clear (taken: {side}); give --pia"]
    rows = tuple({"depth_percent": 100 * (i + 0.5) / BINS, "gli": float(v)} for i, v in enumerate(profile))
    borders = tuple(band_borders(profile))
    measures = describe(profile) | {"band_borders": float(len(borders)), "pia_lead": 0.0 if math.isinf(lead) else lead}
    return Found(measures, tuple(doubts), {"stained": stained & inside}, {"profiles": rows, "borders": borders})


def depth_profile(stained: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Share of stained pixels at each of BINS depths, (BINS,) float64; the pia is at the top of both (H, W) bool arrays.

    Every column of the mask is stretched to its own depth, so that a slanting or curved piece keeps its layers level.
    """
    sums, counts = np.zeros(BINS), np.zeros(BINS)
    for column in np.flatnonzero(mask.sum(axis=0) >= 2):
        rows = np.flatnonzero(mask[:, column])
        first, last = rows[0], rows[-1] + 1
        bins = ((rows - first + 0.5) / (last - first) * BINS).astype(int)
        sums += np.bincount(bins, weights=stained[rows, column], minlength=BINS)
        counts += np.bincount(bins, minlength=BINS)
    known = counts > 0
    return np.interp(np.arange(BINS), np.flatnonzero(known), sums[known] / counts[known])


def describe(profile: np.ndarray) -> dict[str, float]:
    """The ten numbers of Schleicher et al.: mean, centre, spread, skewness and kurtosis of the profile and of its slope's amount.

    The centre and the spread are in percent of cortical depth. `gli_layer_contrast` is the profile's standard deviation over its mean.
    """
    slope = np.abs(np.gradient(ndimage.gaussian_filter1d(profile, _SMOOTH)))
    mean = float(profile.mean())
    contrast = {"gli_layer_contrast": float(profile.std() / mean) if mean > 0 else math.nan}
    return _moments(profile, "gli") | _moments(slope, "gli_slope") | contrast


def _moments(values: np.ndarray, name: str) -> dict[str, float]:
    depth = 100 * (np.arange(values.size) + 0.5) / values.size
    total = values.sum()
    weights = values / total if total > 0 else np.full(values.size, 1 / values.size)
    centre = float((weights * depth).sum())
    spread = math.sqrt(float((weights * (depth - centre) ** 2).sum()))
    scaled = (depth - centre) / spread
    return {
        f"{name}_mean": float(values.mean()),
        f"{name}_centre_percent_depth": centre,
        f"{name}_spread_percent_depth": spread,
        f"{name}_skewness": float((weights * scaled**3).sum()),
        f"{name}_kurtosis": float((weights * scaled**4).sum()) - 3.0,
    }


def band_borders(profile: np.ndarray) -> list[dict[str, float]]:
    """Where the profile changes most: depth (percent) and sharpness (change of the index for each percent of depth, signed)."""
    slope = np.gradient(ndimage.gaussian_filter1d(profile, _SMOOTH))
    steepest = float(np.abs(slope).max())
    if steepest <= 0:
        return []
    places, _ = signal.find_peaks(np.abs(slope), height=_STEEP * steepest, distance=5)
    return [{"depth_percent": 100 * (p + 0.5) / BINS, "sharpness": float(slope[p] * BINS / 100)} for p in places]


def _palest_side(stained: np.ndarray, inside: np.ndarray) -> tuple[str, float]:
    """The side along which the fewest cells lie (layer I is nearly empty), and its lead over the next as a share of the mean index."""
    shares = {}
    for turns, side in enumerate(SIDES):
        turned, mask = np.rot90(stained, turns), np.rot90(inside, turns)
        rows = np.flatnonzero(mask.any(axis=1))
        rim = slice(rows[0], rows[0] + max(1, round(_RIM * rows.size)))
        shares[side] = float(turned[rim][mask[rim]].mean())
    first, second = sorted(shares, key=lambda s: shares[s])[:2]
    return first, (shares[second] - shares[first]) / max(float(stained[inside].mean()), 1e-6)
