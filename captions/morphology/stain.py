"""How much dye each pixel holds, whatever the lamp: optical density against the colour of unstained glass."""

from __future__ import annotations

import numpy as np

_GLASS_PERCENTILE = 95
_DARKEST = 1.0 / 255.0
_DARK_GROUND = 110
"""Value of the lightest channel from which on a picture's middle is no dark ground."""
_DARK_MEDIAN = 0.35
"""Below this share of its own range a picture's median is dark: stained tissue on glass lies well above."""


def glass_colour(image: np.ndarray) -> np.ndarray:
    """Colour of unstained glass, (3,) float in (0, 1]: the 95th percentile of each channel of `image`, (H, W, 3) uint8."""
    return np.maximum(np.percentile(image.reshape(-1, 3), _GLASS_PERCENTILE, axis=0) / 255.0, 0.05)


def optical_density(image: np.ndarray, glass: np.ndarray | None = None) -> np.ndarray:
    """Optical density of each channel, (H, W, 3) float32 from 0 upwards: -log10(I / I0), the Beer-Lambert law.

    image: (H, W, 3) uint8, stained on a light ground; glass: I0, (3,) in (0, 1], estimated from the image where it is None.
    """
    ground = glass_colour(image) if glass is None else glass
    share = np.maximum(image.astype(np.float32) / 255.0, _DARKEST) / ground.astype(np.float32)
    return np.maximum(-np.log10(share), 0.0).astype(np.float32)


def looks_dark_ground(image: np.ndarray) -> bool:
    """True where bright things lie on a dark ground, as in fluorescence: the median is near the dark end and the tail is bright.

    A dark ground is dark in every channel: tissue that fills a picture and is stained brown or violet all over is not one.
    """
    low, median, high = np.percentile(image.mean(axis=2), (1, 50, 99))
    lightest = np.median(image.max(axis=2))
    return bool(high - low > 10 and (median - low) / (high - low) < _DARK_MEDIAN and lightest < _DARK_GROUND)


def principal_stain(density: np.ndarray) -> np.ndarray:
    """Amount of the picture's main dye at each pixel, (H, W) float32 >= 0.

    density: (H, W, 3). The dye's colour is the first singular vector of the stained pixels' densities, as in Macenko et al. 2009
    for one dye; a Nissl section has no second one.
    """
    flat = density.reshape(-1, 3)
    total = flat.sum(axis=1)
    stained = flat[total > np.percentile(total, 50)]
    if not len(stained):
        return np.zeros(density.shape[:2], np.float32)
    axis = np.abs(np.linalg.svd(stained[:: max(1, len(stained) // 20_000)], full_matrices=False)[2][0])
    return (density @ axis.astype(np.float32)).astype(np.float32)
