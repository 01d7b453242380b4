"""Whole drawn sections: a folded cortex whose areas follow each other along the surface, with a label map of areas and of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d, map_coordinates

from cytoscribe.core.errors import InputError
from cytoscribe.phantom import cells, optics
from cytoscribe.phantom.frame import Wave, layer_of
from cytoscribe.phantom.tissue import CellTable, PhantomSpec, Preparation, check

_BLEND_UM = 500.0
"""Over this length the cortical thickness goes over from one area's to the next one's."""


@dataclass(frozen=True)
class SectionPhantom:
    """A drawn section and its truth.

    image: (H, W, 3) uint8; labels: (H, W) uint8, 0 outside the cortex, i + 1 the i-th area; layer_map: (H, W) uint8, as of a
    phantom of the area at that pixel; white: (H, W) bool, white matter; cells: all cells, `layer` within their area's spec.
    """

    image: np.ndarray
    labels: np.ndarray
    layer_map: np.ndarray
    white: np.ndarray
    cells: CellTable
    areas: tuple[PhantomSpec, ...]
    pixel_size_um: float

    @property
    def names(self) -> tuple[str, ...]:
        """Area names by label value, "" for 0."""
        return ("", *(spec.name for spec in self.areas))


@dataclass(frozen=True)
class Course:
    """The course of a folded cortex on the pixel grid; a Frame for every area of the section.

    distance: (H, W) micrometres below the pia, negative on glass; surface: (H, W) micrometres along the pia of the nearest point of
    it; thickness: (H, W) micrometres; wave: irregularity of the columns.
    """

    distance: np.ndarray
    surface: np.ndarray
    thickness: np.ndarray
    wave: Wave
    pixel_size_um: float

    def depth(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self._at(self.distance, x, y) / self._at(self.thickness, x, y)

    def along(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nearest, between = self._at(self.surface, x, y, order=0), self._at(self.surface, x, y)
        return np.where(np.abs(nearest - between) < 4 * self.pixel_size_um, between, nearest)  # never across a fold's crest

    def apical(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        step = self.pixel_size_um
        down = self._at(self.distance, x, y + step) - self._at(self.distance, x, y - step)
        right = self._at(self.distance, x + step, y) - self._at(self.distance, x - step, y)
        return np.arctan2(-down, -right)

    def shift(self, along: np.ndarray) -> np.ndarray:
        return self.wave(along)

    def _at(self, grid: np.ndarray, x: np.ndarray, y: np.ndarray, order: int = 1) -> np.ndarray:
        places = [np.asarray(y) / self.pixel_size_um - 0.5, np.asarray(x) / self.pixel_size_um - 0.5]
        return map_coordinates(grid, places, order=order, mode="nearest")


def draw_section(
    areas: Sequence[PhantomSpec],
    rng: np.random.Generator,
    size_px: tuple[int, int] = (900, 1100),
    pixel_size_um: float = 32.0,
    preparation: Preparation | None = None,
    sulci: int = 5,
) -> SectionPhantom:
    """Draw a section through a folded brain; the areas lie along its surface in the order given, each once, of random lengths.

    size_px: (H, W). sulci: how many furrows are cut into the outline. Raises InputError for more than 254 areas, none, or a picture
    that is too small to hold the cortex.
    """
    preparation = preparation or Preparation()
    if not 0 < len(areas) < 255:
        raise InputError(f"{len(areas)} areas", fix="give a section 1 to 254 areas")
    for spec in areas:
        check(spec)
    thickest = max(s.thickness_um for s in areas) * preparation.thickness
    if min(size_px) * pixel_size_um < 6 * thickest:
        raise InputError("the picture is too small to hold the cortex", fix=f"make it at least {6 * thickest / 1000:.0f} mm wide")
    course, labels = _course(areas, rng, size_px, pixel_size_um, preparation, sulci)
    depth = course.distance / course.thickness
    layer_map = np.zeros(size_px, np.uint8)
    tables = []
    for value, spec in enumerate(areas, start=1):
        here = labels == value
        layer_map[here] = layer_of(depth[here], spec)
        tables.append(_cells(spec, here, course, rng, preparation))
    table = CellTable(**{n: np.concatenate([getattr(t, n) for t in tables]) for n in CellTable.__dataclass_fields__})
    white = (depth >= 1) & (labels > 0)
    picture = optics.photograph(table, np.where(white, 255, layer_map), preparation, rng, pixel_size_um)
    inside = (depth > 0) & (depth < 1)
    return SectionPhantom(
        picture, np.where(inside, labels, 0).astype(np.uint8), layer_map, white, table, tuple(areas), pixel_size_um
    )


def _cells(spec: PhantomSpec, here: np.ndarray, course: Course, rng: np.random.Generator, preparation: Preparation) -> CellTable:
    """The area's cells in its own territory (here: (H, W) bool), white matter below it included."""
    rows, columns = np.flatnonzero(here.any(1)), np.flatnonzero(here.any(0))
    size = course.pixel_size_um
    top, left = rows[0] * size, columns[0] * size
    window = ((rows[-1] + 1) * size - top, (columns[-1] + 1) * size - left)
    table = cells.sample(spec, preparation, _Moved(course, left, top), rng, window)
    x, y = table.x_um + left, table.y_um + top
    inside = here[np.minimum((y / size).astype(int), here.shape[0] - 1), np.minimum((x / size).astype(int), here.shape[1] - 1)]
    return replace(table, x_um=x, y_um=y).where(inside)


