"""Flat pictures and label maps in the formats of volumes: NIfTI, NRRD, MINC, OME-Zarr and Zeiss CZI, through optional packages."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import levels_of
from cytoscribe.core.pixel_sizes import PixelSize, micrometres_in

VOLUME_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mnc", ".mnc.gz", ".zarr", ".czi")
UNREAD = {
    **dict.fromkeys((".vsi", ".lif", ".oib", ".oif", ".zvi", ".nd2", ".ims", ".lsm", ".dv", ".vsf"), "a microscope's own format"),
    **dict.fromkeys((".dcm", ".dicom"), "DICOM"),
    **dict.fromkeys((".sid", ".ecw", ".psd", ".ai", ".pdf", ".svg", ".eps"), "a format of another trade"),
    **dict.fromkeys((".mgz", ".mgh", ".img", ".hdr", ".mhd", ".mha", ".am", ".xcf", ".roi", ".zip"), "a format that is not read"),
    **dict.fromkeys((".h5", ".hdf5", ".n5", ".ilp", ".mat", ".npz"), "a container of arrays"),
    **dict.fromkeys((".heic", ".heif", ".avif", ".gif", ".raw", ".dng", ".cr2", ".nef"), "a format of cameras and phones"),
    **dict.fromkeys((".xml", ".csv", ".txt", ".ndpa", ".shp", ".kml"), "no picture and no GeoJSON"),
}
"""Formats that lie in such folders and are not read: they are named instead of skipped."""
Read = tuple[np.ndarray, PixelSize | None]


def is_volume(path: Path) -> bool:
    """Whether a file, or for Zarr a folder, is of one of these formats by its name."""
    return path.exists() and path.name.lower().endswith(VOLUME_SUFFIXES)


def read_volume_picture(path: Path) -> tuple[np.ndarray, PixelSize | None]:
    """(H, W, 3) uint8 and the size of its pixels; raises InputError as `read_flat` does."""
    values, size = read_flat(path)
    levels = levels_of(values, colour=values.ndim == 3)
    eight = values if levels is None else levels.of(values)
    return np.ascontiguousarray(eight if eight.ndim == 3 else np.repeat(eight[..., None], 3, axis=2)), size


def read_flat(path: Path) -> Read:
    """The one slice of a file, (H, W) or (H, W, 3) of its own type, and the size of its pixels where it says.

    Raises InputError that names the package to install where its reader is missing, and where the file holds more than one slice.
    """
    name = path.name.lower()
    reader = next(read for suffixes, read in _READERS if name.endswith(suffixes))
    try:
        values, size = reader(path)
    except InputError:
        raise
    except Exception as error:  # each reader fails in its own ways on broken files
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"not a readable {path.suffix} file ({reason})", where=path, fix="save it as TIFF") from error
    flat = np.squeeze(values)
    if flat.ndim == 2 or (flat.ndim == 3 and flat.shape[2] == 3 and values.dtype == np.uint8 and values.shape[-1] == 3):
        return flat, size
    told = " x ".join(str(n) for n in values.shape)
    raise InputError(f"a volume of {told}, not one slice", where=path, fix="save the slice that is meant as TIFF or PNG")


def _needed(module: str, package: str, path: Path) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"the format {path.suffix} is read through the package {package}, which is not installed",
            where=path,
            fix=f"pip install {package}, or convert the file to TIFF or PNG",
        ) from error


def _nibabel(path: Path) -> Read:
    """NIfTI and MINC: x runs along the first axis and upwards along the second, a picture down its rows."""
    nibabel = _needed("nibabel", "nibabel", path)
    image = nibabel.load(path)
    values = np.asanyarray(image.dataobj)
    unit = "mm"
    if hasattr(image.header, "get_xyzt_units"):
        unit = {"meter": "m", "mm": "mm", "micron": "um"}.get(image.header.get_xyzt_units()[0], "")
    if (values.ndim > 2 and sum(n > 1 for n in values.shape) > 2) or values.ndim < 2:
        return values, None
    kept = [i for i, n in enumerate(values.shape) if n > 1][:2] or [0, 1]
    zooms, factor = image.header.get_zooms(), micrometres_in(unit) if unit else None
    flat = np.squeeze(values)
    size = (
        PixelSize(float(zooms[kept[0]]) * factor, float(zooms[kept[-1]]) * factor)
        if factor and all(zooms[k] for k in kept)
        else None
    )
    return (flat.T[::-1] if flat.ndim == 2 else values), size


def _nrrd(path: Path) -> Read:
    nrrd = _needed("nrrd", "pynrrd", path)
    values, header = nrrd.read(str(path), index_order="C")
    spacings = header.get("spacings")
    directions = header.get("space directions")
    steps = spacings if spacings is not None else None if directions is None else [np.linalg.norm(d) for d in directions]
    units = header.get("space units") or header.get("units") or [""]
    factor = micrometres_in(str(units[0]).strip('"'))
    if steps is None or factor is None or len(steps) < 2 or not np.isfinite(steps[:2]).all():
        return values, None
    return values, PixelSize(float(steps[0]) * factor, float(steps[1]) * factor)


def _zarr(path: Path) -> Read:
    """OME-Zarr: the finest level of its first picture."""
    zarr = _needed("zarr", "zarr", path)
    group = zarr.open(str(path), mode="r")
    if not hasattr(group, "attrs") or hasattr(group, "shape"):
        return _colours_last(np.asarray(group[...])), None
    attributes = dict(group.attrs)
    told = (attributes.get("ome") or attributes).get("multiscales")
    if not told:
        raise InputError("no OME-Zarr picture (no 'multiscales')", where=path, fix="save it as OME-Zarr, or as OME-TIFF")
    level = told[0]["datasets"][0]
    values = np.asarray(group[level["path"]][...])
    scale = next((t["scale"] for t in level.get("coordinateTransformations", ()) if t.get("type") == "scale"), None)
    axes = told[0].get("axes") or []
    units = [micrometres_in(str(a.get("unit", ""))) if isinstance(a, dict) else None for a in axes]
    size = None
    if scale and len(units) >= 2 and units[-1] and units[-2]:
        size = PixelSize(float(scale[-1]) * units[-1], float(scale[-2]) * units[-2])
    return _colours_last(values), size


def _colours_last(values: np.ndarray) -> np.ndarray:
    """(C, H, W) of three 8-bit channels, which brightfield pictures have, as (H, W, 3)."""
    flat = np.squeeze(values)
    return np.moveaxis(flat, 0, -1) if flat.ndim == 3 and flat.shape[0] == 3 and flat.dtype == np.uint8 else values


def _czi(path: Path) -> Read:
    czi = _needed("czifile", "czifile", path)
    with czi.CziFile(str(path)) as file:
        values = np.squeeze(file.asarray())
    if values.ndim == 3 and values.shape[2] == 3:
        values = values[..., ::-1]  # blue comes first in the format
    return values, None


_READERS: tuple[tuple[tuple[str, ...], Callable[[Path], Read]], ...] = (
    ((".nii", ".nii.gz", ".mnc", ".mnc.gz"), _nibabel),
    ((".nrrd", ".nhdr"), _nrrd),
    ((".zarr",), _zarr),
    ((".czi",), _czi),
)
