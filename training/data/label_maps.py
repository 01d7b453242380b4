"""Label maps as whole numbers, value by value: what has been through JPEG, smoothing or a stack is refused, not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cytoscribe.core.arrays import read_npy
from cytoscribe.core.errors import InputError
from cytoscribe.core.images import LOSSY, LOSSY_TIFF, check_size, is_tiff, opened_image
from cytoscribe.core.progress import say
from cytoscribe.core.tiff_layout import PALETTE, Layout, layout_of
from cytoscribe.core.tiff_picture import TiffSlide, turned
from cytoscribe.core.volumes import NIFTI, VOLUME_SUFFIXES, as_stored, is_volume, read_flat
from cytoscribe.training.data.smoothed_labels import Ramps

LABEL_SUFFIXES = (".png", ".tif", ".tiff", ".btf", ".bmp", ".jpg", ".jpeg", ".jp2", ".webp", ".npy", *VOLUME_SUFFIXES)
"""Some of them are known in order to be refused with the reason."""
MOST_CELLS = 50_000_000
"""Labels that are kept of a map; of a larger TIFF every second, third ... pixel of a row is read, and every such row."""
MOST_WHOLE = 8_000_000
"""Labels up to which a map is always kept whole."""
_CELLS_A_TILE = 32
"""Cells of a thinned map across the smallest tile: the purity of a tile is then true to a thousandth."""
SAVE = "save it as a 16-bit greyscale PNG or as TIFF"
_ASPECT = 0.02
"""Relative difference of width to height up to which a map fits a picture."""


def read_labels(path: Path, drawn: bool = False, picture: tuple[int, int] | None = None, finest: int = 0) -> np.ndarray:
    """Label map as (H, W) whole numbers, of the file's own type where it is one of whole numbers, else int64; of palettes the indices.

    Of a TIFF of more than MOST_WHOLE pixels a grid of them is read, as coarse as tiles of `finest` pixels of the picture allow, and
    coarser where it would have more than MOST_CELLS cells. drawn: the map was drawn cell by cell, and cells of one pixel are no sign
    of smoothing; picture: (H, W) of the picture, which also tells how NIfTI and MINC lie where their axes alone do not. Raises
    InputError where the file is lossy, in colour, a stack, holds parts of numbers or numbers that lie between labels, or cannot be
    read.
    """
    ramps = Ramps()
    values = _values(path, ramps, *((picture, finest) if picture is not None else ((1, 1), 0)))
    values = _lying(values, path, picture) if path.name.lower().endswith(NIFTI) else values
    if values.ndim == 3:
        values = _one_channel(values, path)
    whole = _whole_numbers(values, path)
    if not drawn:
        if not ramps.looked:
            ramps.look(whole, whole.shape)
        ramps.check(path)
    return whole


def read_label_colours(path: Path) -> np.ndarray:
    """A colour-coded label map as (H, W) int64, red * 65536 + green * 256 + blue; -1 where it is transparent. Raises InputError."""
    if is_tiff(path):
        _refuse_lossy_tiff(path)
    with _opened(path) as image:
        layered = np.asarray(ImageOps.exif_transpose(image).convert("RGBA")).astype(np.int64)
    packed = (layered[..., 0] << 16) + (layered[..., 1] << 8) + layered[..., 2]
    return np.where(layered[..., 3] > 127, packed, -1)


def _values(path: Path, ramps: Ramps, picture: tuple[int, int], finest: int) -> np.ndarray:
    if is_volume(path):
        return read_flat(path)[0]
    if path.suffix.lower() == ".npy":
        return _array(path)
    if is_tiff(path):
        return _of_tiff(path, ramps, picture, finest)
    with _opened(path) as image:
        if image.mode == "P":
            _check_palette(np.asarray(image), np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3), path)
        return _pixels(image)


def _lying(values: np.ndarray, path: Path, picture: tuple[int, int] | None) -> np.ndarray:
    """The map as its axes say, or as it is stored where it fits the picture only so; either is said."""
    height, width = picture or values.shape
    if picture is not None and abs(values.shape[0] * width / (values.shape[1] * height) - 1) > _ASPECT:
        stored = as_stored(values, path)
        if abs(stored.shape[0] * width / (stored.shape[1] * height) - 1) <= _ASPECT:
            say(f"{path.name}: its first axis is taken as rows, since it fits the picture only so")
            return stored
    say(f"{path.name}: its first axis is taken as x, its second as y as its affine directs it; look at the contact sheet")
    return values


def _check_palette(indices: np.ndarray, palette: np.ndarray, path: Path) -> None:
    """Say that the indices of a coloured palette (N, 3) are the labels. Raises InputError where the palette is grey and gives other
    values: programs that make files smaller write greyscale so, and then its values are the labels."""
    used = np.unique(indices)
    colours = palette[used.clip(max=len(palette) - 1)].astype(int)
    if (colours != colours[:, :1]).any():
        say(f"{path.name}: a palette, whose indices are taken as labels; --colours FILE gives meaning to its colours")
    elif not any((colours[:, 0] == ramp).all() for ramp in (used, 255 - used)):
        told = ", ".join(f"{i} is {v}" for i, v in zip(used[:3], colours[:3, 0], strict=True))
        raise InputError(f"a palette of greys that are not its indices ({told}): either may be labels", where=path, fix=SAVE)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An image through Pillow whose format keeps values as they are."""
    try:
        with opened_image(path) as image:
            lossy = LOSSY.get(image.format or "")
            if lossy:
                raise InputError(f"{lossy} changes label values", where=path, fix=f"{SAVE} from the original")
            yield image
    except InputError as error:
        if error.what.startswith("not a readable image"):
            raise InputError(f"not a readable label map ({error.what})", where=path, fix=SAVE) from error
        raise


