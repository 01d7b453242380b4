"""The profiles: what is looked for in an image, one function each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from cytoscribe.captions.morphology.cell_measures import measure_cell
from cytoscribe.captions.morphology.cell_segmentation import CellMasks, doubts, find_nucleus, segment_cell
from cytoscribe.captions.morphology.cortex import cortex_profile
from cytoscribe.captions.morphology.instanseg import instanseg_cells
from cytoscribe.captions.morphology.result import Found
from cytoscribe.captions.morphology.settings import Options
from cytoscribe.captions.morphology.stain import optical_density
from cytoscribe.captions.morphology.tissue import tissue_profile
from cytoscribe.core.errors import InputError

Profile = Callable[[np.ndarray, np.ndarray | None, Options], Found]
"""(H, W, 3) uint8 on a light ground, labels (H, W) of a given mask or None, options: what was found. Raises InputError where
nothing can be measured."""


def cell_profile(image: np.ndarray, given: np.ndarray | None, options: Options) -> Found:
    """One nucleated cell in the middle of the picture."""
    masks = segment_cell(image) if given is None else _within(image, given)
    if not masks.nucleus.any():
        raise InputError(masks.doubts[0])
    return Found(measure_cell(image, masks, options.pixel_size_um), masks.doubts, {"cell": masks.cell, "nucleus": masks.nucleus})


def _within(image: np.ndarray, given: np.ndarray) -> CellMasks:
    """The given cell nearest the centre, with the nucleus that lies in it."""
    height, width = given.shape
    places = np.argwhere(given > 0)
    row, column = places[np.abs(places - (height / 2, width / 2)).sum(axis=1).argmin()]
    cell = given == given[row, column]
    density = ndimage.gaussian_filter(optical_density(image), (1, 1, 0))
    nucleus = find_nucleus(density, within=cell)
    if not nucleus.any():
        return CellMasks(cell, nucleus, ("no nucleus found in the given mask",))
    return CellMasks(cell, nucleus, doubts(density, cell, nucleus))


def _tissue(image: np.ndarray, given: np.ndarray | None, options: Options) -> Found:
    if given is None and options.instanseg:
        given = instanseg_cells(image, options.pixel_size_um, options.instanseg)
    return tissue_profile(image, given, options.pixel_size_um, options.thickness_um, options.cells)


def _cortex(image: np.ndarray, given: np.ndarray | None, options: Options) -> Found:
    return cortex_profile(image, given, options.pia)


PROFILES: dict[str, Profile] = {"cell": cell_profile, "tissue": _tissue, "cortex": _cortex}
