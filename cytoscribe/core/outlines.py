"""Polygons drawn by hand as labels: GeoJSON as QuPath exports it, one feature an outline, its classification the region."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.geojson import (
    FEWER,
    MOST_OUTLINES,
    BadGeometryError,
    Rings,
    kind_of,
    name_of,
    plane_of,
    polygons_of,
    read_features,
    region_id,
)

__all__ = [
    "MOST_OUTLINES",
    "Outline",
    "Outlines",
    "check_drawn",
    "drawn",
    "grid_step",
    "read_features",
    "read_outlines",
    "read_points",
]

OUTLINE_SUFFIXES = (".geojson", ".json", ".geojson.gz", ".json.gz")
MOST_CELLS = 50_000_000
"""Cells of the grid that polygons are drawn into."""
MOST_VERTICES = 2_000_000
"""Of all outlines of a file."""
MOST_DRAWN = 5_000_000_000
"""Cells that all outlines of a picture cover together: more would take minutes to fill, and lie over one another."""
_AT_ONCE = 2**22
"""Cells of an outline that are filled together."""
_IGNORED = "ignore*"
"""QuPath's class for what must not be looked at."""
ONTOLOGY_UM = 1.0
"""Micrometres of a unit in outlines that name regions by the ids of an ontology (DHARANI)."""


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
    """Every outline of a file. left_out: what was not taken for an outline, with its number: outlines without a class, empty ones,
    points or lines, QuPath's detections and cells; unit_um: micrometres of a coordinate, None for pixels of the picture."""

    outlines: tuple[Outline, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    unit_um: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({o.name for o in self.outlines}))

    def in_pixels(self, pixel_size_um: float | None, path: Path) -> Outlines:
        """The same in pixels of the picture; raises InputError where coordinates are micrometres and the pixel size is unknown."""
        if self.unit_um is None:
            return self
        if pixel_size_um is None:
            raise InputError(
                "outlines in micrometres on a picture that does not say its pixel size",
                where=path,
                fix="give --pixel-size-um, or a column pixel_size_um in --section-table",
            )
        factor = self.unit_um / pixel_size_um
        scaled = tuple(Outline(o.name, tuple(r * factor for r in o.rings)) for o in self.outlines)
        return replace(self, outlines=scaled, unit_um=None)


def read_outlines(path: Path) -> Outlines:
    """Outlines of a GeoJSON file (RFC 7946): a FeatureCollection, a list of features, or one feature; gzipped or not.

    The name is QuPath's class, `properties.classification` (a derived class as "Cortex: Layer IV"), else `properties.name`, else
    the id of an ontology, `properties.data.id`: then coordinates are micrometres and y may run upwards (DHARANI). QuPath's
    detections and cells are never regions. Raises InputError naming the feature whose coordinates are none, where no outline has a
    name, and where outlines lie on several planes of a stack.
    """
    found: list[Outline] = []
    left_out: Counter[str] = Counter()
    by_ontology = vertices = 0
    planes: set[tuple[int, int]] = set()
    for number, feature in enumerate(read_features(path), start=1):
        kind = kind_of(feature)
        shapes = [] if kind in ("detection", "cell", "core") else _shapes(feature, path, number)
        vertices += sum(len(ring) for rings in shapes for ring in rings)
        check_vertices(vertices, path)
        if kind in ("detection", "cell", "core"):
            left_out[f"{kind}s of QuPath"] += 1
        elif not shapes:
            left_out[_empty_or_other(feature)] += 1
        elif not (name := name_of(feature)):
            left_out["outlines without a class"] += 1
        elif name.lower() == _IGNORED:
            left_out[f"outlines of the class {name}"] += 1
        else:
            by_ontology += name == region_id(feature)
            planes |= {plane} if (plane := plane_of(feature)) else set()
            found.extend(Outline(name, rings) for rings in shapes)
    if len(planes) > 1:
        raise InputError(
            f"outlines on {len(planes)} planes of a stack, which one picture cannot show",
            where=path,
            fix="export the annotations of the plane that the picture shows",
        )
    if not found:
        told = f" ({', '.join(f'{n} {what}' for what, n in left_out.items())})" if left_out else ""
        raise InputError(
            f"no outline with a classification{told}", where=path, fix="classify the annotations and export them again"
        )
    if by_ontology:
        return _upright(Outlines(tuple(found), dict(left_out), ONTOLOGY_UM))
    return Outlines(tuple(found), dict(left_out))


