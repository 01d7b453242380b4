"""Images as squares of one size for a model, and bad files as a counted skip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.normalisation import AS_IS, Normalisation


@dataclass(frozen=True)
class Skipped:
    """An image that cannot be used, and why."""

    path: Path
    row: int
    reason: str


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

    from cytoscribe.core.progress import track

    records = list(records)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        read = pool.map(lambda r: read_square(r, px), records) if workers else (read_square(r, px) for r in records)
        results = list(track(read, "reading images", total=len(records), unit="images"))
    kept = [i for i, r in enumerate(results) if not isinstance(r, Skipped)]
    arrays = [r for r in results if not isinstance(r, Skipped)]
    stack = np.stack(arrays) if arrays else np.zeros((0, 3, px, px), np.uint8)
    return stack, kept, [r for r in results if isinstance(r, Skipped)]
