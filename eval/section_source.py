"""A whole section as bands of rows: large tiled TIFFs are read piece by piece, so memory does not grow with the section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cytoscribe.errors import InputError

THUMBNAIL_PX = 1600
"""Longest side of the small picture of a section, which tells glass from tissue and lies under the overlay."""

_GLASS_STEP = 14.0
"""Grey values by which tissue differs at least from the glass."""


class Source(Protocol):
    """A section that gives rows. size: (H, W) in pixels; pixel_size_um: None where the file does not say."""

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def pixel_size_um(self) -> float | None: ...

    def band(self, top: int, bottom: int) -> np.ndarray:
        """(bottom - top, W, 3) uint8."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A section that fits into memory."""

    pixels: np.ndarray
    pixel_size_um: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[0], self.pixels.shape[1]

    def band(self, top: int, bottom: int) -> np.ndarray:
        return self.pixels[top:bottom]


class LazyTiff:
    """First page of a TIFF of 8-bit grey or RGB, decoded strip by strip or tile by tile as rows are asked for."""

    def __init__(self, path: Path) -> None:
        import tifffile

        self.file = tifffile.TiffFile(path)
        self.page: Any = self.file.pages[0]
        self.size = (int(self.page.imagelength), int(self.page.imagewidth))
        self.pixel_size_um = _pixel_size(self.page)

    @staticmethod
    def reads(path: Path) -> bool:
        """True for the TIFFs that this class reads."""
        import tifffile

        try:
            with tifffile.TiffFile(path) as file:
                page: Any = file.pages[0]
                return (
                    page.dtype == np.uint8 and page.samplesperpixel in (1, 3) and page.planarconfig == 1 and page.photometric <= 6
                )
        except (tifffile.TiffFileError, OSError, ValueError, IndexError):
            return False

    def band(self, top: int, bottom: int) -> np.ndarray:
        height, width = self.size
        rows = np.full((bottom - top, width, 3), 255, np.uint8)
        per_row = -(-width // self.page.tilewidth) if self.page.is_tiled else 1
        step = self.page.tilelength if self.page.is_tiled else self.page.rowsperstrip
        for index in range(top // step * per_row, min(-(-bottom // step) * per_row, len(self.page.dataoffsets))):
            self._paste(index, rows, top, bottom)
        return rows[: max(min(bottom, height) - top, 0)]

    def _paste(self, index: int, rows: np.ndarray, top: int, bottom: int) -> None:
        offset, count = self.page.dataoffsets[index], self.page.databytecounts[index]
        if not count:
            return
        handle = self.file.filehandle
        handle.seek(offset)
        piece, place, _ = self.page.decode(handle.read(count), index, jpegtables=self.page.jpegtables)
        if piece is None:
            return
        y, x = int(place[2]), int(place[3])
        pixels = np.broadcast_to(piece[0], (*piece.shape[1:3], 3))
        first, last = max(y, top), min(y + pixels.shape[0], bottom)
        if last > first:
            right = min(x + pixels.shape[1], rows.shape[1])
            rows[first - top : last - top, x:right] = pixels[first - y : last - y, : right - x]


def _pixel_size(page: Any) -> float | None:
    """Micrometres a pixel from the resolution tags; None where they are not in a unit of length."""
    units = {2: 25_400.0, 3: 10_000.0}
    unit, resolution = page.tags.get("ResolutionUnit"), page.tags.get("XResolution")
    if unit is None or resolution is None or int(unit.value) not in units or not resolution.value[0]:
        return None
    size = units[int(unit.value)] * resolution.value[1] / resolution.value[0]
    return size if 0.05 < size < 200 else None  # screens' 72 or 96 dpi are no microscope's


def open_section(path: Path) -> Source:
    """The section of a file; raises InputError where it is no readable picture."""
    from training.images import read_image

    if path.suffix.lower() in (".tif", ".tiff") and path.is_file() and LazyTiff.reads(path):
        return LazyTiff(path)
    return Loaded(read_image(path))


def bands(source: Source, height: int) -> Iterator[tuple[int, np.ndarray]]:
    """First row and pixels of successive bands."""
    for top in range(0, source.size[0], height):
        yield top, source.band(top, min(top + height, source.size[0]))


def thumbnail(source: Source) -> tuple[np.ndarray, int]:
    """The section made smaller by block means, (h, w, 3) uint8, and how many section pixels one of its pixels spans."""
    step = max(-(-max(source.size) // THUMBNAIL_PX), 1)
    parts = [_blocks(rows, step) for _, rows in bands(source, step * 64)]
    return np.concatenate(parts), step


def _blocks(rows: np.ndarray, step: int) -> np.ndarray:
    if step == 1:
        return rows
    height, width = -(-rows.shape[0] // step), -(-rows.shape[1] // step)
    padded = np.pad(rows, ((0, height * step - rows.shape[0]), (0, width * step - rows.shape[1]), (0, 0)), mode="edge")
    return padded.reshape(height, step, width, step, 3).mean((1, 3)).round().astype(np.uint8)


def tissue_mask(small: np.ndarray) -> np.ndarray:
    """(h, w) bool: what is not glass. Glass is the colour of the picture's rim; a rim that varies shows tissue, and all is kept."""
    from scipy.ndimage import binary_fill_holes, gaussian_filter

    grey = gaussian_filter(small.astype(np.float32).mean(axis=2), 1.0)
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    glass = float(np.median(rim))
    if np.abs(rim - glass).mean() > _GLASS_STEP:
        return np.ones(grey.shape, bool)
    tissue: np.ndarray = np.abs(grey - glass) > max(_GLASS_STEP, 0.12 * float(np.ptp(grey)))
    return np.asarray(binary_fill_holes(tissue)) if tissue.any() else np.ones(grey.shape, bool)


def check_section(path: Path) -> None:
    """Raise InputError where there is no such file."""
    if not path.is_file():
        raise InputError("no such section", where=path, fix="check the path")
