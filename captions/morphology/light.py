"""Images as light that came through the section: what optical density needs, whatever the number of bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.captions.morphology.stain import looks_dark_ground
from cytoscribe.core.errors import InputError
from cytoscribe.core.images import opened_image, read_image

GROUNDS = ("light", "dark")
_GLASS = 250.0
"""Grey value of what is brightest in an image of more than eight bits."""
_BRIGHTEST = 99.5


def read_light(path: Path, ground: str = "light") -> np.ndarray:
    """The image as (H, W, 3) uint8 on a light ground; ground: "dark" for fluorescence, which is turned over.

    Images of more than eight bits are scaled so that no light stays 0: stretching them, as for a model's eye, would make the darkest
    cells black and every density wrong. Raises InputError where the file cannot be read, or looks dark on a "light" ground.
    """
    if ground == "dark":
        return 255 - read_image(path)
    image = _scaled(path)
    if looks_dark_ground(image):
        raise InputError("bright objects on a dark background (fluorescence?): measure such images with --ground dark")
    return image


def _scaled(path: Path) -> np.ndarray:
    with opened_image(path) as opened:
        deep = opened.mode.startswith(("I", "F"))
        values = np.nan_to_num(np.asarray(opened, dtype=np.float32)) if deep else None
    if values is None:
        return read_image(path)
    top = max(float(np.percentile(values, _BRIGHTEST)), 1e-6)
    grey = np.clip(values / top * _GLASS, 0, 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
