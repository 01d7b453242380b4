"""Phantoms: drawn patches of cell-body-stained cortex whose layers, cell densities and cell sizes are known exactly.

`draw` gives the picture and its ground truth: every cell, the layer of every pixel, and the mask of the cortex.
"""

from __future__ import annotations

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.phantom import cells, optics
from cytoscribe.phantom.frame import flat_frame
from cytoscribe.phantom.tissue import CellClass, CellTable, LayerSpec, Phantom, PhantomSpec, Preparation, check

__all__ = ["CellClass", "CellTable", "LayerSpec", "Phantom", "PhantomSpec", "Preparation", "check", "draw"]


def draw(
    spec: PhantomSpec,
    rng: np.random.Generator,
    size_px: int | tuple[int, int] = 128,
    pixel_size_um: float = 32.0,
    preparation: Preparation | None = None,
) -> Phantom:
    """Draw a patch of one area with the pia on top; the same generator state draws the same patch.

    size_px: (H, W), or one number for a square. Raises InputError for a spec that cannot be drawn.
    """
    height, width = (size_px, size_px) if isinstance(size_px, int) else size_px
    preparation = preparation or Preparation()
    check(spec)
    if pixel_size_um <= 0 or height < 1 or width < 1:
        raise InputError("a phantom needs a positive size and pixel size", fix="give size_px >= 1 and pixel_size_um > 0")
    frame = flat_frame(spec, preparation, rng, width * pixel_size_um)
    layer_map = frame.layer_map((height, width), pixel_size_um, spec)
    table = cells.sample(spec, preparation, frame, rng, (height * pixel_size_um, width * pixel_size_um))
    image = optics.photograph(table, layer_map, preparation, rng, pixel_size_um)
    return Phantom(image, layer_map, table, spec, pixel_size_um, preparation)