@dataclass(frozen=True)
class _Moved:
    """A frame seen from a window's corner."""

    course: Course
    left: float
    top: float

    def depth(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.course.depth(x + self.left, y + self.top)

    def along(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.course.along(x + self.left, y + self.top)

    def apical(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.course.apical(x + self.left, y + self.top)

    def shift(self, along: np.ndarray) -> np.ndarray:
        return self.course.shift(along)


def _course(
    areas: Sequence[PhantomSpec],
    rng: np.random.Generator,
    size_px: tuple[int, int],
    pixel_size_um: float,
    preparation: Preparation,
    sulci: int,
) -> tuple[Course, np.ndarray]:
    """Where the cortex runs, and (H, W) uint8 the area that each pixel of tissue belongs to, white matter included."""
    mask = _outline(rng, size_px, pixel_size_um, sulci)
    arc, length = _arc(mask, pixel_size_um)
    (inner, nearest), (outer, outside) = _to_edge(mask), _to_edge(~mask)
    distance = np.where(mask, inner - 0.5, 0.5 - outer) * pixel_size_um
    surface = np.where(mask, arc[tuple(nearest)], arc[tuple(outside)])
    owner = _territories(len(areas), rng, int(np.ceil(length / 50.0)))
    at = np.minimum((surface / 50.0).astype(int), len(owner) - 1)
    own = np.array([spec.thickness_um for spec in areas]) * preparation.thickness
    profile = gaussian_filter1d(own[owner], _BLEND_UM / 50.0, mode="wrap")
    column = min(spec.column_um for spec in areas)
    wave = Wave.drawn(rng, 0.5 * column, 9 * column, length, terms=5)
    return Course(distance, surface, profile[at], wave, pixel_size_um), np.where(mask, owner[at] + 1, 0).astype(np.uint8)


def _territories(count: int, rng: np.random.Generator, nodes: int) -> np.ndarray:
    """(nodes,) index of the area at each step along the pia; areas keep their order, lengths vary by a factor of about two."""
    shares = rng.uniform(0.7, 1.4, count)
    ends = np.round(np.cumsum(shares) / shares.sum() * nodes).astype(int)
    return np.searchsorted(ends, np.arange(nodes), side="right").clip(0, count - 1)


def _outline(rng: np.random.Generator, size_px: tuple[int, int], pixel_size_um: float, sulci: int) -> np.ndarray:
    """(H, W) bool: a lobed oval with `sulci` curved furrows, its inside True."""
    height, width = size_px
    y, x = np.indices(size_px)
    dy, dx = (y - height / 2) / (height / 2), (x - width / 2) / (width / 2)
    turn, radius = np.arctan2(dy, dx), np.hypot(dy, dx)
    edge = np.full(size_px, 0.80)
    for waves in (2, 3, 5, 7):
        edge += 0.10 / waves * np.sin(waves * turn + rng.uniform(0, 2 * np.pi))
    mask = radius < edge
    start, furrows = rng.uniform(0, 2 * np.pi), np.zeros(size_px, bool)
    for index in range(sulci):
        angle = start + 2 * np.pi * (index + rng.uniform(-0.2, 0.2)) / sulci
        ground = _from_furrow(rng, size_px, angle) * pixel_size_um
        mask &= ground > 600.0
        furrows |= ground < 170.0
    mask = gaussian_filter(mask.astype(np.float32), 450.0 / pixel_size_um) > 0.5  # rounds the lips of the furrows
    return mask & ~furrows


def _from_furrow(rng: np.random.Generator, size_px: tuple[int, int], angle: float) -> np.ndarray:
    """(H, W) distance in pixels from a bent line that runs from outside the oval towards its centre."""
    height, width = size_px
    steps = np.linspace(1.0, rng.uniform(0.42, 0.56), 2 * max(size_px))
    bend = angle + rng.normal(0, 0.9) * (1 - steps) ** 1.5 + 0.05 * np.sin(12 * steps + rng.uniform(0, 6))
    line_y, line_x = height / 2 * (1 + steps * np.sin(bend)), width / 2 * (1 + steps * np.cos(bend))
    ground = np.ones(size_px, bool)
    ground[line_y.astype(int).clip(0, height - 1), line_x.astype(int).clip(0, width - 1)] = False
    return _to_edge(ground)[0]


def _arc(mask: np.ndarray, pixel_size_um: float) -> tuple[np.ndarray, float]:
    """(H, W) float32: for pixels beside the outline, the way along it in micrometres; and the outline's length."""
    from skimage.measure import find_contours

    contour = max(find_contours(np.pad(mask, 1).astype(float), 0.5), key=len) - 1
    steps = np.hypot(*np.diff(contour, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)]) * pixel_size_um
    grid = np.zeros(mask.shape, np.float32)
    known = np.zeros(mask.shape, bool)
    for shift in (np.floor, np.ceil):
        rows, columns = (shift(contour[:, i]).astype(int).clip(0, mask.shape[i] - 1) for i in (0, 1))
        grid[rows, columns], known[rows, columns] = way, True
    _, (rows, columns) = _to_edge(~known)
    return grid[rows, columns], float(way[-1])


def _to_edge(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) distance in pixels to the nearest pixel that is False, and (2, H, W) which one that is."""
    found: Any = distance_transform_edt(mask, return_indices=True)
    return found[0], found[1]
