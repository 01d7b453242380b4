"""What lies around the tissue: bright glass under a brightfield lamp, darkness in fluorescence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import WHITE
from cytoscribe.training.data.settings import INVERT
from cytoscribe.training.data.slides import Slide

_DARK, _EVEN = 64, 8
"""8-bit value below which the ground is dark, and the spread up to which a rim shows ground instead of tissue."""
_LOOKED, _BRIGHTER = 16, 20
"""Rows looked at, and by how much the brightest of what they show is brighter than a dark ground."""
_RIM_PIXELS = 50_000_000


@dataclass(frozen=True)
class Grounded:
    """A picture whose outside has a colour of its own. ground: (3,) uint8; inverted: bright cells on a dark ground as dark ones on a
    bright ground, and the other way round."""

    slide: Slide
    ground: tuple[int, int, int]
    inverted: bool = False

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        return self.slide.sizes

    @property
    def pixel_size_um(self) -> float | None:
        return self.slide.pixel_size_um

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        pixels = self.slide.read(level, top, left, bottom, right)
        return WHITE - pixels if self.inverted else pixels


def grounded(slide: Slide, invert: str = "no") -> Slide:
    """The slide as it is to be cut: inverted where asked, or (`auto`) where its ground is dark; else with its own dark ground outside.

    Raises InputError where `invert` is none of INVERT.
    """
    if invert not in INVERT:
        raise InputError(f"--invert {invert} is unknown", fix=f"use one of {', '.join(INVERT)}")
    dark = dark_ground(slide)
    if invert == "yes" or (invert == "auto" and dark is not None):
        red, green, blue = (WHITE - v for v in dark or (0, 0, 0))
        return Grounded(slide, (red, green, blue), inverted=True)
    return slide if dark is None else Grounded(slide, dark)


def dark_ground(slide: Slide) -> tuple[int, int, int] | None:
    """The colour of a picture's rim where that is evenly dark; None where it is bright, shows tissue, or has nothing
    brighter on it."""
    level = len(slide.sizes) - 1
    height, width = slide.sizes[level]
    parts = [slide.read(level, 0, 0, 1, width)[0], slide.read(level, height - 1, 0, height, width)[0]]
    if height * width <= _RIM_PIXELS:
        parts += [slide.read(level, 0, 0, height, 1)[:, 0], slide.read(level, 0, width - 1, height, width)[:, 0]]
    rim = np.concatenate(parts).astype(np.float32)
    middle = np.median(rim, axis=0)
    grey = rim.mean(1)
    if middle.max() >= _DARK or np.median(np.abs(grey - np.median(grey))) > _EVEN:
        return None
    rows = [slide.read(level, y, 0, y + 1, width)[0].mean(1) for y in np.linspace(0, height - 1, _LOOKED).astype(int)]
    if np.percentile(np.concatenate(rows), 99) < np.median(grey) + _BRIGHTER:
        return None
    red, green, blue = (int(v) for v in middle)
    return red, green, blue
