"""Numbers of a camera as 8-bit picture values: which number is black, which is white, and what is transparent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STRETCH = (0.5, 99.5)
"""Percentiles of a grey image deeper than 8 bits that become black and white: cameras seldom fill their range."""
WHITE = 255
DEPTHS = (8, 10, 12, 14, 16)
"""Bits that cameras deliver, whatever the file could hold."""
_DIM = 64
"""8-bit value under which nearly all of a colour picture lies where its camera used a small part of its range."""


@dataclass(frozen=True)
class Levels:
    """The numbers that become black (0) and white (255)."""

    low: float
    high: float

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values of any type as uint8; what is not a number becomes black."""
        scaled = (np.nan_to_num(values.astype(np.float32), nan=self.low) - self.low) / (self.high - self.low)
        return np.clip(scaled * 255.0, 0, 255).round().astype(np.uint8)


def levels_of(sample: np.ndarray, colour: bool) -> Levels | None:
    """Black and white for a picture that `sample` is a fair part of; None where the values are 8-bit and stay as they are.

    Grey is stretched between STRETCH. Colour keeps its balance: whole numbers are divided by the full range of the camera (the
    fewest bits that hold them), floats by 1 or by 255; colour that fills less than a quarter of that range is stretched as well.
    """
    if sample.dtype == np.uint8:
        return None
    if sample.dtype == bool:
        return Levels(0.0, 1.0)
    values = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample.ravel()
    if not values.size:
        return Levels(0.0, 1.0)
    full = _full_range(values) if colour and values.min() >= 0 else None
    low, high = (float(v) for v in np.percentile(values, STRETCH))
    if full is not None and high / full * 255 >= _DIM:
        return Levels(0.0, full)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return Levels(low, high if high > low else low + 1.0)


def _full_range(values: np.ndarray) -> float | None:
    """The largest number that the camera could have given; None where no camera counts so far."""
    most = float(values.max())
    if values.dtype.kind == "f":
        return 1.0 if most <= 1.0 + 1e-6 else 255.0 if most <= 255.0 else None
    return next((float(2**bits - 1) for bits in DEPTHS if most < 2**bits), None)


def on_white(values: np.ndarray, multiplied: bool = False) -> np.ndarray:
    """(H, W, 4) uint8 as RGB; what is transparent is glass. multiplied: the colours are multiplied by their alpha already."""
    alpha = values[..., 3:].astype(np.float32) / 255
    own = values[..., :3] if multiplied else values[..., :3] * alpha
    return np.clip(own + WHITE * (1 - alpha), 0, 255).round().astype(np.uint8)
