"""Masks that somebody made: binary or one number an object, as PNG or TIFF (cellpose, ImageJ), or outlines from QuPath."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, ImageDraw

from cytoscribe.captions.morphology.pixels import parts_of
from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.images import LOSSY, LOSSY_TIFF, MOST_PIXELS, opened_image
from cytoscribe.core.outlines import OUTLINE_SUFFIXES, check_drawn, read_polygons
from cytoscribe.core.tiff_layout import series_of

_TIFF = (".tif", ".tiff")
_SAVE = "save it as PNG or TIFF, or outlines as GeoJSON"
_LEAST_PX = 4
"""Smaller objects are dust of a mask, not cells."""


def read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """The objects of a mask as (H, W) int32, 0 for none, numbered from 1; size: (H, W) of the image it belongs to. As `read_objects`."""
    return read_objects(path, size)[0]


def read_objects(path: Path, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """The objects of a mask as (H, W) int32, 0 for none, numbered from 1, and how many were left out as too small.

    size: (H, W) of the image. A mask of one value is cut into its connected parts. Objects of fewer than four pixels are left out. Raises InputError where the
    file is missing, of another size, in colour, or holds no object.
    """
    labels = _drawn(path, size) if path.suffix.lower() in OUTLINE_SUFFIXES else _pixels(path)
    if labels.shape != size:
        shown = " x ".join(str(n) for n in reversed(labels.shape))
        raise InputError(f"the mask is {shown} px and the image {size[1]} x {size[0]}", where=path, fix="make them the same size")
    if np.unique(labels).size <= 2:
        labels = parts_of(labels > 0)
    counts = np.bincount(labels.ravel())
    kept = counts >= _LEAST_PX
    kept[0] = False
    if not kept.any():
        raise InputError("the mask holds no object of four pixels or more", where=path, fix="give a mask with cells, or none")
    return (np.cumsum(kept) * kept).astype(np.int32)[labels], int((counts[1:] > 0).sum() - kept.sum())


def read_label_map(path: Path, size: tuple[int, int]) -> np.ndarray:
    """A label map as it is, (H, W) int64 with its own values; size: (H, W) of the image. Raises InputError as `read_mask` does."""
    values = _values(path)
    if values.shape != size:
        shown = " x ".join(str(n) for n in reversed(values.shape))
        raise InputError(
            f"the label map is {shown} px and the image {size[1]} x {size[0]}", where=path, fix="make them the same size"
        )
    return values


def _pixels(path: Path) -> np.ndarray:
    return _compact(_values(path))


def _values(path: Path) -> np.ndarray:
    """The whole numbers of a mask file, one a pixel."""
    if not is_file(path):
        raise InputError("no such mask", where=path, fix="check the mask_path column")
    values = _of_tiff(path) if path.suffix.lower() in _TIFF else _of_picture(path)
    values = np.squeeze(values)
    if values.size < _LEAST_PX:
        raise InputError("not a readable mask", where=path, fix=_SAVE)
    if values.ndim == 3 and values.shape[2] in (3, 4) and (values[..., :3] == values[..., :1]).all():
        values = values[..., 0]
    if values.ndim != 2:
        raise InputError("the mask is a colour picture", where=path, fix="save one number per pixel")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError("the mask holds numbers that are not finite", where=path, fix="save whole numbers")
    if values.dtype.kind == "f" and (values != np.round(values)).any():
        raise InputError(
            "the mask holds parts of numbers: it was interpolated", where=path, fix="make it again with nearest neighbours"
        )
    if values.min() < 0 or values.max() > 2**31 - 1:
        raise InputError("the mask holds numbers that cannot be labels", where=path, fix="number the objects from 1")
    return values.astype(np.int64)


def _of_picture(path: Path) -> np.ndarray:
    try:
        with opened_image(path) as image:
            _refuse_lossy(LOSSY.get(image.format or ""), path)
            return np.asarray(image)
    except InputError as error:
        raise InputError(f"not a readable mask ({error.what})", where=path, fix=_SAVE) from error


def _refuse_lossy(format: str | None, path: Path) -> None:
    if format:
        raise InputError(f"{format} changes the values of a mask", where=path, fix=f"{_SAVE} from the original")


def _of_tiff(path: Path) -> np.ndarray:
    """The one picture of a TIFF, of a pyramid its finest level: through tifffile, since Pillow knows no unsigned numbers of 32 bits."""
    try:
        with tifffile.TiffFile(path) as file:
            series = series_of(file)
            page: Any = file.pages.first
            if page.size > MOST_PIXELS:
                raise InputError(f"a mask of {page.size:,} values, more than {MOST_PIXELS:,}", where=path, fix=_SAVE)
            _refuse_lossy(LOSSY_TIFF.get(int(page.compression)), path)
            if math.prod(series[0].shape) != page.size:
                told = " x ".join(map(str, series[0].shape))
                raise InputError(f"a stack of {told}, not one mask", where=path, fix="save the plane that is meant")
            return page.asarray()
    except InputError:
        raise
    except Exception as error:  # a broken file brings tifffile and its codecs to errors of every kind
        raise InputError("not a readable mask", where=path, fix=_SAVE) from error


def _compact(values: np.ndarray) -> np.ndarray:
    """Labels without gaps: sparse ones would make tables as long as the largest number."""
    names, index = np.unique(values, return_inverse=True)
    index = index.reshape(values.shape)
    return (index if names[0] == 0 else index + 1).astype(np.int32)


def _drawn(path: Path, size: tuple[int, int]) -> np.ndarray:
    canvas = Image.new("I", (size[1], size[0]))
    brush = ImageDraw.Draw(canvas)
    polygons = read_polygons(path)
    check_drawn((rings[0] for _, rings in polygons), size, path)
    for number, (_, rings) in enumerate(polygons, start=1):
        for i, ring in enumerate(rings):
            brush.polygon([(float(x) - 0.5, float(y) - 0.5) for x, y in ring], fill=number if i == 0 else 0)
    return np.asarray(canvas, dtype=np.int32)
