"""A second annotation of the same images: how far people agree is the ceiling of any figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_csv

_NAMES = ("image_path", "img_name", "path")


def read_second(path: Path, columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """File name of each image to its values in `columns`; the name is in `image_path`, `img_name` or `path`.

    Raises InputError where no column names the images, none of `columns` is there, or an image has two rows that differ.
    """
    rows = read_csv(path, [])
    there = rows[0][1] if rows else {}
    name = next((n for n in _NAMES if n in there), None)
    if name is None:
        raise InputError(f"no column '{_NAMES[0]}'", where=path, fix=f"name the images in {', '.join(_NAMES)}")
    known = [c for c in columns if c in there]
    if not known:
        raise InputError("no column of the attributes", where=path, fix=f"give some of {', '.join(columns)}")
    found: dict[str, dict[str, str]] = {}
    for number, row in rows:
        values = {c: row[c] for c in known}
        if found.setdefault(Path(row[name]).name, values) != values:
            raise InputError(
                f"image '{Path(row[name]).name}' is annotated twice", where=f"{path}, row {number}", fix="keep one row"
            )
    return found


def exact_agreement(records: Sequence[ImageRecord], second: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> np.ndarray:
    """(N,) float: 1.0 where both annotators give every column alike, 0.0 where not, NaN where there is no second annotation: the
    ceiling of finding an image's exact caption."""
    return np.array(
        [
            float(all(second[r.path.name].get(c, "") == r.attributes.get(c, "") for c in columns))
            if r.path.name in second
            else np.nan
            for r in records
        ]
    )
