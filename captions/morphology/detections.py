"""Tables of detected cells, one a picture: QuPath's, the phantoms', or any with x, y and area in micrometres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.captions.morphology.layers import Cells
from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.tables import read_csv

_FORMS = (("x_um", "y_um", "area_um2"), ("Centroid X µm", "Centroid Y µm", "Area µm^2"))
SUFFIXES = (".csv", ".tsv", ".txt")


def table_of(folder: Path, image: Path) -> Path | None:
    """The table of an image: a file of its name; None where there is none."""
    return next((p for s in SUFFIXES if (p := folder / f"{image.stem}{s}").is_file()), None)


def read_detections(path: Path, pixel_size_um: float) -> Cells:
    """The cells of one picture in its pixels. Raises InputError where columns are missing or a cell holds no number."""
    rows = read_csv(path, [])
    there = rows[0][1] if rows else {}
    columns = next((f for f in _FORMS if all(c in there for c in f)), None)
    if columns is None:
        raise InputError("no columns of cells", where=path, fix=f"name them {', '.join(_FORMS[0])}, or as QuPath does")
    values = np.asarray([[_number(path, n, c, r[c]) for c in columns] for n, r in rows])
    return Cells(values[:, :2] / pixel_size_um, values[:, 2] / pixel_size_um**2)


def _number(path: Path, row: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"'{text}' is not a number", where=cell(path, row, column), fix="export the detections again")
    return value
