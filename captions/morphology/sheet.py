"""The contact sheet: outlines over the images, to be looked at before a figure is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage.segmentation import find_boundaries

from cytoscribe.core.runs import atomic_path

ACROSS = 6
SIDE = 240
"""Pixels of the longer side of one picture; smaller images are enlarged before outlines are drawn, so that lines stay thin."""
_COLOURS = ((0, 190, 0), (255, 220, 0), (255, 60, 60), (0, 120, 255))
_LABEL_PX = 26


@dataclass(frozen=True)
class Shown:
    """image: (H, W, 3) uint8; outlines: name to labels (H, W); title: the text below; doubtful: framed in red."""

    image: np.ndarray
    outlines: Mapping[str, np.ndarray]
    title: str
    doubtful: bool = False


def save_sheet(shown: Sequence[Shown], path: Path, side: int = SIDE, across: int = ACROSS) -> None:
    """Write one page with a picture each of `side` px, `across` in a row, doubtful ones framed in red."""
    tiles = [_tile(s, side) for s in shown]
    rows = -(-len(tiles) // across)
    page = Image.new("RGB", (across * (side + 4), max(1, rows) * (side + _LABEL_PX)), "white")
    for i, tile in enumerate(tiles):
        page.paste(tile, ((i % across) * (side + 4), (i // across) * (side + _LABEL_PX)))
    with atomic_path(path) as temporary:
        page.save(temporary, format="PNG")


def outlined(image: np.ndarray, outlines: Mapping[str, np.ndarray], side: int) -> np.ndarray:
    """The image with its longer side at `side` px and every object's outline in the colour of its kind, (h, w, 3) uint8."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    drawn = np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    for labels, colour in zip(outlines.values(), _COLOURS, strict=False):
        large = np.asarray(Image.fromarray(labels.astype(np.int32)).resize(size, Image.Resampling.NEAREST))
        drawn[find_boundaries(large, mode="inner")] = colour
    return drawn


def _tile(shown: Shown, side: int) -> Image.Image:
    tile = Image.new("RGB", (side, side + _LABEL_PX), "white")
    tile.paste(Image.fromarray(outlined(shown.image, shown.outlines, side)))
    brush = ImageDraw.Draw(tile)
    if shown.doubtful:
        brush.rectangle((0, 0, side - 1, side - 1), outline=(230, 0, 0), width=3)
    for line, text in enumerate((shown.title[:40], shown.title[40:80])):
        brush.text((2, side + 1 + 11 * line), text, fill=(180, 0, 0) if shown.doubtful else (0, 0, 0))
    return tile
