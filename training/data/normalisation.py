"""Images of another microscope brought near those of training, without labels: how much to enlarge them, and each colour's gain.

What a model trained on one microscope misreads on another is framing first: cells that fill less or more of the picture. Among
enlargements and colour gains those are taken under which a sample of the images looks most like the training images, by the mean
distance of their features to the tenth nearest one (the score of Sun et al. 2022). One search serves images of one source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

SCALES = (0.6, 0.77, 1.3, 1.7)
FINER = (0.88, 1.14)
GAINS = (0.87, 1.15)
WORTH = 0.01
"""Least share of the distance that a change must take away: smaller gains are chance."""
SAMPLE = 96
"""Images that the search looks at."""
LEAST_IMAGES = 20
"""Fewer images are too few to represent a microscope."""


@dataclass(frozen=True)
class Normalisation:
    """scale: enlargement about the image's centre, above 1 cuts its rim, below 1 mirrors its rim outwards; gain: factors of red, green
    and blue; aligned: the features are moved besides (`training.model.alignment`), which says nothing about the image."""

    scale: float = 1.0
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    aligned: bool = False

    def of(self, image: np.ndarray) -> np.ndarray:
        """The image (H, W, 3) uint8, normalised; its size changes with the scale."""
        return _gained(_framed(image, self.scale), self.gain)

    def __str__(self) -> str:
        parts = [] if self.scale == 1 else [f"enlarged {self.scale:.2f} times"]
        parts += [f"{c} times {g:.2f}" for c, g in zip(("red", "green", "blue"), self.gain, strict=True) if g != 1]
        parts += ["features aligned"] if self.aligned else []
        return ", ".join(parts) or "left as they are"


AS_IS = Normalisation()


@dataclass(frozen=True)
class Fitted:
    """What a search found. before, after: mean distance of the sample to training, as the images are and normalised."""

    normalisation: Normalisation
    before: float
    after: float


def fit(distance: Callable[[Normalisation], float], colours: bool = True) -> Fitted:
    """Search coordinate by coordinate: scale, finer scale, blue, red, green. distance: how far a sample of the images lies
    from the training images under a normalisation, called once for each. colours: also search for gains; a model that balances light
    needs none."""
    best = AS_IS
    steps = (_scaled(SCALES), _scaled(FINER), *((_coloured(channel) for channel in (2, 0, 1)) if colours else ()))
    before = least = distance(best)
    for candidates in steps:
        for candidate in list(candidates(best)):
            far = distance(candidate)
            if far < least - WORTH * before:
                best, least = candidate, far
    return Fitted(best, before, least)


def _scaled(factors: tuple[float, ...]) -> Callable[[Normalisation], Iterator[Normalisation]]:
    return lambda at: (replace(at, scale=round(at.scale * factor, 4)) for factor in factors)


def _coloured(channel: int) -> Callable[[Normalisation], Iterator[Normalisation]]:
    def candidates(at: Normalisation) -> Iterator[Normalisation]:
        for factor in GAINS:
            red, green, blue = (g * factor if i == channel else g for i, g in enumerate(at.gain))
            yield replace(at, gain=(red, green, blue))

    return candidates


def _framed(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return image
    height, width = image.shape[:2]
    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    if scale > 1:
        top, left = (height - rows) // 2, (width - columns) // 2
        return image[top : top + rows, left : left + columns]
    above, beside = rows - height, columns - width
    return np.pad(image, ((above // 2, above - above // 2), (beside // 2, beside - beside // 2), (0, 0)), mode="symmetric")


def _gained(image: np.ndarray, gain: tuple[float, float, float]) -> np.ndarray:
    if gain == (1.0, 1.0, 1.0):
        return image
    return np.clip(image.astype(np.float32) * np.asarray(gain, np.float32), 0, 255).round().astype(np.uint8)
