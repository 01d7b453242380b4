"""Layers of one piece of cortex from a table of detected cells, its corners, and where its layers lie by depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.captions.morphology.cell_table import CortexPiece, read_cells, read_piece
from cytoscribe.captions.morphology.layer_names import layer_of
from cytoscribe.captions.morphology.layer_stage import CONTRACT, LAYERS
from cytoscribe.captions.morphology.layers import cell_numbers
from cytoscribe.captions.morphology.settings import PieceSettings
from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.runs import RunFolder
from cytoscribe.core.tables import read_csv, write_csv

"""Strips along the pia into which the piece is cut, so that measures come with a spread."""
_COLUMNS = (
    "area_mm2",
    "cells",
    "cell_density_per_mm2",
    "median_cell_area_um2",
    "typical_cell_area_um2",
    "upper_cell_area_um2",
)


def measure_piece(settings: PieceSettings) -> int:
    """Write layers.csv, one row a layer and strip, and return how many cells lie in the piece.

    The strips are of one section, so intervals from them speak of this section alone; how thick a layer is was given, not measured, and
    is left out. Raises InputError where a file cannot be used or
    no cell lies between the corners.
    """
    points, areas = read_cells(settings.cells)
    piece = read_piece(settings.corners, settings.pixel_size_um)
    borders = read_borders(settings.borders)
    depth, along = piece.depth_of(points), piece.along(points)
    if not np.isfinite(depth).any():
        raise InputError(
            "no cell lies between the corners", fix="check that cells and corners are of one section and the pixel size"
        )
    told = {"region": settings.region, "pixel_size_um": settings.pixel_size_um, "strips": settings.strips}
    inputs = {n: file_digest(getattr(settings, n)) for n in ("cells", "corners", "borders")}
    rows = []
    for layer, (low, high) in borders.items():
        band = (depth >= low) & (depth < high)
        area = _area_mm2(piece, low, high) / settings.strips
        for strip in range(settings.strips):
            here = areas[band & (np.floor(along * settings.strips).clip(0, settings.strips - 1) == strip)]
            found = {"area_mm2": area}
            found |= cell_numbers(here, found, 1.0)
            values = (f"{found[c]:.6g}" if np.isfinite(found[c]) else "" for c in _COLUMNS)
            rows.append([settings.cells.name, "", f"strip {strip + 1}", settings.region, layer, *values])
    with RunFolder(settings.out, "measure-layers", told, inputs, overwrite=settings.overwrite) as run:
        write_csv(settings.out / LAYERS, [*CONTRACT, *_COLUMNS], rows)
        run.finish({"cells": int(np.isfinite(depth).sum())})
    return int(np.isfinite(depth).sum())


def read_borders(path: Path) -> dict[str, tuple[float, float]]:
    """Layer to (from, to), shares of the depth. Raises InputError where a row is not a stretch between 0 and 100 percent, or two overlap."""
    found: dict[str, tuple[float, float]] = {}
    last = 0.0
    for number, row in read_csv(path, ["layer", "from_percent", "to_percent"]):
        try:
            low, high = float(row["from_percent"]), float(row["to_percent"])
        except ValueError:
            low = high = float("nan")
        if not 0 <= low < high <= 100 or low < last - 1e-9:
            raise InputError(
                f"{row['from_percent']} to {row['to_percent']} is not a depth range below the previous one",
                where=cell(path, number),
                fix="give rising percentages from 0 (pia) to 100 (white matter)",
            )
        found[layer_of(row["layer"])] = (low / 100, high / 100)
        last = high
    return found


def _area_mm2(piece: CortexPiece, low: float, high: float) -> float:
    return float(piece.strip_mm2(np.linspace(low, high, 20)).sum())
