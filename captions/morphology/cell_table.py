"""Cell density by cortical depth from a table of detected cells and the corners of the piece, as QuPath exports both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.outlines import read_points
from cytoscribe.core.runs import RunFolder, atomic_path
from cytoscribe.core.tables import read_csv, write_csv

CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")
"""Names of the points at the piece's corners; the pia runs along the top."""
_X, _Y, _AREA = ("Centroid X µm", "Centroid Y µm", "Area µm^2")
_HALVINGS = 40
STEPS = 40
"""Steps of depth in the table that is written."""


@dataclass(frozen=True)
class CortexPiece:
    """The corners of a piece of cortex, each (2,) float64 x and y in micrometres."""

    top_left: np.ndarray
    top_right: np.ndarray
    bottom_left: np.ndarray
    bottom_right: np.ndarray

    def ends(self, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Left and right end, (N, 2) each, of the lines at these depths (N,), 0 at the pia and 1 at the white matter."""
        t = depth[:, None]
        return (1 - t) * self.top_left + t * self.bottom_left, (1 - t) * self.top_right + t * self.bottom_right

    def depth_of(self, points: np.ndarray) -> np.ndarray:
        """Depth in [0, 1] of points (N, 2), NaN outside the piece: of the line between the sides that runs through the point."""
        low, high = np.zeros(len(points)), np.ones(len(points))
        below = self._side(points, low)
        outside = below * self._side(points, high) > 0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            same = self._side(points, middle) * below > 0
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        left, right = self.ends(low)
        along = ((points - left) * (right - left)).sum(axis=1) / np.maximum(((right - left) ** 2).sum(axis=1), 1e-12)
        return np.where(outside | (along < 0) | (along > 1), np.nan, (low + high) / 2)

    def along(self, points: np.ndarray) -> np.ndarray:
        """Share of the way from the left side to the right one (N,) at each point's own depth; NaN outside the piece."""
        depth = self.depth_of(points)
        left, right = self.ends(np.nan_to_num(depth))
        way = ((points - left) * (right - left)).sum(axis=1) / np.maximum(((right - left) ** 2).sum(axis=1), 1e-12)
        return np.where(np.isfinite(depth), way, np.nan)

    def strip_mm2(self, edges: np.ndarray) -> np.ndarray:
        """Areas (N - 1,) in mm2 of the strips between neighbouring depths (N,)."""
        left, right = self.ends(edges)
        one, other = right[:-1] - left[1:], right[1:] - left[:-1]  # the diagonals of each strip
        return np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2 / 1e6

    def _side(self, points: np.ndarray, depth: np.ndarray) -> np.ndarray:
        left, right = self.ends(depth)
        along, off = right - left, points - left
        return along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]


def measure_table(cells: Path, corners: Path, pixel_size_um: float, out: Path, *, overwrite: bool = False) -> int:
    """Write `out`/profiles.csv and profile.png, density and cell size by depth of one piece, and return how many cells lie in it.

    corners: GeoJSON in pixels of pixel_size_um. Raises InputError where either file cannot be used or they do not fit together.
    """
    points, areas = read_cells(cells)
    rows = density_by_depth(points, areas, read_piece(corners, pixel_size_um), STEPS)
    settings = {"profile": "cortex", "pixel_size_um": pixel_size_um}
    inputs = {"cells": file_digest(cells), "corners": file_digest(corners)}
    with RunFolder(out, "measure-morphology", settings, inputs, overwrite=overwrite) as run:
        write_csv(out / "profiles.csv", tuple(rows[0]), ([f"{v:.6g}" if np.isfinite(v) else "" for v in r.values()] for r in rows))
        save_depth_picture(rows, out / "profile.png")
        run.finish({"cells": len(points)})
    return int(sum(r["cells"] for r in rows))


def read_piece(path: Path, pixel_size_um: float) -> CortexPiece:
    """The four named corners of a GeoJSON file, in pixels there. Raises InputError where one is missing."""
    points = read_points(path)
    missing = [c for c in CORNERS if c not in points]
    if missing:
        raise InputError(f"no point named '{missing[0]}'", where=path, fix=f"mark {', '.join(CORNERS)}")
    return CortexPiece(*(np.asarray(points[c]) * pixel_size_um for c in CORNERS))


def read_cells(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Places (N, 2) in micrometres and areas (N,) in square micrometres of a QuPath detection table. Raises InputError by row."""
    rows = read_csv(path, [_X, _Y, _AREA])
    return np.asarray([[_number(path, n, r, c) for c in (_X, _Y)] for n, r in rows]), np.asarray(
        [_number(path, n, r, _AREA) for n, r in rows]
    )


def _number(path: Path, row: int, cells: Mapping[str, str], column: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"'{cells[column]}' is not a number", where=cell(path, row, column), fix="export the detections again")
    return value


def density_by_depth(points: np.ndarray, areas: np.ndarray, piece: CortexPiece, steps: int) -> Sequence[dict[str, float]]:
    """One row a step of depth: cells, density per mm2 and median cell area. Raises InputError where no cell lies in the piece."""
    depth = piece.depth_of(points)
    known = np.isfinite(depth)
    if not known.any():
        raise InputError(
            "no cell lies between the corners", fix="check that cells and corners are of one section and the pixel size"
        )
    edges = np.linspace(0, 1, steps + 1)
    place = np.clip((depth[known] * steps).astype(int), 0, steps - 1)
    counts = np.bincount(place, minlength=steps)
    return [
        {
            "depth_percent": 100 * (i + 0.5) / steps,
            "cells": float(counts[i]),
            "cell_density_per_mm2": float(counts[i] / area),
            "median_cell_area_um2": float(np.median(areas[known][place == i])) if counts[i] else float("nan"),
        }
        for i, area in enumerate(piece.strip_mm2(edges))
    ]


def save_depth_picture(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw density (filled) and median cell area (line) of `density_by_depth`; the pia is at the top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    depth, density, size = (
        [row[name] for row in rows] for name in ("depth_percent", "cell_density_per_mm2", "median_cell_area_um2")
    )
    figure = Figure(figsize=(5.2, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.add_subplot(1, 1, 1)
    left.fill_betweenx(depth, 0, density, color="#2b6cb0", alpha=0.35, linewidth=0)
    left.plot(density, depth, color="#2b6cb0", linewidth=1.6)
    left.set(xlabel="cells per mm2", ylabel="depth in percent, from the pia", ylim=(100, 0), xlim=(0, None))
    right = left.twiny()
    right.plot(size, depth, color="#c2571a", linewidth=1.2)
    right.set_xlabel("median cell area in um2", color="#c2571a")
    right.set_xlim(0, None)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
