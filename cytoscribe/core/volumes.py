"""Flat pictures and label maps in the formats of volumes: NIfTI, NRRD, MINC, OME-Zarr and Zeiss CZI, through optional packages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import levels_of
from cytoscribe.core.optional import needed
from cytoscribe.core.pixel_sizes import PixelSize, micrometres_in
from cytoscribe.core.zarr_picture import ZarrSlide

VOLUME_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mnc", ".mnc.gz", ".zarr", ".czi")
UNREAD = {
    **dict.fromkeys((".vsi", ".lif", ".oib", ".oif", ".zvi", ".nd2", ".ims", ".lsm", ".dv", ".vsf"), "a microscope's own format"),
    **dict.fromkeys((".dcm", ".dicom"), "DICOM"),
    **dict.fromkeys((".sid", ".ecw", ".psd", ".ai", ".pdf", ".svg", ".eps"), "a format of another trade"),
    **dict.fromkeys(
        (".mgz", ".mgh", ".img", ".hdr", ".mhd", ".mha", ".am", ".xcf", ".roi", ".zip", ".ozx"), "a format that is not read"
    ),
    **dict.fromkeys((".h5", ".hdf5", ".n5", ".ilp", ".mat", ".npz"), "a container of arrays"),
    **dict.fromkeys((".heic", ".heif", ".avif", ".gif", ".raw", ".dng", ".cr2", ".nef"), "a format of cameras and phones"),
    **dict.fromkeys((".xml", ".csv", ".txt", ".ndpa", ".shp", ".kml"), "no picture and no GeoJSON"),
}
"""Formats that lie in such folders and are not read: they are named instead of skipped."""
NIFTI = (".nii", ".nii.gz", ".mnc", ".mnc.gz")
"""Their axes run along x and y instead of down the rows of a picture."""
_COLOUR = (".nrrd", ".nhdr", ".czi")
"""Formats whose last axis may hold red, green and blue."""
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
    if flat.ndim == 2 or (flat.ndim == 3 and flat.shape[2] == 3 and values.shape[-1] == 3 and name.endswith(_COLOUR)):
        return flat, size
    told = " x ".join(str(n) for n in values.shape)
    raise InputError(f"a volume of {told}, not one slice", where=path, fix="save the slice that is meant as TIFF or PNG")


def _package(module: str, path: Path, package: str = "") -> Any:
    return needed(module, f"the format {path.suffix} is read", path, "convert the file to TIFF or PNG", package)


def _nibabel(path: Path) -> Read:
    """NIfTI and MINC: the first axis of the file runs along x; the second upwards, or down where its affine says so."""
    nibabel = _package("nibabel", path)
    image = nibabel.load(path)
    values = np.asanyarray(image.dataobj)
    unit = "mm"
    if hasattr(image.header, "get_xyzt_units"):
        unit = {"meter": "m", "mm": "mm", "micron": "um"}.get(image.header.get_xyzt_units()[0], "")
    if sum(n > 1 for n in values.shape) != 2:
        return values, None
    first, second = (i for i, n in enumerate(values.shape) if n > 1)
    zooms, factor = image.header.get_zooms(), micrometres_in(unit) if unit else None
    size = (
        PixelSize(float(zooms[first]) * factor, float(zooms[second]) * factor)
        if factor and zooms[first] and zooms[second]
        else None
    )
    return (np.squeeze(values).T if _runs_down(image.affine, second) else np.squeeze(values).T[::-1]), size


def _runs_down(affine: np.ndarray, axis: int) -> bool:
    """Whether an axis of a file runs against its direction in space, as rows of pictures do that ITK's programs have saved."""
    column = np.asarray(affine)[:3, axis] if axis < 3 else np.zeros(3)
    return bool(column[np.abs(column).argmax()] < 0)


def as_stored(values: np.ndarray, path: Path) -> np.ndarray:
    """What `read_flat` gave of NIfTI or MINC, with the first axis of the file as rows: numpy arrays that were saved as they were."""
    image = _package("nibabel", path).load(path)
    second = [i for i, n in enumerate(image.shape) if n > 1][1]
    return (values if _runs_down(image.affine, second) else values[::-1]).T


def _nrrd(path: Path) -> Read:
    nrrd = _package("nrrd", path, "pynrrd")
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
    """A label map of OME-Zarr, whole. Pictures are read in parts (`zarr_picture.ZarrSlide`)."""
    slide = ZarrSlide(path, labels=True)
    height, width = slide.sizes[0]
    return slide.raw(0, 0, 0, height, width)[..., 0], slide.stated_size


def _czi(path: Path) -> Read:
    """Zeiss: what no tile covers is glass in colour pictures, darkness in others."""
    czi = _package("czifile", path)
    with czi.CziFile(str(path)) as file:
        glass = 255 if file.dtype == np.uint8 and file.shape[-1] == 3 else 0
        values = np.full(file.shape, glass, file.dtype)
        try:
            file.asarray(out=values, max_workers=1)  # its threads lose the errors of pieces that they cannot decode
        except KeyError as error:
            fix = "export it from ZEN without compression, or as OME-TIFF"
            raise InputError("a compression that czifile does not know, as ZEN's Zstandard", where=path, fix=fix) from error
        told = file.metadata()
    return values, _czi_size(told)


def _czi_size(metadata: str) -> PixelSize | None:
    """Metres a pixel, from `Scaling`."""
    sizes = dict(re.findall(r'<Distance\s+Id="([XY])"[^>]*>.*?<Value>([^<]+)</Value>', metadata or "", re.DOTALL))
    try:
        return PixelSize(float(sizes["X"]) * 1e6, float(sizes["Y"]) * 1e6)
    except (KeyError, ValueError):
        return None


_READERS: tuple[tuple[tuple[str, ...], Callable[[Path], Read]], ...] = (
    (NIFTI, _nibabel),
    ((".nrrd", ".nhdr"), _nrrd),
    ((".zarr",), _zarr),
    ((".czi",), _czi),
)
