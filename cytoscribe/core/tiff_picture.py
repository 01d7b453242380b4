"""Pictures in TIFF files, decoded piece by piece as windows ask for them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import Levels, levels_of, on_white
from cytoscribe.core.pixel_sizes import PixelSize, size_in_tiff, square_size
from cytoscribe.core.progress import say
from cytoscribe.core.tiff_layout import (
    MINISWHITE,
    Layout,
    Plane,
    layout_of,
    place_of,
    readable_in_parts,
    refuse_unlike_colours,
    sample_rows,
)

KEPT_BYTES = 256 * 2**20
"""Decoded pieces of a TIFF that are kept, so that neighbouring windows do not decode them again."""
MOST_BYTES = 800_000_000
"""Of one window or piece of a TIFF."""
_SAMPLED = 4_000_000
_ROWS = 4096
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong with a file is said once, by this package


class TiffSlide:
    """A TIFF of grey, RGB or RGBA whose strips or tiles are decoded as windows ask for them, whatever the type of its numbers.

    Levels are the SubIFDs of an OME-TIFF or the smaller pages of a scanner's pyramid; of several pictures the largest is read.
    Colours may lie in one page, in planes of it, or in three channels. Values deeper than 8 bits become 8-bit as
    `levels.levels_of` says, by the coarsest level.
    """

    def __init__(self, path: Path, labels: bool = False) -> None:
        import tifffile

        self.path = path
        self.file = tifffile.TiffFile(path)
        self.layout: Layout = layout_of(self.file, path)
        self.levels = self.layout.levels
        self.pages = [planes[0].page for planes in self.levels]
        self.sizes = tuple((int(p.imagelength), int(p.imagewidth)) for p in self.pages)
        self.stated_size: PixelSize | None = size_in_tiff(self.file, place_of(self.file, self.layout.series), self.layout.page)
        self._pieces: OrderedDict[tuple[int, int, int], tuple[np.ndarray, int, int]] = OrderedDict()
        self._held = 0
        self._levels: Levels | None = None
        if not labels:
            self._look()

    def _look(self) -> None:
        """Find black and white, and whether channels that are not named are colours."""
        if self.pages[0].dtype == np.uint8 and not self.layout.unnamed:
            return
        sample = self._sample()
        self._levels = levels_of(sample, colour=self.colours == 3)
        if self.layout.unnamed:
            refuse_unlike_colours(sample, self.path)
            say(f"{self.path.name}: its three channels are not named red, green and blue and are read as such")

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres a pixel; raises InputError where pixels are not square."""
        return square_size(self.stated_size, self.path)

    @property
    def colours(self) -> int:
        """Numbers a pixel without its alpha, and without a fourth one of unknown meaning."""
        return min(self.layout.samples - self.layout.alpha, 3)

    @staticmethod
    def opened(path: Path) -> TiffSlide | str:
        """The slide, or why its pieces cannot be decoded; raises InputError where the file holds no one picture."""
        try:
            slide = TiffSlide(path)
            if not readable_in_parts(slide.layout.page):
                return "a palette, inks or a colour space of its own"
            slide._window(0, 0, 0, 1, 1)
            return slide
        except InputError:
            raise
        except Exception as error:  # a broken file brings tifffile and its codecs to errors of every kind
            return " ".join(str(error).split())[:120] or type(error).__name__

    @staticmethod
    def labels_opened(path: Path) -> TiffSlide | str:
        """The same of a label map, whose values are read as they are with `raw`."""
        try:
            slide = TiffSlide(path, labels=True)
            slide._window(0, 0, 0, 1, 1)
            return slide
        except InputError:
            raise
        except Exception as error:  # as above
            return " ".join(str(error).split())[:120] or type(error).__name__

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """(bottom - top, right - left, 3) uint8 in pixels of that level."""
        return self._as_rgb(self.raw(level, top, left, bottom, right))

    def raw(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """(bottom - top, right - left, samples) of the file's own type; raises InputError where a piece is damaged or too large."""
        try:
            return self._window(level, top, left, bottom, right)
        except (InputError, MemoryError):
            raise
        except Exception as error:  # a damaged piece brings tifffile and its codecs to errors of every kind
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise InputError(f"a damaged TIFF ({reason})", where=self.path, fix="export it again") from error

    def _window(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        page = self.pages[level]
        self._bound((bottom - top) * (right - left) * self.layout.samples * page.dtype.itemsize, "a window")
        found = np.zeros((bottom - top, right - left, self.layout.samples), page.dtype)
        high, wide = _piece_size(page)
        across = -(-int(page.imagewidth) // wide)
        for number, plane in enumerate(self.levels[level]):
            target = found if len(self.levels[level]) == 1 else found[..., number : number + 1]
            for row in range(top // high, -(-bottom // high)):
                for column in range(left // wide, -(-right // wide)):
                    _paste(target, self._piece(level, number, plane, row * across + column), top, left)
        return found

    def _piece(self, level: int, number: int, plane: Plane, index: int) -> tuple[np.ndarray, int, int]:
        """Pixels (h, w, samples) of one strip or tile, and the row and column they begin at."""
        key = level, number, index
        if key in self._pieces:
            self._pieces.move_to_end(key)
            return self._pieces[key]
        page = plane.page
        high, wide = _piece_size(page)
        samples = 1 if plane.sample is not None else int(page.samplesperpixel)
        self._bound(min(high, page.imagelength) * wide * samples * page.dtype.itemsize, "a piece")
        if plane.sample is not None:  # planes of a page lie one behind the other
            index += plane.sample * -(-int(page.imagewidth) // wide) * -(-int(page.imagelength) // high)
        handle, count = self.file.filehandle, page.databytecounts[index]
        handle.seek(page.dataoffsets[index])
        data = handle.read(count) if count else None
        decoded, place, shape = page.decode(data, index, jpegtables=page.jpegtables)
        if decoded is None:  # a sparse tile was never written: glass
            most = np.iinfo(page.dtype).max if page.dtype.kind in "ui" else 1
            decoded = np.full((1, *shape[1:]), most, page.dtype)
        piece = decoded[0], int(place[2]), int(place[3])
        self._pieces[key] = piece
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

    def _as_rgb(self, values: np.ndarray) -> np.ndarray:
        own = values[..., : self.colours]
        eight = own if self._levels is None else self._levels.of(own)
        if self.layout.page.photometric == MINISWHITE:
            eight = 255 - eight
        colour = np.broadcast_to(eight, (*eight.shape[:2], 3))
        if not self.layout.alpha:
            return np.ascontiguousarray(colour)
        return on_white(np.concatenate([colour, _alpha(values[..., -1:])], axis=2), self.layout.multiplied)

    def _sample(self) -> np.ndarray:
        """(h, w, colours) of the coarsest level, or evenly spread rows of one that is large."""
        level = len(self.pages) - 1
        rows, columns = self.sizes[level]
        step = max(rows * columns // _SAMPLED, 1)
        parts = [self._window(level, y, 0, y + 1, columns)[..., : self.colours] for y in sample_rows(rows, step)]
        return np.concatenate(parts)


def whole_picture(slide: TiffSlide) -> np.ndarray:
    """(H, W, 3) uint8: the finest level, turned as its orientation says."""
    height, width = slide.sizes[0]
    bands = [slide.read(0, top, 0, min(top + _ROWS, height), width) for top in range(0, height, _ROWS)]
    return turned(np.concatenate(bands), slide.layout.orientation)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """(H, W, ...) as it should be displayed, by EXIF's orientation from 1 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _piece_size(page: Any) -> tuple[int, int]:
    """Rows and columns of a strip or tile."""
    return (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)


def _paste(target: np.ndarray, piece: tuple[np.ndarray, int, int], top: int, left: int) -> None:
    """Copy what a piece has of the target, which begins at (top, left) of the page."""
    pixels, y, x = piece
    first, last = max(y, top), min(y + pixels.shape[0], top + target.shape[0])
    start, end = max(x, left), min(x + pixels.shape[1], left + target.shape[1])
    if last > first and end > start:
        target[first - top : last - top, start - left : end - left] = pixels[first - y : last - y, start - x : end - x]


def _alpha(values: np.ndarray) -> np.ndarray:
    """Alpha of any type as uint8: whole numbers over the range of their type, floats over 1."""
    most = float(np.iinfo(values.dtype).max) if values.dtype.kind in "ui" else 1.0
    return np.clip(values.astype(np.float32) / most * 255, 0, 255).round().astype(np.uint8)
