"""Image files as arrays: every format a microscope or a colleague may send, as 8-bit RGB."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import is_file

STRETCH = (0.5, 99.5)
"""Percentiles of a 16-bit or float image that become black and white: cameras seldom fill their range."""
MOST_PIXELS = 80_000_000
"""Of an image that is decoded whole: about 1 GB while it is converted."""
MOST_SIDE = 65_535
_MANY = 12_000_000
_LARGE = threading.Lock()


def read_image(path: str | Path) -> np.ndarray:
    """Any image file as (H, W, 3) uint8 RGB.

    16-bit and float images are stretched between their 0.5 and 99.5 percentiles; palette and CMYK are converted; what is
    transparent becomes white. Raises InputError where the file is missing, broken, or larger than MOST_PIXELS or MOST_SIDE.
    """
    with opened_image(path) as image:
        return _rgb(ImageOps.exif_transpose(image))


@contextmanager
def opened_image(path: str | Path) -> Iterator[Image.Image]:
    """An image file through Pillow, whose size is bounded; large ones are decoded one at a time, whatever the number of threads.

    Raises InputError where the file is missing, no ordinary file, too large, or broken in any way that shows within the block.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("no such image", where=path, fix="check the image_path column")
    if not is_file(path):
        raise InputError("no ordinary file", where=path, fix="check the image_path column")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata: what matters are the pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _check_size(image, path)
                with _LARGE if image.width * image.height > _MANY else nullcontext():
                    yield image
    except InputError:
        raise
    except Exception as error:  # Pillow's plugins raise whatever a broken file brings them to
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"not a readable image ({reason or type(error).__name__})", where=path, fix="save it again") from error


def _check_size(image: Image.Image, path: Path) -> None:
    width, height = image.size
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise InputError(
            f"{width} x {height} pixels, more than the {MOST_PIXELS // 10**6} million (or {MOST_SIDE} a side) that are read whole",
            where=path,
            fix="cut it, or save it as a tiled TIFF",
        )


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        return np.repeat(_stretched(np.asarray(image, dtype=np.float32))[..., None], 3, axis=2)
    if image.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        image = Image.alpha_composite(white, layered)
    return np.asarray(image.convert("RGB"))


def _stretched(values: np.ndarray) -> np.ndarray:
    values = np.nan_to_num(values)
    low, high = np.percentile(values, STRETCH)
    if high <= low:
        low, high = float(values.min()), max(float(values.max()), float(values.min()) + 1.0)
    return np.clip((values - low) / (high - low) * 255.0, 0, 255).round().astype(np.uint8)
