"""A small mining run and a small images table, made here; every statement is true of the regions and cells it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.records import Claim, Description
from cytoscribe.core.tables import write_csv, write_records

STATED = {
    "BA4": [
        ("IV", "layer_visibility", "absent", True, ()),
        ("V", "cell_type", "Betz", True, ()),
        ("V", "cell_size", "giant", True, ()),
        ("all", "cortical_type", "agranular", True, ()),
        ("VI-WM", "border", "blurred", True, ()),
    ],
    "BA17": [
        ("IV", "lamination", "sublaminated", True, ()),
        ("IV", "cell_density", "high", True, ()),
        ("IV", "layer_thickness", "broad", True, ("BA4",)),
        ("all", "cortical_type", "koniocortex", True, ()),
        ("V", "cell_type", "Betz", False, ()),
    ],
    "BA3": [("IV", "cell_density", "high", True, ()), ("IV", "layer_visibility", "prominent", True, ())],
}


def claim(region: str, number: int, layer: str, attribute: str, value: str, polarity: bool, compared: tuple[str, ...]) -> Claim:
    """One claim of the made-up run."""
    return Claim(
        f"made-{region}-{number}", region, "made.txt", "", 1, "", 0, 0, "", layer, attribute, value, polarity, compared, 1.0
    )


def write_mined(folder: Path, stated: dict[str, list[tuple[str, str, str, bool, tuple[str, ...]]]]) -> Path:
    """A mining run folder with these claims."""
    claims = [claim(r, i, *row) for r, rows in stated.items() for i, row in enumerate(rows)]
    described = [Description(r, "", tuple(c.claim_id for c in claims if c.region == r), ("made.txt",), 1.0, ()) for r in stated]
    write_records(folder / "claims.parquet", Claim, claims)
    write_records(folder / "descriptions.parquet", Description, described)
    write_csv(
        folder / "regions.csv",
        ["region", "aliases", "parent", "split"],
        [
            ["BA4", "area 4;primary motor cortex;Brodmann area 4", "precentral gyrus", ""],
            ["BA17", "area 17;V1;primary visual cortex", "occipital lobe", ""],
            ["BA3", "primary somatosensory cortex", "postcentral gyrus", "unseen"],
        ],
    )
    return folder


@pytest.fixture
def mined(tmp_path: Path) -> Path:
    """A mining run with two known regions and an unseen one."""
    return write_mined(tmp_path / "mined", STATED)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """An images table of two classes, with rows of every split and an unseen class."""
    path = tmp_path / "cells.csv"
    columns = ["image_path", "label", "split", "cell_size", "granule_type", "granule_colour", "granularity", "spot count"]
    rows = [
        ["a.jpg", "eosinophil", "train", "big", "round", "red", "yes", "many"],
        ["b.jpg", "eosinophil", "train", "small", "round", "red", "yes", "few"],
        ["c.jpg", "lymphocyte", "train", "small", "nil", "nil", "no", "few"],
        ["d.jpg", "lymphocyte", "test", "big", "nil", "nil", "no", "several"],
        ["e.jpg", "eosinophil", "val", "big", "coarse", "purple", "yes", "many"],
        ["f.jpg", "erythroblast", "unseen", "", "", "", "", ""],
    ]
    write_csv(path, columns, rows)
    return path
