"""Masks that somebody made: binary or one number an object, as PNG or TIFF (cellpose, ImageJ), or outlines from QuPath."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageDraw

from cytoscribe.captions.morphology.pixels import parts_of
from cytoscribe.core.errors import InputError
from cytoscribe.core.outlines import OUTLINE_SUFFIXES, read_polygons

_TIFF = (".tif", ".tiff")
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
    try:
        values = tifffile.imread(path) if path.suffix.lower() in _TIFF else np.asarray(Image.open(path))
    except FileNotFoundError as error:
        raise InputError("no such mask", where=path, fix="check the mask_path column") from error
    except Exception as error:  # readers raise whatever a broken file brings them to
        raise InputError("not a readable mask", where=path, fix="save it as PNG or TIFF, or outlines as GeoJSON") from error
    values = np.squeeze(values)
    if values.size < _LEAST_PX:
        raise InputError("not a readable mask", where=path, fix="save it as PNG or TIFF, or outlines as GeoJSON")
    if values.ndim == 3 and values.shape[2] in (3, 4) and (values[..., :3] == values[..., :1]).all():
        values = values[..., 0]
    if values.ndim != 2:
        raise InputError("the mask is a colour picture", where=path, fix="save one number a pixel")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError("the mask holds numbers that are not finite", where=path, fix="save whole numbers")
    if values.min() < 0 or values.max() > 2**31 - 1:
        raise InputError("the mask holds numbers that cannot be labels", where=path, fix="number the objects from 1")
    return values.astype(np.int64)


def _compact(values: np.ndarray) -> np.ndarray:
    """Labels without gaps: sparse ones would make tables as long as the largest number."""
    names, index = np.unique(values, return_inverse=True)
    index = index.reshape(values.shape)
    return (index if names[0] == 0 else index + 1).astype(np.int32)


def _drawn(path: Path, size: tuple[int, int]) -> np.ndarray:
    canvas = Image.new("I", (size[1], size[0]))
    brush = ImageDraw.Draw(canvas)
    polygons = read_polygons(path)
    for number, (_, rings) in enumerate(polygons, start=1):
        for i, ring in enumerate(rings):
            brush.polygon([(float(x) - 0.5, float(y) - 0.5) for x, y in ring], fill=number if i == 0 else 0)
    return np.asarray(canvas, dtype=np.int32)