def _empty_or_other(feature: object) -> str:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    told = geometry if isinstance(geometry, dict) else {}
    empty = "Polygon" in str(told.get("type")) or not (told.get("coordinates") or told.get("geometries"))
    return "empty outlines" if empty else "points or lines"


def _upright(outlines: Outlines) -> Outlines:
    """With y downwards, as rows of a picture run, where it is stored negative."""
    if np.median(np.concatenate([r[:, 1] for o in outlines.outlines for r in o.rings])) >= 0:
        return outlines
    turned = tuple(Outline(o.name, tuple(r * (1.0, -1.0) for r in o.rings)) for o in outlines.outlines)
    return replace(outlines, outlines=turned)


def read_polygons(path: Path) -> list[tuple[str, Rings]]:
    """Every polygon of a GeoJSON file, named or not, as (name or "", rings of (N, 2) x and y in pixels); raises InputError."""
    found: list[tuple[str, Rings]] = []
    vertices = 0
    for number, feature in enumerate(read_features(path), start=1):
        for rings in _shapes(feature, path, number):
            vertices += sum(len(ring) for ring in rings)
            check_vertices(vertices, path)
            found.append((name_of(feature), rings))
    return found


def check_vertices(count: int, path: Path) -> None:
    """Raise InputError where outlines have more points than can be drawn in seconds."""
    if count > MOST_VERTICES:
        raise InputError(f"outlines of more than {MOST_VERTICES:,} points", where=path, fix=FEWER)


def check_drawn(rings: Iterable[np.ndarray], size: Sequence[int], path: Path) -> None:
    """Raise InputError where outlines, each (N, 2) x and y, cover a grid of (H, W) cells so often that filling them takes minutes."""
    limit = np.array(size[::-1], dtype=float)
    covered = 0.0
    for ring in rings:
        low, high = ring.min(0).clip(0, limit), ring.max(0).clip(0, limit)
        covered += float(np.prod(high - low))
    if covered > MOST_DRAWN:
        raise InputError(f"outlines that cover {covered:.2g} cells together, one over the other", where=path, fix=FEWER)


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
        points[name_of(feature)] = (x, y)
    return points


def _shapes(feature: object, path: Path, number: int) -> list[Rings]:
    try:
        return polygons_of(feature)
    except BadGeometryError as error:
        raise InputError(
            f"feature {number} has no usable coordinates", where=path, fix="give each ring three points or more"
        ) from error


def grid_step(size: tuple[int, int], finest: int) -> int:
    """Pixels of the picture that a cell of the drawn grid spans: fine enough for tiles of `finest` pixels, coarse enough for memory."""
    return max(finest // 32, int(np.ceil(np.sqrt(size[0] * size[1] / MOST_CELLS))), 1)


def drawn(outlines: Outlines, numbers: dict[str, int], size: tuple[int, int], step: int) -> np.ndarray:
    """(h, w) with the number of each cell's outline, 0 for none, of the smallest type that holds them; size: (H, W) of the picture,
    step: pixels a cell spans.

    Smaller outlines are drawn over larger ones, so that a nucleus inside a region keeps its own name; holes stay what they were.
    """
    from PIL import Image, ImageDraw

    height, width = -(-size[0] // step), -(-size[1] // step)
    grid = np.zeros((height, width), np.min_scalar_type(max(numbers.values(), default=0)))
    for outline in sorted(outlines.outlines, key=lambda o: -o.area):
        if outline.name not in numbers:
            continue
        # Pillow cuts fractions off towards zero, so that a ring would change its shape where it begins above a band
        rings = [np.floor(r / step - 0.5) for r in outline.rings]
        low = rings[0].min(0).clip(0, (width, height)).astype(int)
        high = (np.ceil(rings[0].max(0)) + 1).clip(0, (width, height)).astype(int)
        if (high <= low).any():
            continue
        rows = max(_AT_ONCE // int(high[0] - low[0]), 1)
        for top in range(int(low[1]), int(high[1]), rows):
            part = grid[top : min(top + rows, int(high[1])), low[0] : high[0]]
            mask = Image.new("1", part.shape[::-1])
            brush = ImageDraw.Draw(mask)
            for i, ring in enumerate(rings):
                brush.polygon([(float(x), float(y)) for x, y in ring - (low[0], top)], fill=int(i == 0))
            part[np.asarray(mask)] = numbers[outline.name]
    return grid
