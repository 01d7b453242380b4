"""Many stained cells in a picture, touching and of unlike darkness, outlined without training.

No one threshold suits a Nissl section: pale cells vanish where dark ones part. So the picture is cut at many thresholds and split at
several depths, every piece is a candidate, and those are kept that look most like a cell and that most cuts agree on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import filters, measure, morphology, segmentation

from cytoscribe.captions.morphology.pixels import depth_within, filled, parts_of, shrunk
from cytoscribe.captions.morphology.stain import optical_density, principal_stain

LEVELS = 14
_FIRST, _LAST = 0.45, 97
"""Thresholds run from this share of Otsu's to this percentile of the dye."""
_SPLITS = (0.4, 0.9, 1.8)
"""Depth in pixels by which two peaks of the distance transform must rise above the saddle between them to be two cells."""
_LEAST_PX, _MOST_PX = 50, 6000
_HOLE_PX = 200
_SIMILAR = 0.6
"""Intersection over union from which two candidates count as the same cell."""
_OVERLAP = 0.2
"""Largest share of a candidate that cells accepted before it may cover."""
_LEAST_SCORE = 0.55
WORK_UM = 0.35
"""Micrometres a pixel at which the sizes above hold; images of known pixel size are brought to it."""


@dataclass(frozen=True)
class Candidate:
    """A piece of the picture that may be a cell. corner: row and column of its box; image: (h, w) bool within the box; solidity,
    edge: shape and sharpness, edge 1 at the picture's sharpest twentieth."""

    corner: tuple[int, int]
    image: np.ndarray
    area: float
    solidity: float
    edge: float


def segment_tissue(image: np.ndarray) -> np.ndarray:
    """Cells of (H, W, 3) uint8 on a light ground, about WORK_UM a pixel, as (H, W) int32 numbered from 1, 0 for none."""
    dye = principal_stain(optical_density(image))
    labels = np.zeros(dye.shape, np.int32)
    if np.ptp(dye) < 0.05:
        return labels
    candidates = _candidates(dye)
    alike = _alike(candidates)
    scores = [_score(c, sum((o - _SIMILAR) / (1 - _SIMILAR) for _, o in a)) for c, a in zip(candidates, alike, strict=True)]
    number = 0
    for i in np.argsort([-s for s in scores], kind="stable"):
        if scores[i] < _LEAST_SCORE:
            break
        rows, columns, cell = _agreed(candidates, [i, *(j for j, _ in alike[i])])
        part = labels[rows, columns]
        if (cell & (part > 0)).sum() > _OVERLAP * cell.sum() or (cell & (part == 0)).sum() < _LEAST_PX:
            continue
        number += 1
        part[cell & (part == 0)] = number
    return labels


def _candidates(dye: np.ndarray) -> list[Candidate]:
    soft = ndimage.gaussian_filter(dye, 1.0)
    edges = ndimage.gaussian_gradient_magnitude(dye, 1.5)
    edges = edges / max(float(np.percentile(edges, 95)), 1e-6)
    found: dict[tuple[int, ...], Candidate] = {}
    for level in np.linspace(_FIRST * filters.threshold_otsu(soft), np.percentile(soft, _LAST), LEVELS):
        mask = morphology.isotropic_opening(soft > level, 1.5)
        mask = morphology.remove_small_objects(filled(mask, _HOLE_PX), max_size=_LEAST_PX)
        if not mask.any():
            continue
        for labels in _cuts(mask):
            for part in measure.regionprops(labels):
                key = (*part.bbox, int(part.area))
                if _LEAST_PX <= part.area <= _MOST_PX and key not in found:
                    found[key] = _candidate(part, edges)
    return list(found.values())


def _cuts(mask: np.ndarray) -> list[np.ndarray]:
    """The mask's connected parts, and these cut at necks of several depths."""
    depth = ndimage.gaussian_filter(depth_within(mask), 1.5)
    steps = (depth * 100).astype(int)
    marked = (parts_of(morphology.h_maxima(steps, int(h * 100)) > 0) * mask for h in _SPLITS)
    return [np.asarray(measure.label(mask, connectivity=1)), *(segmentation.watershed(-depth, m, mask=mask) for m in marked)]


def _candidate(part: measure._regionprops.RegionProperties, edges: np.ndarray) -> Candidate:
    top, left, bottom, right = part.bbox
    rim = part.image & ~shrunk(np.pad(part.image, 1), 1)[1:-1, 1:-1]
    edge = float(edges[top:bottom, left:right][rim].mean())
    return Candidate((top, left), part.image, float(part.area), float(part.solidity), edge)


def _score(candidate: Candidate, agreement: float) -> float:
    """Sharp edges, a compact shape, agreement of many cuts, and a little for size, so that a nucleus is not taken for its cell."""
    size = (candidate.area / 500) ** 0.15
    return candidate.edge**0.5 * candidate.solidity**4 * size * (1 + agreement) ** 0.5


def _alike(candidates: Sequence[Candidate]) -> list[list[tuple[int, float]]]:
    """For each candidate the others that are the same cell, with their intersection over union."""
    area = np.asarray([c.area for c in candidates])
    middle = np.asarray([np.add(c.corner, np.divide(c.image.shape, 2)) for c in candidates]).reshape(-1, 2)
    found = []
    for i, one in enumerate(candidates):
        near = (np.abs(middle - middle[i]) < 0.5 * np.asarray(one.image.shape)).all(axis=1)
        near &= (area > _SIMILAR * one.area) & (area < one.area / _SIMILAR)
        near[i] = False
        inside = ((int(j), _common(one, candidates[j])) for j in np.flatnonzero(near))
        shares = ((j, common / (one.area + area[j] - common)) for j, common in inside)
        found.append([(j, float(share)) for j, share in shares if share > _SIMILAR])
    return found


def _common(one: Candidate, other: Candidate) -> float:
    """Pixels that both hold."""
    top, left = (max(a, b) for a, b in zip(one.corner, other.corner, strict=True))
    bottom = min(c.corner[0] + c.image.shape[0] for c in (one, other))
    right = min(c.corner[1] + c.image.shape[1] for c in (one, other))
    if bottom <= top or right <= left:
        return 0.0
    parts = (c.image[top - c.corner[0] : bottom - c.corner[0], left - c.corner[1] : right - c.corner[1]] for c in (one, other))
    return float(np.logical_and(*parts).sum())


def _agreed(candidates: Sequence[Candidate], members: Sequence[int]) -> tuple[slice, slice, np.ndarray]:
    """The pixels that most of these candidates hold, as (rows, columns, mask within them)."""
    chosen = [candidates[m] for m in members]
    top, left = (min(c.corner[k] for c in chosen) for k in (0, 1))
    bottom, right = (max(c.corner[k] + c.image.shape[k] for c in chosen) for k in (0, 1))
    votes = np.zeros((bottom - top, right - left))
    for c in chosen:
        row, column = c.corner[0] - top, c.corner[1] - left
        votes[row : row + c.image.shape[0], column : column + c.image.shape[1]] += c.image
    return slice(top, bottom), slice(left, right), votes > len(chosen) / 2
