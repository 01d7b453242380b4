"""Where to cut: squares of a section that show one region, found on its grid of group numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MOST_JOINED = 2_000_000
"""Cells among which connected pieces are found; of a larger grid every second, third ... cell of a row is taken, and every such row."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A square of a section: corner and side in section pixels, the region it shows, the share of it that is that region, and the
    number of the connected piece of that region within its section, by which tiles and crops of one piece are known."""

    region: str
    scale: str
    x: int
    y: int
    side: int
    purity: float
    piece: int = 0


def find_tiles(numbers: np.ndarray, names: tuple[str, ...], side: int, stride: int, purity: float, step: int = 1) -> Iterator[Cut]:
    """Tiles on a grid whose most frequent region covers at least `purity` of all of them.

    numbers: (h, w) int, 1 + index of the region, 0 for none, each `step` pixels wide; side and stride in pixels. Of a tile so small
    that no cell of the thinned grid shows its region, the piece is 0.
    """
    coarse, thin = thinned(numbers)
    pieces = connected(coarse)
    height, width = (cells * step for cells in numbers.shape)
    for y in range(0, height - side + 1, stride):
        for x in range(0, width - side + 1, stride):
            cells = slice(y // step, -(-(y + side) // step)), slice(x // step, -(-(x + side) // step))
            box = numbers[cells]
            counted = np.bincount(box.ravel(), minlength=len(names) + 1)
            best = int(counted[1:].argmax()) + 1
            share = counted[best] / box.size
            if share >= purity:
                own = tuple(slice(c.start // thin, -(-c.stop // thin)) for c in cells)
                piece = int(np.bincount(pieces[own][coarse[own] == best], minlength=1).argmax())
                yield Cut(names[best - 1], "tile", x, y, side, round(float(share), 3), piece)


def thinned(numbers: np.ndarray) -> tuple[np.ndarray, int]:
    """The grid with at most MOST_JOINED cells, and how many cells of the given one each spans."""
    thin = max(int(np.ceil(np.sqrt(numbers.size / MOST_JOINED))), 1)
    return numbers[::thin, ::thin], thin


def connected(numbers: np.ndarray) -> np.ndarray:
    """(h, w) int: 1 and up for each connected piece of one region, corners joined; 0 for none."""
    from skimage.measure import label

    return np.asarray(label(numbers, background=0, connectivity=2))


def find_regions(numbers: np.ndarray, names: tuple[str, ...], least_px: float, margin: float, step: int = 1) -> Iterator[Cut]:
    """One square around each connected piece of a region of at least `least_px` pixels, with a margin of context, share of its side."""
    from skimage.measure import label, regionprops

    numbers, thin = thinned(numbers)
    step *= thin
    pieces = connected(numbers)
    for number in np.unique(numbers[numbers > 0]):
        for piece in regionprops(label(numbers == number, connectivity=2)):
            if piece.area * step**2 < least_px:
                continue
            top, left, bottom, right = (int(v) * step for v in piece.bbox)
            side = round(max(bottom - top, right - left) * (1 + 2 * margin))
            x, y = (left + right - side) // 2, (top + bottom - side) // 2
            share = round(float(piece.area) * step**2 / side**2, 3)
            yield Cut(names[int(number) - 1], "region", x, y, side, share, int(pieces[tuple(piece.coords[0])]))


def capped(cuts: list[Cut], section: str, most: int, seed: int) -> list[Cut]:
    """At most `most` cuts of each region, drawn by seed, section and region; 0 keeps all."""
    if not most:
        return cuts
    kept: list[Cut] = []
    for region in sorted({c.region for c in cuts}):
        own = [c for c in cuts if c.region == region]
        drawn = np.random.default_rng([seed, *section.encode(), *region.encode()]).permutation(len(own))
        kept.extend(own[i] for i in sorted(drawn[:most]))
    return kept
