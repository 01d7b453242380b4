"""Image files as arrays: every format a microscope or a colleague may send, as 8-bit RGB."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import levels_of
from cytoscribe.core.volumes import UNREAD, is_volume, read_volume_picture
from cytoscribe.core.zarr_picture import ZarrSlide

MOST_PIXELS = 80_000_000
"""Of an image that is decoded whole: about 1 GB while it is converted."""
MOST_SIDE = 65_535
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
LOSSY = {"JPEG": "JPEG", "MPO": "JPEG", "JPEG2000": "JPEG 2000", "WEBP": "WebP"}
LOSSY_TIFF = {6: "JPEG", 7: "JPEG", 33007: "JPEG", 34892: "JPEG", **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000")}
LOSSY_TIFF |= {50001: "WebP", 50002: "JPEG XL", 22610: "JPEG XR", 34934: "JPEG XR", 34887: "LERC"}
"""Formats of Pillow, and compressions of TIFF, that change values: no label map or mask survives them."""
_MANY = 12_000_000
_LARGE = threading.Lock()
_DARK = 64
"""Largest 8-bit value of a deep colour picture whose camera used a small part of the file's range."""
_GREY_AND_ALPHA = "LA;16B"
_BYTES = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B",
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    _GREY_AND_ALPHA: "RGBA",
}
"""Pillow's names for the layout whose upper bytes are kept, and for the one that gives the lower bytes of the same data. Grey with
alpha has none, but as many bytes as four channels of 8 bits."""


def read_image(path: str | Path) -> np.ndarray:
    """Any image file as (H, W, 3) uint8 RGB, turned as its orientation says.

    What is deeper than 8 bits becomes 8-bit as `levels.levels_of` says; palette and CMYK are converted; what is transparent becomes
    white. A TIFF may keep its colours in planes or channels. Raises InputError where the file is missing, broken, larger than
    MOST_PIXELS or MOST_SIDE, or holds a stack, channels or several pictures of which none is meant for sure.
    """
    path = Path(path)
    if is_volume(path):
        return _of_volume(path)
    if is_tiff(path):
        return _of_tiff(path)
    with opened_image(path) as image:
        return rgb_of(image, path)


def _of_volume(path: Path) -> np.ndarray:
    if not path.name.lower().endswith(".zarr"):
        return read_volume_picture(path)[0]
    slide = ZarrSlide(path)
    height, width = slide.sizes[0]
    check_size(width, height, path)
    return slide.read(0, 0, 0, height, width)


def is_tiff(path: Path) -> bool:
    """Whether a file begins as TIFFs do, whatever its name."""
    if not is_file(path):
        return False
    with path.open("rb") as file:
        return file.read(4) in TIFF_MAGIC


def orientation_of(path: Path) -> int:
    """EXIF's orientation of an image that Pillow knows, from 1 (as stored) to 8; 1 for every other file."""
    try:
        with Image.open(path) as image:
            found = image.getexif().get(0x0112, 1)
    except Exception:  # what is wrong with a file is said where its pixels are read
        return 1
    return found if found in range(1, 9) else 1


def _of_tiff(path: Path) -> np.ndarray:
    from cytoscribe.core.tiff_picture import TiffSlide, whole_picture

    slide = TiffSlide.opened(path)
    if isinstance(slide, TiffSlide):
        try:
            height, width = slide.sizes[0]
            check_size(width, height, path)
            with _LARGE if width * height > _MANY else nullcontext():
                return whole_picture(slide)
        finally:
            slide.file.close()
    return tiff_by_pillow(path)


def tiff_by_pillow(path: Path) -> np.ndarray:
    """The largest picture of a TIFF that tifffile cannot decode here, through Pillow, which knows other codecs and colour spaces."""
    page = _largest_page(path)
    with opened_image(path) as image:
        image.seek(page)
        check_size(image.width, image.height, path)
        return rgb_of(image, path)


def _largest_page(path: Path) -> int:
    """Index of the page that the largest picture of a TIFF is; 0 where its structure cannot be read. Raises InputError where Pillow
    would show a part of the picture."""
    import tifffile

    from cytoscribe.core.tiff_layout import layout_of

    try:
        with tifffile.TiffFile(path) as file:
            layout = layout_of(file, path)
            index = layout.page.index
            if len(layout.levels[0]) > 1 and layout.page.planarconfig != 2:
                raise InputError("three channels in a codec that is not installed", where=path, fix="save the picture as RGB")
            return int(index) if isinstance(index, int) else 0
    except InputError:
        raise
    except Exception as error:  # tifffile fails in many ways on broken files
        with opened_image(path) as image:
            if getattr(image, "n_frames", 1) > 1:
                raise InputError("several pages, and it is unclear which one is meant", where=path, fix="save one") from error
        return 0


