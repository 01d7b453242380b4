"""A whole section as bands of rows, its small picture, and where on it there is tissue."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cytoscribe.training.data.slides import Slide, shrink_of, window

THUMBNAIL_PX = 1600
"""Longest side of the small picture of a section, which tells glass from tissue and lies under the overlay."""

_GLASS_STEP = 14.0
"""Grey values by which tissue differs at least from the glass."""
_DRIFT = 1 / 3200
"""Relative error of a level's scale that moves no pixel of the small picture by half a pixel."""


def bands(slide: Slide, height: int, level: int = 0) -> Iterator[np.ndarray]:
    """The whole of a level, as successive bands of at most `height` rows."""
    rows, columns = slide.sizes[level]
    for top in range(0, rows, height):
        yield slide.read(level, top, 0, min(top + height, rows), columns)


def band(slide: Slide, top: int, height: int, shrink: float = 1.0) -> np.ndarray:
    """(h, w, 3) uint8: rows top to top + height of the finest level over the whole width, made smaller by at most `shrink`."""
    return window(slide, 0, top, slide.sizes[0][1], height, shrink)


def thumbnail(slide: Slide) -> tuple[np.ndarray, int]:
    """The section made smaller by block means, (h, w, 3) uint8, and how many section pixels one of its pixels spans."""
    level, spans = 0, 1
    for i in range(len(slide.sizes)):
        shrink = shrink_of(slide, i)
        if max(slide.sizes[i]) >= THUMBNAIL_PX and abs(shrink / round(shrink) - 1) < _DRIFT and round(shrink) > spans:
            level, spans = i, round(shrink)
    step = max(-(-max(slide.sizes[level]) // THUMBNAIL_PX), 1)
    parts = [_blocks(rows, step) for rows in bands(slide, step * 64, level)]
    return np.concatenate(parts), step * spans


def _blocks(rows: np.ndarray, step: int) -> np.ndarray:
    if step == 1:
        return rows
    height, width = -(-rows.shape[0] // step), -(-rows.shape[1] // step)
    padded = np.pad(rows, ((0, height * step - rows.shape[0]), (0, width * step - rows.shape[1]), (0, 0)), mode="edge")
    return padded.reshape(height, step, width, step, 3).mean((1, 3)).round().astype(np.uint8)


def tissue_mask(small: np.ndarray) -> np.ndarray:
    """(h, w) bool: what is not glass. Glass is the colour of the picture's rim; a rim that varies shows tissue, and all is kept."""
    from scipy.ndimage import binary_fill_holes, gaussian_filter

    grey = gaussian_filter(small.astype(np.float32).mean(axis=2), 1.0)
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    glass = float(np.median(rim))
    if np.abs(rim - glass).mean() > _GLASS_STEP:
        return np.ones(grey.shape, bool)
    tissue: np.ndarray = np.abs(grey - glass) > max(_GLASS_STEP, 0.12 * float(np.ptp(grey)))
    return np.asarray(binary_fill_holes(tissue)) if tissue.any() else np.ones(grey.shape, bool)
