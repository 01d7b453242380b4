"""From cells to a picture: bodies absorb light (Beer-Lambert), the optics blur, the camera adds noise."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from cytoscribe.phantom.tissue import CellTable, Preparation

ABSORPTION = {
    "cresyl": np.array([0.95, 1.25, 0.62]),
    "thionin": np.array([1.30, 1.00, 0.50]),
    "silver": np.array([0.92, 1.0, 1.10]),
}
"""Optical density of each stain in red, green and blue, relative to the cell body's."""

_CHUNK = 2_000_000
"""Pixels of stamps that are computed at once, to bound memory."""


def photograph(
    cells: CellTable, layer_map: np.ndarray, preparation: Preparation, rng: np.random.Generator, pixel_size_um: float
) -> np.ndarray:
    """(H, W, 3) uint8 picture of the cells; layer_map distinguishes glass (0) from tissue."""
    density = absorb(cells, layer_map.shape, pixel_size_um)
    tissue = gaussian_filter((layer_map > 0).astype(np.float32), 8.0 / pixel_size_um)
    white = layer_map == layer_map.max()
    ground = preparation.neuropil * (1 + 0.35 * gaussian_filter(white.astype(np.float32), 60.0 / pixel_size_um))
    density = density * _vessels(layer_map.shape, preparation, rng, pixel_size_um) + ground * tissue * _clouds(density, rng)
    density = gaussian_filter(density, preparation.blur_um / pixel_size_um)
    light = np.exp(-density[..., None] * ABSORPTION[preparation.stain] * preparation.gain * 2.0)
    picture = 250.0 * light + rng.normal(0, preparation.noise, (*layer_map.shape, 1)) + rng.normal(0, 0.7, light.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _clouds(density: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slow unevenness of staining, with mean 1."""
    noise = gaussian_filter(rng.normal(0, 1, density.shape).astype(np.float32), max(density.shape) / 8)
    return 1 + 0.25 * noise / max(float(noise.std()), 1e-6)


def _vessels(shape: tuple[int, int], preparation: Preparation, rng: np.random.Generator, pixel_size_um: float) -> np.ndarray:
    """(H, W) factor that empties the lumens of blood vessels, which mostly run across the layers."""
    factor = np.ones(shape, np.float32)
    area = shape[0] * shape[1] * pixel_size_um**2 * 1e-6
    for _ in range(rng.poisson(preparation.vessels * area)):
        y, x = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        length, width = rng.uniform(30, 220) / pixel_size_um, rng.uniform(6, 16) / pixel_size_um
        lean = rng.normal(0, 0.35)
        reach = int(np.ceil(length / 2 + 2))
        top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
        window = (slice(top, int(y) + reach), slice(left, int(x) + reach))
        rows, columns = np.ogrid[top : min(int(y) + reach, shape[0]), left : min(int(x) + reach, shape[1])]
        across = (columns - x) * np.cos(lean) - (rows - y) * np.sin(lean)
        down = (columns - x) * np.sin(lean) + (rows - y) * np.cos(lean)
        factor[window] *= 1 - np.clip(width - np.abs(across), 0, 1) * np.clip(length / 2 - np.abs(down), 0, 1)
    return factor


def absorb(cells: CellTable, shape: tuple[int, int], pixel_size_um: float) -> np.ndarray:
    """(H, W) float32 optical density, base e, of all cell bodies: overlapping bodies in a thick section add up.

    A body that is smaller than a pixel darkens it by the share that it covers, so pictures at any pixel size agree.
    """
    total = np.zeros(shape[0] * shape[1])
    radius = np.sqrt(cells.area_um2 / np.pi) / pixel_size_um
    dots = radius < 0.6
    _splat(total, cells, np.flatnonzero(dots), shape, pixel_size_um)
    reach = np.ceil(radius * 1.9 + 0.5).astype(int)
    for size in np.unique(reach[~dots]):
        members = np.flatnonzero(~dots & (reach == size))
        step = max(_CHUNK // (2 * size + 1) ** 2, 1)
        for start in range(0, len(members), step):
            _stamp(total, cells.where(members[start : start + step]), int(size), shape, pixel_size_um)
    return total.reshape(shape).astype(np.float32)


def _splat(total: np.ndarray, cells: CellTable, chosen: np.ndarray, shape: tuple[int, int], pixel_size_um: float) -> None:
    """Bodies smaller than a pixel: their area is shared out among the four nearest pixels."""
    x, y = cells.x_um[chosen] / pixel_size_um - 0.5, cells.y_um[chosen] / pixel_size_um - 0.5
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - left, y - top
    area, dark = cells.area_um2[chosen] / pixel_size_um**2, 1 - np.exp(-cells.stain[chosen])
    for row, column, weight in ((0, 0, (1 - fx) * (1 - fy)), (0, 1, fx * (1 - fy)), (1, 0, (1 - fx) * fy), (1, 1, fx * fy)):
        _add(total, top + row, left + column, -np.log1p(-np.clip(area * weight, 0, 1) * dark), shape)


def _stamp(total: np.ndarray, cells: CellTable, reach: int, shape: tuple[int, int], pixel_size_um: float) -> None:
    """Bodies of a pixel and more: the outline's distance decides how much of each pixel is covered."""
    grid = np.arange(-reach, reach + 1)
    x, y = cells.x_um / pixel_size_um - 0.5, cells.y_um / pixel_size_um - 0.5
    column, row = np.round(x).astype(int), np.round(y).astype(int)
    dx = (grid[None, :] + (column - x)[:, None])[:, None, :]  # (N, 1, K)
    dy = (grid[None, :] + (row - y)[:, None])[:, :, None]  # (N, K, 1)
    radius = (np.sqrt(cells.area_um2 / np.pi) / pixel_size_um)[:, None, None]
    cover, inner = coverage(dx, dy, radius, cells.angle[:, None, None], cells.shape[:, None, None])
    cover *= (np.pi * radius**2) / np.maximum(cover.sum(axis=(1, 2), keepdims=True), 1e-6)
    stain = cells.stain[:, None, None] * (1 - 0.45 * inner * ~cells.glia[:, None, None])
    value = -np.log1p(-np.clip(cover, 0, 1) * (1 - np.exp(-stain)))
    rows = np.broadcast_to((row[:, None] + grid)[:, :, None], value.shape)
    columns = np.broadcast_to((column[:, None] + grid)[:, None, :], value.shape)
    _add(total, rows.ravel(), columns.ravel(), value.ravel(), shape)


def coverage(
    dx: np.ndarray, dy: np.ndarray, radius: np.ndarray, angle: np.ndarray, shape: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each pixel under the body, and under its pale nucleus; dx, dy from the centre and radius in pixels.

    Outlines are star-shaped: an ellipse for round cells, a narrower one for fusiform cells, and a triangle drawn out towards
    `angle` for pyramids (shape: index in phantom.SHAPES).
    """
    distance = np.sqrt(dx**2 + dy**2)
    turn = np.arctan2(dy, dx) - angle
    along, cross = np.cos(turn), np.sin(turn)
    stretch = np.where(shape == 2, 1.75, 1.12)
    ellipse = 1 / np.sqrt((along / np.sqrt(stretch)) ** 2 + (cross * np.sqrt(stretch)) ** 2)
    triangle = 0.93 + 0.13 * np.cos(3 * turn) + 0.62 * np.exp(-(np.arccos(np.clip(along, -1, 1)) ** 2) / 0.07)
    uneven = 1 + 0.07 * np.cos(2 * turn + 97 * angle) + 0.05 * np.cos(5 * turn + 211 * angle)  # no body is like the next one
    outline = radius * np.where(shape == 1, triangle, ellipse) * uneven
    cover = np.clip(0.5 + outline - distance, 0, 1)
    inner = np.clip(0.5 + 0.5 * radius - distance, 0, 1) * (radius > 2)
    nucleolus = np.clip(0.5 + 0.14 * radius - distance, 0, 1)
    return cover, inner - 1.6 * nucleolus * (radius > 3)


def _add(total: np.ndarray, row: np.ndarray, column: np.ndarray, value: np.ndarray, shape: tuple[int, int]) -> None:
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    total += np.bincount(row[inside] * shape[1] + column[inside], weights=value[inside], minlength=len(total))