@contextmanager
def opened_image(path: str | Path) -> Iterator[Image.Image]:
    """An image file through Pillow, whose size is bounded; large ones are decoded one at a time, whatever the number of threads.

    Raises InputError where the file is missing, not a regular file, too large, or broken in any way that shows within the block.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("no such image", where=path, fix="check the image_path column")
    if not is_file(path):
        raise InputError("not a regular file", where=path, fix="check the image_path column")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata: what matters are the pixels
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is bounded here, before any pixel is decoded
            with Image.open(path) as image:
                check_size(image.width, image.height, path)
                with _LARGE if image.width * image.height > _MANY else nullcontext():
                    yield image
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large("more pixels", path) from error
    except Exception as error:  # Pillow's plugins raise whatever a broken file brings them to
        if path.suffix.lower() in UNREAD:
            told = f"{path.suffix} is {UNREAD[path.suffix.lower()]}, which is not read"
            raise InputError(told, where=path, fix="convert it to OME-TIFF or PNG (QuPath, Fiji or bfconvert do)") from error
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"not a readable image ({reason or type(error).__name__})", where=path, fix="save it again") from error


def check_size(width: int, height: int, path: Path) -> None:
    """Raise InputError where an image is too large to be decoded whole."""
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise _too_large(f"{width} x {height} pixels, more", path)


def _too_large(told: str, path: Path) -> InputError:
    return InputError(
        f"{told} than the {MOST_PIXELS // 10**6} million (or {MOST_SIDE} a side) that are read whole",
        where=path,
        fix="cut it, or save it as a tiled TIFF, which is read in parts",
    )


def rgb_of(image: Image.Image, path: Path) -> np.ndarray:
    """(H, W, 3) uint8 of an image that Pillow has opened; raises InputError where its depth is lost on the way."""
    deep = _deep_colour(image)
    if deep is not None:
        return _turned(deep, image)
    clipped = _loses_depth(image)
    pixels = _rgb(ImageOps.exif_transpose(image))
    if clipped and pixels.max() < _DARK:
        raise InputError(f"colour of {clipped} bits of which only the darkest are used", where=path, fix="save it as TIFF")
    return pixels


def _deep_colour(image: Image.Image) -> np.ndarray | None:
    """16-bit colour, or grey with alpha, of which Pillow keeps the upper bytes: both are decoded, one after the other. None for other
    images."""
    layouts = {_layout(tile) for tile in getattr(image, "tile", ())}
    if len(layouts) != 1 or (kept := next(iter(layouts))) not in _BYTES or not getattr(image, "filename", ""):
        return None
    tiles = list(getattr(image, "tile", ()))
    upper = np.asarray(image)
    with Image.open(image.filename) as again:  # type: ignore[attr-defined]
        again.seek(image.tell())
        again.tile = [tile._replace(args=_with_layout(tile, _BYTES[kept])) for tile in tiles]
        lower = np.asarray(again)
    grey = kept == _GREY_AND_ALPHA
    values = (lower[..., [0, 2]] * np.uint16(256) + lower[..., [1, 3]]) if grey else upper * np.uint16(256) + lower
    return _eight_bit(values, 1 if grey else 3)


def _eight_bit(values: np.ndarray, colours: int) -> np.ndarray:
    """(H, W, 3) uint8 of (H, W, colours) or, with alpha, (H, W, colours + 1) uint16."""
    levels = levels_of(values[..., :colours], colour=colours == 3)
    eight = levels.of(values[..., :colours]) if levels else values[..., :colours].astype(np.uint8)
    colour = np.broadcast_to(eight, (*eight.shape[:2], 3))
    if values.shape[2] == colours:
        return np.ascontiguousarray(colour)
    from cytoscribe.core.levels import on_white

    return on_white(np.concatenate([colour, (values[..., colours:] // 257).astype(np.uint8)], axis=2))


def _layout(tile: Any) -> str:
    args = tile.args
    return str(args if isinstance(args, str) else args[0] if args else "")


def _with_layout(tile: Any, layout: str) -> Any:
    return layout if isinstance(tile.args, str) else (layout, *tile.args[1:])


def _turned(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    from cytoscribe.core.tiff_picture import turned

    orientation = image.getexif().get(0x0112, 1)
    return turned(pixels, orientation if orientation in range(1, 9) else 1)


def _loses_depth(image: Image.Image) -> int:
    """Bits of a colour JPEG 2000 that Pillow makes 8-bit; 0 where nothing is lost."""
    if image.format != "JPEG2000" or image.mode not in ("RGB", "RGBA", "LA", "YCbCr"):
        return 0
    with Path(str(image.filename)).open("rb") as file:  # type: ignore[attr-defined]
        head = file.read(4096)
    size = head.find(b"\xff\x51")
    bits = (head[size + 40] & 0x7F) + 1 if 0 <= size < len(head) - 41 else 8
    return bits if bits > 8 else 0


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float32)
        levels = levels_of(values, colour=False)
        grey = levels.of(values) if levels else values.astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        image = Image.alpha_composite(white, layered)
    return np.asarray(image.convert("RGB"))