def _pixels(image: Image.Image) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode in ("LA", "RGBA", "PA"):
        values = np.asarray(image)
        clear = values[..., -1] == 0
        return np.where(clear[..., None], 0, values[..., :-1])
    return np.asarray(image)


def _array(path: Path) -> np.ndarray:
    values = read_npy(path, "save the masks alone as PNG or TIFF (cellpose: --save_png or --save_tif)")
    flat = np.squeeze(values)
    if flat.ndim != 2:
        raise InputError(f"a stack of {' x '.join(map(str, values.shape))}, not one map", where=path, fix="save one slice")
    return flat


def _of_tiff(path: Path, ramps: Ramps, picture: tuple[int, int], finest: int) -> np.ndarray:
    """(H, W) or (H, W, samples) of the file's own type; where it is large thinned, and `ramps` has looked at what was left out."""
    _refuse_lossy_tiff(path)
    slide = TiffSlide.labels_opened(path)
    if isinstance(slide, str):
        return _by_pillow(path, slide)
    with slide.file:
        values = turned(_grid_of(slide, thinning(slide.sizes[0], picture, finest), ramps), slide.layout.orientation)
        if slide.layout.page.photometric == PALETTE and slide.layout.page.colormap is not None:
            _check_palette(values, (np.asarray(slide.layout.page.colormap).T >> 8).astype(np.uint8), path)
    return values[..., 0] if values.shape[2] == 1 else values


def thinning(size: tuple[int, int], picture: tuple[int, int], finest: int) -> int:
    """Labels that one of the grid stands for in either direction. size: (H, W) of the map; see `read_labels`."""
    height, width = size
    if height * width <= MOST_WHOLE:
        return 1
    across = finest * height // picture[0]  # labels that the smallest tile is wide
    return max(across // _CELLS_A_TILE, int(np.ceil(np.sqrt(height * width / MOST_CELLS))), 1)


def _grid_of(slide: TiffSlide, step: int, ramps: Ramps) -> np.ndarray:
    """The middle of every `step` x `step` labels, (H // step, W // step, samples) but for a broken rest of more than half."""
    height, width = slide.sizes[0]
    rows = max(2**24 // width // step, 1) * step
    places = [np.arange(step // 2, length, step) for length in (height, width)]
    found = np.empty((len(places[0]), len(places[1]), slide.layout.samples), slide.pages[0].dtype)
    for top in range(0, height, rows):
        whole = slide.raw(0, top, 0, min(top + rows, height), width)
        if step > 1 and slide.layout.samples == 1:
            ramps.look(whole[..., 0], (height, width))
        band = whole[step // 2 :: step, step // 2 :: step]
        found[top // step : top // step + len(band)] = band
    return found


def _by_pillow(path: Path, reason: str) -> np.ndarray:
    """A map in a codec that tifffile lacks here: Pillow brings its own for values of up to 32 bits."""
    with _structure(path) as layout:
        index, kind = int(layout.page.index), layout.page.dtype
    with _opened(path) as image:
        image.seek(index)
        check_size(image.width, image.height, path)
        if kind.itemsize > 4 or (kind.itemsize > 1 and image.mode in ("RGB", "RGBA")):
            raise InputError(
                f"cannot be read here ({reason})", where=path, fix="pip install 'cytoscribe[slides]', or save it unpacked"
            )
        values = _pixels(image)
    return values.astype(np.int64) & 0xFFFFFFFF if kind == np.uint32 else values


@contextmanager
def _structure(path: Path) -> Iterator[Layout]:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            yield layout_of(file, path)
    except InputError:
        raise
    except Exception as error:  # a broken file brings tifffile to errors of every kind
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"not a readable label map ({reason})", where=path, fix=SAVE) from error


def _refuse_lossy_tiff(path: Path) -> None:
    with _structure(path) as layout:
        lossy = LOSSY_TIFF.get(int(layout.page.compression))
    if lossy:
        raise InputError(f"{lossy} changes label values", where=path, fix=f"{SAVE} from the original")


def _one_channel(values: np.ndarray, path: Path) -> np.ndarray:
    """The one channel of a map whose colours are all grey."""
    colours = values[..., :3]
    if values.shape[-1] == 2 or (colours == colours[..., :1]).all():
        return values[..., 0]
    raise InputError(
        f"a label map has one channel, this has {values.shape[-1]}",
        where=path,
        fix="save it as greyscale, or name its colours with --colours FILE",
    )


def _whole_numbers(values: np.ndarray, path: Path) -> np.ndarray:
    if values.dtype.kind in "iu" and values.dtype.itemsize < 8:
        return values
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind != "f":
        raise InputError(f"labels of type {values.dtype}", where=path, fix=SAVE)
    values = np.nan_to_num(values, nan=0.0, posinf=-1.0, neginf=-1.0)
    parts = values != np.round(values)
    if parts.any():
        raise InputError(
            f"{parts.mean():.1%} of the labels are not whole numbers ({values[parts][0]:g}): interpolated",
            where=path,
            fix="make it again with nearest-neighbour interpolation",
        )
    limit = 2.0 ** {2: 11, 4: 24}.get(values.dtype.itemsize, 53)
    if np.abs(values).max(initial=0) > limit:
        raise InputError(
            f"labels above {limit:,.0f} in {values.dtype}, which rounds them",
            where=path,
            fix="save them as whole numbers of 32 bits",
        )
    return values.astype(np.int64)
