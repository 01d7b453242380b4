"""What is measured on one nucleated cell: size, shape, nucleus, chromatin, cytoplasm, granules and vacuoles."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from skimage import color

from cytoscribe.captions.morphology.cell_segmentation import CellMasks
from cytoscribe.captions.morphology.pixels import grown, shrunk
from cytoscribe.captions.morphology.shapes import lobes_of, shape_of
from cytoscribe.captions.morphology.stain import optical_density
from cytoscribe.captions.morphology.units import with_units

_GRAIN = (0.035, 0.09)
"""Widths of the two Gaussians whose difference shows granules, in radii of the cell."""
_LEAST_PX = 20
"""Fewer pixels of cytoplasm or nucleus give no colour."""
_PALE = 0.25
"""Optical density, all channels together, below which a spot can be a vacuole: nearly that of glass."""
_VACUOLE_PX_RADIUS = 0.07
_RELIEF = 0.6
"""Share of the density around it that a vacuole lacks."""
_FINE_GRAIN = (0.014, 0.037)
"""The same for the texture of chromatin."""
_HIDDEN_CONTRAST, _HIDDEN_RATIO = 0.10, 0.6
"""Where a dark body that is grainier than this fills more of the cell than this, granules may hide the nucleus."""


def measure_cell(image: np.ndarray, masks: CellMasks, pixel_size_um: float | None) -> dict[str, float]:
    """Measures of one cell by name, units in the names, NaN where there is too little to measure.

    image: (H, W, 3) uint8 on a light ground. Lengths and areas are in micrometres where the pixel size is known, else in pixels.
    """
    density = optical_density(image)
    cell, nucleus = masks.cell, masks.nucleus
    cytoplasm = _inner(cell & ~grown(nucleus, 2), cell & ~nucleus)
    core = _inner(nucleus, nucleus)
    lab = color.rgb2lab(image)
    found = {f"cell_{k}": v for k, v in shape_of(cell).items()}
    found |= _chromatin(density, core, float(np.sqrt(cell.sum() / np.pi)))
    found |= _nucleus(cell, nucleus, found["chromatin_contrast"])
    found |= {f"nucleus_{k}": v for k, v in _colour(lab, core).items()}
    found |= {f"cytoplasm_{k}": v for k, v in _colour(lab, cytoplasm).items()}
    found["cytoplasm_basophilia_od"] = _mean(density[..., 0] - density[..., 2], cytoplasm)
    found |= _granules(density, lab, cell, cytoplasm, core)
    found["vacuole_share"] = _vacuoles(density, cell)
    return with_units(found, pixel_size_um)


def _inner(mask: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    inner = shrunk(mask, 2)
    return inner if inner.sum() >= _LEAST_PX else otherwise


def _mean(values: np.ndarray, where: np.ndarray) -> float:
    return float(values[where].mean()) if where.sum() >= _LEAST_PX else math.nan


def _nucleus(cell: np.ndarray, nucleus: np.ndarray, contrast: float) -> dict[str, float]:
    """Shape of the nucleus, all NaN where granules may hide it: as in basophils, whose dark body is granules and nucleus in one."""
    shape = shape_of(nucleus)
    lobes, constriction = lobes_of(nucleus)
    outside = float((cell & ~nucleus).sum())
    ratio = shape["area"] / float(cell.sum())
    found = {
        "nucleus_area": shape["area"],
        "nucleus_eccentricity": shape["eccentricity"],
        "nucleus_solidity": shape["solidity"],
        "nucleus_circularity": shape["circularity"],
        "nucleus_to_cell_ratio": ratio,
        "nucleus_to_cytoplasm_ratio": shape["area"] / outside if outside else math.nan,
        "nucleus_lobes": float(lobes),
        "nucleus_constriction": constriction,
    }
    hidden = ratio > _HIDDEN_RATIO and contrast > _HIDDEN_CONTRAST
    return dict.fromkeys(found, math.nan) if hidden else found


def _chromatin(density: np.ndarray, core: np.ndarray, radius: float) -> dict[str, float]:
    return {
        "chromatin_density_od": _mean(density[..., 1], core),
        "chromatin_contrast": _contrast(density[..., 0], core, _FINE_GRAIN, radius),
    }


def _contrast(channel: np.ndarray, where: np.ndarray, widths: tuple[float, float], radius: float) -> float:
    """Standard deviation of a difference of Gaussians (widths in radii of the cell) over the mean density."""
    if where.sum() < _LEAST_PX:
        return math.nan
    fine, coarse = (ndimage.gaussian_filter(channel, s * radius) for s in widths)
    return float((fine - coarse)[where].std() / max(float(channel[where].mean()), 0.03))


def _colour(lab: np.ndarray, where: np.ndarray) -> dict[str, float]:
    return {name: _mean(lab[..., i], where) for i, name in enumerate(("lightness", "redness_lab_a", "yellowness_lab_b"))}


def _granules(density: np.ndarray, lab: np.ndarray, cell: np.ndarray, cytoplasm: np.ndarray, core: np.ndarray) -> dict[str, float]:
    """Contrast of grains over cytoplasm and nucleus (granules may cover it), and the colour of the denser cytoplasm."""
    radius = float(np.sqrt(cell.sum() / np.pi))
    total = density.sum(axis=2)
    dense = cytoplasm & (total > np.percentile(total[cytoplasm], 75)) if cytoplasm.any() else cytoplasm
    return {
        "granule_contrast": _contrast(density[..., 0], cytoplasm | core, _GRAIN, radius),
        "granule_redness_lab_a": _mean(lab[..., 1], dense),
        "granule_yellowness_lab_b": _mean(lab[..., 2], dense),
    }


def _vacuoles(density: np.ndarray, cell: np.ndarray) -> float:
    """Share of the cell that is nearly as pale as glass and much paler than what lies around it."""
    radius = float(np.sqrt(cell.sum() / np.pi))
    total = ndimage.gaussian_filter(density.sum(axis=2), 0.7)
    side = 2 * max(2, round(_VACUOLE_PX_RADIUS * radius)) + 1
    closed = ndimage.grey_closing(total, size=(side, side))
    inner = shrunk(np.asarray(ndimage.binary_fill_holes(cell)), 3)
    pale = (total < _PALE) & (closed - total > _RELIEF * np.maximum(closed, 0.05)) & inner
    return float(pale.sum() / cell.sum())
