"""Cells outlined by an InstanSeg model (Goldsborough et al. 2024) that the user has as a TorchScript file."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cytoscribe.captions.morphology.tissue_segmentation import WORK_UM
from cytoscribe.core.errors import InputError

SCALES_UM = (0.70, 0.58, 0.50)
"""Micrometres a pixel at which the model looks, coarsest first: it was made for nuclei at 0.5, and whole bodies of large cells fit it where
they are shown smaller. Chosen on one Nissl patch."""
_RANGE = (0.1, 99.9)
"""Percentiles of each channel that become 0 and 1, as the model's authors prepare its input."""
_SIDE = 32
"""The network halves its input five times, so that sides are multiples of this."""
_OVERLAP = 0.2
"""Largest share of a cell that those found at coarser scales may cover."""


def instanseg_cells(image: np.ndarray, pixel_size_um: float | None, model: Path) -> np.ndarray:
    """Labels (H, W) int32 of (H, W, 3) uint8, 0 for none; an unknown pixel size is taken as that of the training-free outliner.

    Cells of the coarsest look come first, finer looks add what these left out. Raises InputError where the file is not such a model.
    """
    network = _network(model)
    labels = np.zeros(image.shape[:2], np.int32)
    for scale in SCALES_UM:
        found = _look(network, image, (pixel_size_um or WORK_UM) / scale)
        places = np.argsort(found, axis=None, kind="stable")
        bounds = np.searchsorted(found.ravel()[places], np.arange(1, found.max() + 2))
        for first, last in pairwise(bounds):
            own = places[first:last]
            free = own[labels.ravel()[own] == 0]
            if own.size and free.size >= (1 - _OVERLAP) * own.size:
                labels.ravel()[free] = labels.max() + 1
    return labels


def _whole_tiles(pixels: float) -> int:
    """The nearest length that the network divides evenly."""
    return max(_SIDE, round(pixels / _SIDE) * _SIDE)


def _look(network: Callable[[Any], Any], image: np.ndarray, scale: float) -> np.ndarray:
    """Labels of one look, (H, W) int32, at `scale` times the image's own size."""
    import torch

    height, width = image.shape[:2]
    size = _whole_tiles(width * scale), _whole_tiles(height * scale)
    values = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
    low, high = np.percentile(values.reshape(-1, 3), _RANGE, axis=0)
    scaled = ((values - low) / np.maximum(high - low, 1e-6)).astype(np.float32)
    with torch.no_grad():
        found = network(torch.from_numpy(scaled).permute(2, 0, 1)[None])  # (1, outputs, h, w)
    labels = found[0, 0].numpy().astype(np.int32)
    return np.asarray(Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST))


@lru_cache(maxsize=1)
def _network(path: Path) -> Callable[[Any], Any]:
    if not path.is_file():
        raise InputError("no such model file", where=path, fix="give the TorchScript file of an InstanSeg model")
    import torch
    import torchvision  # noqa: F401  # its operators are part of the model

    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        raise InputError("not a TorchScript model", where=path, fix="give the .pt file of an InstanSeg model") from error
