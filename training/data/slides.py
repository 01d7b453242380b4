"""Pictures of whole sections, read window by window: plain images, TIFF and OME-TIFF pyramids, whole-slide formats.

A picture has levels, each a smaller copy of the first; a window is read at the coarsest level that still holds the detail asked
for, so a square centimetre seen at low resolution costs no more than a small image.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.images import is_tiff, read_image, tiff_by_pillow
from cytoscribe.core.levels import WHITE
from cytoscribe.core.pixel_sizes import PixelSize, plausible_size, square_size
from cytoscribe.core.volumes import VOLUME_SUFFIXES, is_volume, read_volume_picture
from cytoscribe.core.zarr_picture import ZarrSlide
from cytoscribe.training.images import squared

TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
SLIDE_SUFFIXES = (".svs", ".ndpi", ".mrxs", ".scn", ".svslide", ".vms", ".vmu", ".bif")
"""Formats of slide scanners, which OpenSlide reads; some of them are TIFF inside and do without it."""
PLAIN_SUFFIXES = (".png", ".jpg", ".jpeg", ".jp2", ".j2k", ".jpx", ".jpf", ".bmp", ".webp")
PICTURE_SUFFIXES = (*PLAIN_SUFFIXES, *TIFF_SUFFIXES, *SLIDE_SUFFIXES, *VOLUME_SUFFIXES)


__all__ = ["Loaded", "Slide", "open_slide", "plausible_size", "square", "window"]


class Slide(Protocol):
    """A picture of a section. sizes: (H, W) in pixels of each level, the finest first; pixel_size_um: micrometres a pixel of the
    finest, None where the file does not say; asking for it raises InputError where pixels are not square."""

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]: ...

    @property
    def pixel_size_um(self) -> float | None: ...

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """(bottom - top, right - left, 3) uint8 in pixels of that level, wholly inside the picture."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A picture in memory, (H, W, 3) uint8, of one level. stated: the size of its pixels as the file says; path: the file."""

    pixels: np.ndarray
    stated: PixelSize | None = None
    path: Path = Path()

    @property
    def pixel_size_um(self) -> float | None:
        return square_size(self.stated, self.path)

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        return ((self.pixels.shape[0], self.pixels.shape[1]),)

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        return self.pixels[top:bottom, left:right]


def open_slide(path: Path) -> Slide:
    """The picture of a file: scanners' formats through OpenSlide where it is installed, TIFF by tifffile, the rest by Pillow.

    Raises InputError where the file is missing, broken, or in a format whose reader is not installed.
    """
    from cytoscribe.training.data.slide_formats import ScannedSlide, openslide_installed

    if not is_file(path) and not is_volume(path):
        raise InputError("no such section", where=path, fix="check the path")
    if path.name.lower().endswith(".zarr"):
        return ZarrSlide(path)
    if is_volume(path):
        pixels, size = read_volume_picture(path)
        return Loaded(pixels, size, path)
    suffix = path.suffix.lower()
    if suffix in SLIDE_SUFFIXES and openslide_installed() and ScannedSlide.reads(path):
        try:
            return ScannedSlide(path)
        except InputError:
            if not is_tiff(path):
                raise  # else the file's own pages may say more than the scanner's format
    if not is_tiff(path) and suffix not in TIFF_SUFFIXES + SLIDE_SUFFIXES:
        return Loaded(read_image(path), None, path)
    return _open_tiff(path)


def _open_tiff(path: Path) -> Slide:
    from cytoscribe.training.data.slide_formats import ScannedSlide, TiffSlide, openslide_installed

    found = TiffSlide.opened(path)
    if isinstance(found, TiffSlide) and found.layout.orientation == 1:
        return found
    if isinstance(found, TiffSlide):
        return Loaded(read_image(path), found.stated_size, path)
    if openslide_installed() and ScannedSlide.reads(path):
        return ScannedSlide(path)
    return _decoded_whole(path, found)


def _decoded_whole(path: Path, reason: str) -> Loaded:
    """A TIFF that tifffile cannot decode in parts (`reason`), by Pillow, whose own limit bounds its size."""
    from cytoscribe.training.data.slide_formats import size_of_tiff

    try:
        if path.suffix.lower() in SLIDE_SUFFIXES:
            raise InputError("a slide scanner's format", where=path)
        return Loaded(tiff_by_pillow(path), size_of_tiff(path), path)
    except InputError as error:
        if path.suffix.lower() in TIFF_SUFFIXES and "imagecodecs" not in reason:
            raise
        raise InputError(
            f"cannot be read here ({reason})", where=path, fix="install the readers: pip install 'cytoscribe[slides]'"
        ) from error


def level_for(slide: Slide, shrink: float) -> int:
    """The coarsest level that is made smaller by at most `shrink`."""
    fit = [i for i in range(len(slide.sizes)) if shrink_of(slide, i) <= shrink * 1.01]
    return max(fit, key=lambda i: shrink_of(slide, i), default=0)


def shrink_of(slide: Slide, level: int) -> float:
    """Pixels of the finest level that one of this level spans."""
    return slide.sizes[0][0] / slide.sizes[level][0]


def window(slide: Slide, x: int, y: int, width: int, height: int, shrink: float = 1.0) -> np.ndarray:
    """The rectangle at (x, y) of the finest level as (h, w, 3) uint8, made smaller by at most `shrink` in what is read.

    What lies outside the picture is white, like glass, or of the slide's own `ground`.
    """
    level = level_for(slide, shrink)
    factor, (rows, columns) = shrink_of(slide, level), slide.sizes[level]
    top, left = round(y / factor), round(x / factor)
    bottom, right = top + max(round(height / factor), 1), left + max(round(width / factor), 1)
    inside = max(top, 0), max(left, 0), min(bottom, rows), min(right, columns)
    if inside == (top, left, bottom, right):
        return slide.read(level, *inside)
    whole = np.empty((bottom - top, right - left, 3), np.uint8)
    whole[:] = getattr(slide, "ground", WHITE)
    if inside[2] > inside[0] and inside[3] > inside[1]:
        whole[inside[0] - top : inside[2] - top, inside[1] - left : inside[3] - left] = slide.read(level, *inside)
    return whole


def square(slide: Slide, x: int, y: int, side: int, px: int) -> np.ndarray:
    """The square of `side` pixels of the finest level at (x, y), resampled to (px, px, 3) uint8; ground outside the picture."""
    return squared(window(slide, x, y, side, side, side / px), px)
