"""One stained cell in the middle of a picture: its outline and its nucleus, without training.

The nucleus is where the dye of nuclei is densest near the centre. The cell is what is stained around it, less neighbours: red cells
that touch it are cut off at necks of the stained area, and where they have a colour of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import feature, filters, measure, morphology, segmentation

from cytoscribe.captions.morphology.pixels import depth_within, filled, grown, nearest_in, parts_of, shrunk
from cytoscribe.captions.morphology.stain import optical_density

_CENTRAL = 0.2
"""Standard deviation of the preference for the picture's centre, as a share of its sides."""
_NUCLEAR_LEVEL = 0.55
"""A pixel is nucleus from this share of the nucleus's own dye: half-way, since cytoplasm holds some dye too."""
_TWO_PARTS = 0.78
"""Share of the variance between two halves above which a dark blob counts as nucleus and something else; a flat law has 0.75."""
_HOLE = 0.05
"""Largest hole that a nucleus has closed, as a share of its area: larger ones lie between lobes."""
_REACH = 1.4
"""Cytoplasm ends at this distance from the nucleus's hull, in radii of the nucleus."""
_NECK = 0.85
"""A neighbour hangs on the cell by a neck narrower than this share of the neighbour's own depth."""
_LEAST_NUCLEUS_PX = 60
_LEAST_DYE = 0.05
"""Optical density by which the darkest and the palest pixel differ at least where there is a nucleus."""
_LEAST_LOBE = 0.06
"""Smallest lobe that lies apart from the main one, as a share of its area."""


@dataclass(frozen=True)
class CellMasks:
    """cell, nucleus: (H, W) bool, the nucleus within the cell; doubts: why the outlines may be wrong, none where they look right."""

    cell: np.ndarray
    nucleus: np.ndarray
    doubts: tuple[str, ...] = ()


def segment_cell(image: np.ndarray) -> CellMasks:
    """Outline the nucleated cell nearest to the centre of (H, W, 3) uint8, a Romanowsky-stained smear on a light ground."""
    density = ndimage.gaussian_filter(optical_density(image), (1, 1, 0))
    nucleus = find_nucleus(density)
    if not nucleus.any():
        empty = np.zeros(image.shape[:2], bool)
        return CellMasks(empty, empty, ("no nucleus found",))
    cell = _cell(density, nucleus)
    return CellMasks(cell, nucleus, doubts(density, cell, nucleus))


def nuclear_dye(density: np.ndarray) -> np.ndarray:
    """(H, W) amount of the dye of nuclei in blood stains of the Romanowsky family, from (H, W, 3) optical density.

    Purple lets blue pass and stops green most. Haemoglobin and eosin stop blue as much as green, and grey, blurred red cells stop all
    alike: the differences cancel both.
    """
    red, green, blue = np.moveaxis(density, 2, 0)
    return np.maximum(green - blue, 0) + np.maximum(green - np.maximum(red, blue), 0)


def doubts(density: np.ndarray, cell: np.ndarray, nucleus: np.ndarray) -> tuple[str, ...]:
    """Why a segmentation should not be measured: a cut or crumbled cell, a nucleus that hardly differs from what surrounds it."""
    found = []
    rim = np.concatenate([cell[0], cell[-1], cell[:, 0], cell[:, -1]])
    if rim.mean() > 0.02:
        found.append("the cell is cut by the picture's edge")
    around = grown(nucleus, 6) & ~grown(nucleus, 2)
    dye = nuclear_dye(density)
    if around.any() and dye[nucleus].mean() < 1.5 * dye[around].mean():
        found.append("the nucleus hardly differs from its surroundings")
    shape = measure.regionprops(cell.astype(np.uint8))[0]
    if shape.solidity < 0.8:
        found.append("the outline is ragged")
    if nucleus.sum() > 0.5 * nucleus.size:
        found.append("the nucleus fills the picture")
    return tuple(found)


def find_nucleus(density: np.ndarray, within: np.ndarray | None = None) -> np.ndarray:
    """(H, W) bool, the nucleus nearest the centre (all False where there is none); density: (H, W, 3), slightly smoothed; within: the
    cell, where it is known."""
    dye = ndimage.gaussian_filter(nuclear_dye(density), 1.0)
    if within is not None:
        dye = np.where(within, dye, 0.0)
    nucleus = _nucleus(dye) if np.ptp(dye) > _LEAST_DYE else np.zeros(dye.shape, bool)
    return nucleus if nucleus.sum() >= _LEAST_NUCLEUS_PX else np.zeros(dye.shape, bool)


def _nucleus(dye: np.ndarray) -> np.ndarray:
    blob = _central(dye > filters.threshold_otsu(dye), dye)
    if not blob.any():
        return blob
    side = 2 * max(1, round(0.08 * _radius(blob))) + 1  # dark granules over a nucleus are narrower than this, and pale gaps show
    bare = ndimage.grey_opening(dye, size=(side, side))
    near = grown(blob, 3)
    nucleus = _central((bare > _threshold(bare[blob])) & near, dye)
    return filled(nucleus, int(_HOLE * nucleus.sum()))


