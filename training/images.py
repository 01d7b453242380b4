"""Images as arrays: every format a microscope or a colleague may send, as 8-bit RGB, and bad files as a counted skip."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cytoscribe.errors import InputError
from cytoscribe.records import ImageRecord
from cytoscribe.runs import is_file
from training.normalisation import AS_IS, Normalisation

STRETCH = (0.5, 99.5)
"""Percentiles of a 16-bit or float image that become black and white: cameras seldom fill their range."""


MOST_PIXELS = 80_000_000
"""Of an image that is decoded whole: about 1 GB while it is converted."""
MOST_SIDE = 65_535
_MANY = 12_000_000
_LARGE = threading.Lock()


@dataclass(frozen=True)
class Skipped:
    """An image that cannot be used, and why."""

    path: Path
    row: int
    reason: str


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
        raise InputError(f"not a readable image ({reason or type(error).__name__})", where=path, fix="save it anew") from error


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


def squared(image: np.ndarray, px: int) -> np.ndarray:
    """Resize (H, W, 3) uint8 to (px, px, 3) by antialiased bicubic interpolation: open_clip's `squash`, so both see the same."""
    if image.shape[:2] == (px, px):
        return image
    return np.asarray(Image.fromarray(image).resize((px, px), Image.Resampling.BICUBIC))


def read_square(record: ImageRecord, px: int, normalisation: Normalisation = AS_IS) -> np.ndarray | Skipped:
    """The record's image, normalised, as (3, px, px) uint8, or why it was skipped."""
    try:
        return np.ascontiguousarray(squared(normalisation.of(read_image(record.path)), px).transpose(2, 0, 1))
    except InputError as error:
        return Skipped(record.path, record.row, error.what)


def describe_skipped(skipped: Sequence[Skipped]) -> str:
    """One line: how many images were skipped, and the first three with their reasons."""
    shown = "; ".join(f"row {s.row} {s.path.name}: {s.reason}" for s in skipped[:3])
    return f"skipped {len(skipped)} image{'s' * (len(skipped) != 1)} ({shown}{' ...' if len(skipped) > 3 else ''})"


def load_squares(records: Iterable[ImageRecord], px: int, workers: int = 0) -> tuple[np.ndarray, list[int], list[Skipped]]:
    """Decode images into memory: ((N, 3, px, px) uint8, positions of the N records that could be read, what was skipped).

    workers: threads that decode (Pillow frees the interpreter lock while it decodes); 0 decodes in the caller's.
    """
    from concurrent.futures import ThreadPoolExecutor

    from cytoscribe.progress import track

    records = list(records)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        read = pool.map(lambda r: read_square(r, px), records) if workers else (read_square(r, px) for r in records)
        results = list(track(read, "reading images", total=len(records), unit="images"))
    kept = [i for i, r in enumerate(results) if not isinstance(r, Skipped)]
    arrays = [r for r in results if not isinstance(r, Skipped)]
    stack = np.stack(arrays) if arrays else np.zeros((0, 3, px, px), np.uint8)
    return stack, kept, [r for r in results if isinstance(r, Skipped)]
