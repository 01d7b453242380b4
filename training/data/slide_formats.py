"""Lazy readers of large pictures: TIFF and OME-TIFF pyramids through tifffile, scanners' formats through OpenSlide."""

from __future__ import annotations

import importlib.util
import logging
import xml.etree.ElementTree as ElementTree
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import STRETCH
from cytoscribe.training.data.slides import WHITE, plausible_size

KEPT_BYTES = 256 * 2**20
"""Decoded pieces of a TIFF that are kept, so that neighbouring windows do not decode them again."""
MOST_BYTES = 800_000_000
"""Of one window or piece of a TIFF."""
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong with a file is said once, by this package
_MINISWHITE, _MINISBLACK, _RGB, _YCBCR = 0, 1, 2, 6
_ALPHA = 4
_SAMPLED = 4_000_000
_OFFICE_DPI = (72.0, 96.0, 100.0, 150.0, 200.0, 300.0, 600.0)
"""Resolutions that programs write for print and screen: they say nothing of the tissue."""
_UNITS = {"m": 1e6, "cm": 1e4, "mm": 1e3, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3}


class TiffSlide:
    """A TIFF of 8- or 16-bit grey, RGB or RGBA whose strips or tiles are decoded as windows ask for them.

    Levels are the SubIFDs of an OME-TIFF or the smaller pages of a scanner's pyramid; of several channels the first is read. 16-bit
    values are stretched between the 0.5 and 99.5 percentiles of the coarsest level.
    """

    def __init__(self, path: Path) -> None:
        import tifffile

        self.path = path
        self.file = tifffile.TiffFile(path)
        series = self.file.series[0]
        first: Any = series.keyframe
        pages = [level.keyframe for level in series.levels]
        self.pages: list[Any] = [p for p in pages if p.samplesperpixel == first.samplesperpixel and p.dtype == first.dtype]
        self.sizes = tuple((int(p.imagelength), int(p.imagewidth)) for p in self.pages)
        self.pixel_size_um = _ome_size(self.file.ome_metadata) or _tiff_size(first)
        self._pieces: OrderedDict[tuple[int, int], tuple[np.ndarray, int, int]] = OrderedDict()
        self._held = 0
        self._range = None if first.dtype == np.uint8 else self._percentiles()

    @staticmethod
    def opened(path: Path) -> TiffSlide | str:
        """The slide, or why it cannot be read so."""
        import tifffile

        try:
            with tifffile.TiffFile(path) as file:
                page: Any = file.series[0].keyframe
                if page.dtype not in (np.uint8, np.uint16) or page.samplesperpixel not in (1, 3, 4) or page.planarconfig != 1:
                    return "neither 8- nor 16-bit grey or RGB"
                if page.photometric not in (_MINISWHITE, _MINISBLACK, _RGB, _YCBCR):
                    return "neither grey nor RGB"
            slide = TiffSlide(path)
            slide.read(0, 0, 0, 1, 1)
            return slide
        except InputError as error:
            return error.what
        except Exception as error:  # a broken file brings tifffile and its codecs to errors of every kind
            return " ".join(str(error).split())[:120] or type(error).__name__

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        try:
            return self._window(level, top, left, bottom, right)
        except InputError:
            raise
        except Exception as error:  # a damaged piece brings tifffile and its codecs to errors of every kind
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise InputError(f"a damaged TIFF ({reason})", where=self.path, fix="export it again") from error

    def _window(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        page = self.pages[level]
        samples = int(page.samplesperpixel)
        self._bound((bottom - top) * (right - left) * samples * page.dtype.itemsize, "a window")
        found = np.zeros((bottom - top, right - left, samples), page.dtype)
        high, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
        across = -(-int(page.imagewidth) // wide)
        for row in range(top // high, -(-bottom // high)):
            for column in range(left // wide, -(-right // wide)):
                _paste(found, self._piece(level, row * across + column), top, left)
        return self._as_rgb(found, page)

    def _piece(self, level: int, index: int) -> tuple[np.ndarray, int, int]:
        """Pixels (h, w, samples) of one strip or tile, and the row and column they begin at."""
        if (level, index) in self._pieces:
            self._pieces.move_to_end((level, index))
            return self._pieces[level, index]
        page = self.pages[level]
        high, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
        self._bound(min(high, page.imagelength) * wide * int(page.samplesperpixel) * page.dtype.itemsize, "a piece")
        handle, count = self.file.filehandle, page.databytecounts[index]
        handle.seek(page.dataoffsets[index])
        data = handle.read(count) if count else None
        decoded, place, shape = page.decode(data, index, jpegtables=page.jpegtables)
        if decoded is None:  # a sparse tile was never written: glass
            decoded = np.full((1, *shape[1:]), np.iinfo(page.dtype).max, page.dtype)
        piece = decoded[0], int(place[2]), int(place[3])
        self._pieces[level, index] = piece
        self._held += piece[0].nbytes
        while self._held > KEPT_BYTES and len(self._pieces) > 1:
            self._held -= self._pieces.popitem(last=False)[1][0].nbytes
        return piece

    def _bound(self, size: int, what: str) -> None:
        """Raise InputError before memory is taken for what a few bytes of a header ask for."""
        if size > MOST_BYTES:
            raise InputError(
                f"{what} of {size / 1e9:.1f} GB would have to be decoded at once",
                where=self.path,
                fix="save it in tiles, with smaller copies (a pyramid)",
            )

    def _as_rgb(self, values: np.ndarray, page: Any) -> np.ndarray:
        if self._range is not None:
            low, high = self._range
            alpha = values[..., 3:] // 257
            values = np.clip((values[..., :3].astype(np.float32) - low) / (high - low) * 255, 0, 255).round().astype(np.uint8)
            values = np.concatenate([values, alpha.astype(np.uint8)], axis=2)
        if page.photometric == _MINISWHITE:
            values = 255 - values
        if values.shape[2] == _ALPHA:
            return _on_white(values)
        return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))

    def _percentiles(self) -> tuple[float, float]:
        """Black and white of a 16-bit picture, from its coarsest level (or from evenly spread rows of one that has no other)."""
        level = len(self.pages) - 1
        rows, columns = self.sizes[level]
        step = max(rows * columns // _SAMPLED, 1)
        self._range = (0.0, 65535.0)
        parts = [self._raw_row(level, y, columns) for y in range(0, rows, step)]
        low, high = (float(v) for v in np.percentile(np.concatenate(parts), STRETCH))
        return (low, high) if high > low else (low, low + 1.0)

    def _raw_row(self, level: int, y: int, columns: int) -> np.ndarray:
        page = self.pages[level]
        found = np.zeros((1, columns, int(page.samplesperpixel)), page.dtype)
        high, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
        across = -(-columns // wide)
        for column in range(across):
            _paste(found, self._piece(level, y // high * across + column), y, 0)
        return found[0, :, :3].ravel()


def _paste(target: np.ndarray, piece: tuple[np.ndarray, int, int], top: int, left: int) -> None:
    """Copy what a piece has of the target, which begins at (top, left) of the page."""
    pixels, y, x = piece
    first, last = max(y, top), min(y + pixels.shape[0], top + target.shape[0])
    start, end = max(x, left), min(x + pixels.shape[1], left + target.shape[1])
    if last > first and end > start:
        target[first - top : last - top, start - left : end - left] = pixels[first - y : last - y, start - x : end - x]


def _on_white(values: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 as RGB; what is transparent is glass."""
    alpha = values[..., 3:].astype(np.float32) / 255
    return (values[..., :3] * alpha + WHITE * (1 - alpha)).round().astype(np.uint8)


def _ome_size(metadata: str | None) -> float | None:
    """Micrometres a pixel from OME-XML (PhysicalSizeX and its unit, micrometres where it names none)."""
    if not metadata:
        return None
    try:
        pixels = ElementTree.fromstring(metadata).find(".//{*}Pixels")
        size = float(pixels.get("PhysicalSizeX", "")) if pixels is not None else 0.0
    except (ElementTree.ParseError, ValueError):
        return None
    return plausible_size(size * _UNITS.get(pixels.get("PhysicalSizeXUnit", "µm"), 0.0) if pixels is not None else None)


def _tiff_size(page: Any) -> float | None:
    """Micrometres a pixel from a scanner's description ("MPP = 0.25") or the resolution tags; None where they mean paper."""
    import re

    told = re.search(r"\bMPP\s*=\s*([\d.]+)", page.description or "")
    if told:
        return plausible_size(float(told.group(1)))
    units = {2: 25_400.0, 3: 10_000.0}
    unit, resolution = page.tags.get("ResolutionUnit"), page.tags.get("XResolution")
    if unit is None or resolution is None or int(unit.value) not in units or not resolution.value[0]:
        return None
    per_unit = resolution.value[0] / max(resolution.value[1], 1)
    if int(unit.value) == 2 and per_unit in _OFFICE_DPI:
        return None
    return plausible_size(units[int(unit.value)] / per_unit)


def size_of_tiff(path: Path) -> float | None:
    """Micrometres a pixel that a TIFF states, read without its pixels."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            return _ome_size(file.ome_metadata) or _tiff_size(file.pages[0])
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
        told = self.slide.properties.get("openslide.mpp-x")
        self.pixel_size_um = plausible_size(float(told)) if told else None

    @staticmethod
    def reads(path: Path) -> bool:
        """True for files that OpenSlide knows the format of."""
        import openslide  # type: ignore[import-not-found]

        return openslide.OpenSlide.detect_format(path) is not None

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        factor = self.sizes[0][0] / self.sizes[level][0]
        region = self.slide.read_region((round(left * factor), round(top * factor)), level, (right - left, bottom - top))
        return _on_white(np.asarray(region))
