"""Image files as arrays: every format a microscope or a colleague may send, as 8-bit RGB."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cytoscribe.errors import InputError

STRETCH = (0.5, 99.5)
"""Percentiles of a 16-bit or float image that become black and white: cameras seldom fill their range."""


def read_image(path: str | Path) -> np.ndarray:
    """Any image file as (H, W, 3) uint8 RGB.

    16-bit and float images are stretched between their 0.5 and 99.5 percentiles; palette and CMYK are converted; what is
    transparent becomes white. Raises InputError where the file is missing, broken or larger than Pillow's limit for bombs.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return _rgb(ImageOps.exif_transpose(image))
    except FileNotFoundError as error:
        raise InputError("no such image", where=path, fix="check the image_path column") from error
    except Exception as error:  # Pillow's plugins raise whatever a broken file brings them to
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"not a readable image ({reason or type(error).__name__})", where=path, fix="save it anew") from error


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
