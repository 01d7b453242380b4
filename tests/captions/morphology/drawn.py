"""Cells drawn for the tests, so that every size and place is known."""

from __future__ import annotations

import numpy as np

GLASS, CYTOPLASM, NUCLEUS, RED_CELL, NISSL = (250, 240, 225), (160, 165, 205), (75, 40, 130), (205, 170, 150), (120, 100, 190)

_LOBES = {
    1: ((0.0, 0.0, 22.0),),
    2: ((-15.0, 0.0, 13.0), (15.0, 0.0, 13.0)),
    3: ((-14.0, -12.0, 12.0), (14.0, -12.0, 12.0), (0.0, 16.0, 12.0)),
}
"""Number of lobes to their row and column about the middle and their radius."""


def disk(canvas: np.ndarray, row: float, column: float, radius: float, colour: tuple[int, int, int]) -> np.ndarray:
    """Paint a disk into (H, W, 3) uint8 and return where it lies, (H, W) bool."""
    rows, columns = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    inside = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    canvas[inside] = colour
    return inside


def glass(height: int, width: int) -> np.ndarray:
    """An empty slide with a little noise."""
    noise = np.random.default_rng(0).normal(0, 2, (height, width, 3))
    return np.clip(np.asarray(GLASS) + noise, 0, 255).astype(np.uint8)


def blood_cell(lobes: int = 1, neighbour: bool = True, side: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A cell of radius 40 in the middle, its nucleus of one disk or several, and red cells: (image, cell, nucleus)."""
    image = glass(side, side)
    for row, column in ((30, 30), (30, 170), (170, 30), (160, 170)):
        disk(image, row, column, 22, RED_CELL)
    middle = side / 2
    if neighbour:
        disk(image, middle, middle + 58, 22, RED_CELL)
    cell = disk(image, middle, middle, 40, CYTOPLASM)
    nucleus = np.zeros(cell.shape, bool)
    for row, column, radius in _LOBES[lobes]:
        nucleus |= disk(image, middle + row, middle + column, radius, NUCLEUS)
    return image, cell, nucleus


def field(side: int = 240, step: int = 40, radius: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Nissl-stained cells on a grid: (image, labels)."""
    image, labels = glass(side, side), np.zeros((side, side), np.int32)
    number = 0
    for row in range(step // 2, side, step):
        for column in range(step // 2, side, step):
            number += 1
            shade = 25 * (number % 3)
            labels[disk(image, row, column, radius, (NISSL[0] + shade, NISSL[1] + shade, NISSL[2] + shade // 2))] = number
    return image, labels


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((one & other).sum() / (one | other).sum())