def _threshold(dye: np.ndarray) -> float:
    """Least dye of a nucleus, from the (N,) values of a dark blob: half its level, or where the blob has two parts, between them."""
    level = float(np.percentile(dye, 90))
    least = _NUCLEAR_LEVEL * level
    between = float(filters.threshold_otsu(dye))
    high = dye > between
    if not 0 < high.mean() < 1:
        return least
    explained = high.mean() * (1 - high.mean()) * (dye[high].mean() - dye[~high].mean()) ** 2 / dye.var()
    return max(least, min(between, 0.75 * level)) if explained > _TWO_PARTS else least


def _radius(mask: np.ndarray) -> float:
    return float(np.sqrt(mask.sum() / np.pi))


def _central(mask: np.ndarray, dye: np.ndarray) -> np.ndarray:
    """The piece of the mask with most dye near the centre, with the pieces beside it that are as dark: lobes of one nucleus."""
    labels = parts_of(morphology.isotropic_opening(mask, 2))
    if labels.max() == 0:
        return labels > 0
    height, width = mask.shape
    rows, columns = np.ogrid[:height, :width]
    off = ((rows - height / 2) / (height * _CENTRAL)) ** 2 + ((columns - width / 2) / (width * _CENTRAL)) ** 2
    every = np.arange(labels.max() + 1)
    score = np.bincount(labels.ravel(), weights=(np.exp(-off / 2) * dye).ravel())
    score[0] = 0
    best = int(score.argmax())
    distance = ndimage.minimum(depth_within(labels != best), labels, every)
    area = np.bincount(labels.ravel())
    level = ndimage.mean(dye, labels, every)
    kept = (distance < _radius(labels == best)) & (area > _LEAST_LOBE * area[best]) & (level > 0.75 * level[best])
    kept[0] = False
    return kept[labels]


def _cell(density: np.ndarray, nucleus: np.ndarray) -> np.ndarray:
    total, radius = density.sum(axis=2), _radius(nucleus)
    hole = int(0.35 * nucleus.sum())
    stained = (total > 0.7 * filters.threshold_otsu(total[~nucleus])) | nucleus
    area = morphology.isotropic_opening(filled(stained, hole), 2) | nucleus
    hull = morphology.convex_hull_image(nucleus)
    far = depth_within(~hull)
    whole = _without_neighbours(area, nucleus, hull) & stained
    own = whole & (far < 0.3 * radius) & ~grown(nucleus, 3)
    cell = whole & (hull | ~_like_red_cells(density, area & (far > 1.2 * radius), own))
    cell = morphology.isotropic_opening(cell, max(3.0, 0.2 * radius)) | nucleus
    cell = (morphology.isotropic_closing(cell, max(2.0, 0.3 * radius)) & whole) | nucleus
    labels = parts_of(cell)
    cell = np.isin(labels, np.unique(labels[nucleus]))
    return filled(cell, hole)


def _without_neighbours(area: np.ndarray, nucleus: np.ndarray, hull: np.ndarray) -> np.ndarray:
    """The part of the stained area that belongs to the nucleus, by a watershed of its depth from one marker a round neighbour."""
    radius = _radius(nucleus)
    far, nearest = nearest_in(hull)
    depth = ndimage.gaussian_filter(depth_within(area), 1.5)
    markers = np.zeros(area.shape, np.int32)
    peaks = feature.peak_local_max(depth, min_distance=max(3, int(0.3 * radius)), labels=area.astype(int), exclude_border=False)
    for row, column in peaks:
        path = np.linspace((row, column), nearest[:, row, column], 30).T
        neck = ndimage.map_coordinates(depth, path, order=1).min()
        if far[row, column] > 0.3 * radius and neck < _NECK * depth[row, column]:
            markers[row, column] = 2
    markers[grown(nucleus, 2) | (hull & area)] = 1
    markers[area & (far > _REACH * radius)] = 2
    return segmentation.watershed(-depth, markers, mask=area) == 1


def _like_red_cells(density: np.ndarray, red: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Where the colour is that of the stained things far from the nucleus (`red`) rather than that of its surroundings (`own`)."""
    inner = shrunk(red, 2)
    if inner.sum() < 100:
        return np.zeros(red.shape, bool)
    soft = ndimage.gaussian_filter(density, (2, 2, 0))
    total = soft.sum(axis=2, keepdims=True)
    colour = np.concatenate([soft[..., (0, 2)] / np.maximum(total, 0.02), total], axis=2)
    as_red = _distance(colour, inner)
    if own.sum() < 30:
        return as_red < 9
    return (as_red < 12) & (as_red < _distance(colour, own))


def _distance(colour: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Twice the negative log-likelihood of each pixel under a normal law of the colours `where`, less the fifth that lie farthest."""
    sample = colour[where]
    spread = np.abs(sample - np.median(sample, axis=0)) / (np.std(sample, axis=0) + 1e-6)
    near = sample[np.argsort(spread.max(axis=1))[: max(20, int(0.8 * len(sample)))]]
    floor = 3e-4
    covariance = np.cov(near.T) + floor * np.eye(3)
    off = colour - near.mean(axis=0)
    scaled = (off @ np.linalg.inv(covariance)) * off
    return scaled.sum(axis=2) + np.log(np.linalg.det(covariance) / floor**3)
