"""Lazy readers of large pictures: TIFF and OME-TIFF pyramids through tifffile, scanners' formats through OpenSlide."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import on_white
from cytoscribe.core.pixel_sizes import PixelSize, plausible_size, size_in_tiff, square_size
from cytoscribe.core.tiff_layout import layout_of, place_of
from cytoscribe.core.tiff_picture import TiffSlide

__all__ = ["ScannedSlide", "TiffSlide", "openslide_installed", "size_of_tiff"]


def size_of_tiff(path: Path) -> PixelSize | None:
    """Micrometres a pixel that a TIFF states, read without its pixels."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            layout = layout_of(file, path)
            return size_in_tiff(file, place_of(file, layout.series), layout.page)
    except Exception:  # whatever is wrong with it, its pixels are what matters
        return None


def openslide_installed() -> bool:
    """Whether the optional reader of scanners' formats is there."""
    return importlib.util.find_spec("openslide") is not None


class ScannedSlide:
    """A slide of a scanner's own format, read through OpenSlide."""

    def __init__(self, path: Path) -> None:
        import openslide  # type: ignore[import-not-found]

        try:
            self.slide: Any = openslide.OpenSlide(path)
        except openslide.OpenSlideError as error:
            raise InputError(
                f"not a readable slide ({' '.join(str(error).split())[:120]})", where=path, fix="export it again"
            ) from error
        self.path = path
        self.sizes = tuple((int(h), int(w)) for w, h in self.slide.level_dimensions)

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres a pixel; raises InputError where pixels are not square."""
        x, y = (self.slide.properties.get(f"openslide.mpp-{axis}") for axis in "xy")
        if not x or plausible_size(float(x)) is None:
            return None
        return square_size(PixelSize(float(x), float(y or x)), self.path)

    @staticmethod
    def reads(path: Path) -> bool:
        """True for files that OpenSlide knows the format of."""
        import openslide  # type: ignore[import-not-found]

        return openslide.OpenSlide.detect_format(path) is not None

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        factor = self.sizes[0][0] / self.sizes[level][0]
        region = self.slide.read_region((round(left * factor), round(top * factor)), level, (right - left, bottom - top))
        return on_white(np.asarray(region))
