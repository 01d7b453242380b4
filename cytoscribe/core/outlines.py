"""Polygons drawn by hand as labels: GeoJSON as QuPath exports it, one feature an outline, its classification the region."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import MOST_JSON, read_json

OUTLINE_SUFFIXES = (".geojson", ".json")
MOST_OUTLINES = 50_000
MOST_VERTICES = 2_000_000
"""Of all outlines of a file."""
MOST_DRAWN = 5_000_000_000
"""Cells that all outlines of a picture cover together: more would take minutes to fill, and lie over one another."""
MOST_CELLS = 50_000_000
"""Cells of the grid that polygons are drawn into."""
_FEWER = "export the regions alone, or simplify their outlines"
_POLYGONS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class Outline:
    """One closed outline with its holes, each (N, 2) float, x and y in pixels of the whole picture."""

    name: str
    rings: tuple[np.ndarray, ...]

    @property
    def area(self) -> float:
        """Square pixels within the outer ring."""
        x, y = self.rings[0].T
        return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


@dataclass(frozen=True)
class Outlines:
    """Every outline of a file; unnamed: how many have no classification; other: features that are points or lines."""

    outlines: tuple[Outline, ...]
    unnamed: int
    other: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({o.name for o in self.outlines}))


def read_outlines(path: Path) -> Outlines:
    """Outlines of a GeoJSON file (RFC 7946): a FeatureCollection, a list of features, or one feature.

    The name is QuPath's `properties.classification.name` (or `classification` as plain text), else `properties.name`. Raises
    InputError naming the feature whose coordinates are none, and where no outline has a name.
    """
    features = read_features(path)
    found: list[Outline] = []
    unnamed = other = vertices = 0
    for number, feature in enumerate(features, start=1):
        shapes = _shapes(feature, path, number)
        vertices += sum(len(ring) for rings in shapes for ring in rings)
        check_vertices(vertices, path)
        if not shapes:
            other += 1
        elif not (name := _name(feature)):
            unnamed += 1
        else:
            found.extend(Outline(name, rings) for rings in shapes)
    if not found:
        raise InputError("no outline with a classification", where=path, fix="classify the annotations and export them again")
    return Outlines(tuple(found), unnamed, other)


def read_features(path: Path) -> list[Any]:
    """The features of a GeoJSON file: those of a FeatureCollection, a list of them, or the one it holds; raises InputError."""
    try:
        read = read_json(path, MOST_JSON)
    except InputError as error:
        raise InputError(
            f"not a readable GeoJSON file: {error.what}",
            where=path,
            fix="export the annotations again (QuPath: as FeatureCollection)",
        ) from error
    features = read.get("features", [read]) if isinstance(read, dict) else read
    if not isinstance(features, list):
        raise InputError("holds no list of features", where=path, fix="export the annotations again (QuPath: as FeatureCollection)")
    if len(features) > MOST_OUTLINES:
        raise InputError(f"{len(features):,} features, more than the {MOST_OUTLINES:,} that are read", where=path, fix=_FEWER)
    return features


def read_polygons(path: Path) -> list[tuple[str, tuple[np.ndarray, ...]]]:
    """Every polygon of a GeoJSON file, named or not, as (name or "", rings of (N, 2) x and y in pixels); raises InputError."""
    found: list[tuple[str, tuple[np.ndarray, ...]]] = []
    vertices = 0
    for number, feature in enumerate(read_features(path), start=1):
        for rings in _shapes(feature, path, number):
            vertices += sum(len(ring) for ring in rings)
            check_vertices(vertices, path)
            found.append((_name(feature), rings))
    return found


def check_vertices(count: int, path: Path) -> None:
    """Raise InputError where outlines have more points than can be drawn in seconds."""
    if count > MOST_VERTICES:
        raise InputError(f"outlines of more than {MOST_VERTICES:,} points", where=path, fix=_FEWER)


def check_drawn(rings: Iterable[np.ndarray], size: Sequence[int], path: Path) -> None:
    """Raise InputError where outlines, each (N, 2) x and y, cover a grid of (H, W) cells so often that filling them takes minutes."""
    limit = np.array(size[::-1], dtype=float)
    covered = 0.0
    for ring in rings:
        low, high = ring.min(0).clip(0, limit), ring.max(0).clip(0, limit)
        covered += float(np.prod(high - low))
    if covered > MOST_DRAWN:
        raise InputError(f"outlines that cover {covered:.2g} cells together, one over the other", where=path, fix=_FEWER)


def read_points(path: Path) -> dict[str, tuple[float, float]]:
    """Name to (x, y) in pixels of every named point of a GeoJSON file; raises InputError."""
    points: dict[str, tuple[float, float]] = {}
    for feature in read_features(path):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict) or geometry.get("type") != "Point":
            continue
        try:
            x, y = (float(v) for v in geometry["coordinates"][:2])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError("a point without coordinates", where=path, fix="export the annotations again") from error
        points[_name(feature)] = (x, y)
    return points


def _name(feature: dict[str, Any]) -> str:
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        return ""
    given = properties.get("classification") or properties.get("name") or ""
    return str(given.get("name") or "").strip() if isinstance(given, dict) else str(given).strip()


def _shapes(feature: Any, path: Path, number: int) -> list[tuple[np.ndarray, ...]]:
    """Rings of each polygon of a feature; none where it is a point or a line."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") not in _POLYGONS:
        return []
    try:
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        shapes = [tuple(np.asarray([point[:2] for point in ring], dtype=float) for ring in rings) for rings in polygons]
        good = all(rings and all(r.shape[0] >= 3 and r.ndim == 2 and np.isfinite(r).all() for r in rings) for rings in shapes)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        shapes, good = [], False
    if not good or not shapes:
        raise InputError(f"feature {number} has no usable coordinates", where=path, fix="give three points or more a ring")
    return shapes


def grid_step(size: tuple[int, int], finest: int) -> int:
    """Pixels of the picture that a cell of the drawn grid spans: fine enough for tiles of `finest` pixels, coarse enough for memory."""
    return max(finest // 32, int(np.ceil(np.sqrt(size[0] * size[1] / MOST_CELLS))), 1)


def drawn(outlines: Outlines, numbers: dict[str, int], size: tuple[int, int], step: int) -> np.ndarray:
    """(h, w) int32 with the number of each cell's outline, 0 for none; size: (H, W) of the picture, step: pixels a cell spans.

    Smaller outlines are drawn over larger ones, so that a nucleus inside a region keeps its own name; holes stay what they were.
    """
    from PIL import Image, ImageDraw

    height, width = -(-size[0] // step), -(-size[1] // step)
    grid = np.zeros((height, width), np.int32)
    for outline in sorted(outlines.outlines, key=lambda o: -o.area):
        if outline.name not in numbers:
            continue
        rings = [r / step - 0.5 for r in outline.rings]
        low = np.floor(rings[0].min(0)).clip(0, (width, height)).astype(int)
        high = (np.ceil(rings[0].max(0)) + 1).clip(0, (width, height)).astype(int)
        if (high <= low).any():
            continue
        mask = Image.new("1", (int(high[0] - low[0]), int(high[1] - low[1])))
        brush = ImageDraw.Draw(mask)
        for i, ring in enumerate(rings):
            brush.polygon([(float(x), float(y)) for x, y in ring - low], fill=int(i == 0))
        part = grid[low[1] : high[1], low[0] : high[0]]
        part[np.asarray(mask)] = numbers[outline.name]
    return grid
