"""Depths, strips and densities of a piece whose corners are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cytoscribe.captions.morphology.cell_table import CORNERS, CortexPiece, density_by_depth, read_cells, read_piece
from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_csv

SLANTED = CortexPiece(*(np.asarray(p, dtype=float) for p in ((0, 0), (1000, 200), (100, 2000), (900, 2000))))


def test_depth_runs_from_the_pia_to_the_white_matter() -> None:
    left, right = SLANTED.ends(np.asarray([0.25, 0.75]))
    points = np.vstack([(left + right) / 2, [[500, -50], [500, 2100], [-300, 900], [1400, 900]]])
    depth = SLANTED.depth_of(points)
    assert depth[:2] == pytest.approx([0.25, 0.75])
    assert np.isnan(depth[2:]).all()


def test_strips_fill_the_piece() -> None:
    corners = np.asarray([SLANTED.top_left, SLANTED.top_right, SLANTED.bottom_right, SLANTED.bottom_left])
    x, y = corners.T
    whole = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2 / 1e6
    assert SLANTED.strip_mm2(np.linspace(0, 1, 11)).sum() == pytest.approx(whole, rel=0.01)


def test_a_dense_band_is_dense_where_it_lies() -> None:
    rng = np.random.default_rng(0)
    square = CortexPiece(*(np.asarray(p, dtype=float) for p in ((0, 0), (1000, 0), (0, 1000), (1000, 1000))))
    sparse, dense = rng.uniform(0, 1000, (1000, 2)), rng.uniform((0, 400), (1000, 500), (900, 2))
    points = np.vstack([sparse, dense])
    rows = density_by_depth(points, np.where(np.arange(1900) < 1000, 80.0, 150.0), square, 10)
    density = [r["cell_density_per_mm2"] for r in rows]
    assert int(np.argmax(density)) == 4
    assert density[4] == pytest.approx(10_000, rel=0.05)
    assert sum(r["cells"] for r in rows) == 1900
    assert rows[4]["median_cell_area_um2"] == 150
    with pytest.raises(InputError, match="no cell lies between the corners"):
        density_by_depth(points + 5000, np.ones(1900), square, 10)


def test_files_of_qupath_are_read_and_faults_are_named(tmp_path: Path) -> None:
    head = "Image\tCentroid X µm\tCentroid Y µm\tArea µm^2\n"
    (tmp_path / "cells.tsv").write_text(head + "a\t1\t2\t50\na\t3\t4\t60\n", encoding="utf-8")
    points, areas = read_cells(tmp_path / "cells.tsv")
    assert points.tolist() == [[1, 2], [3, 4]]
    assert areas.tolist() == [50, 60]
    (tmp_path / "bad.tsv").write_text(head + "a\t1\tmany\t50\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 2, column 'Centroid Y µm'"):
        read_cells(tmp_path / "bad.tsv")
    marks = [
        {"type": "Feature", "properties": {"name": n}, "geometry": {"type": "Point", "coordinates": [10, 20]}}
        for n in ("top_left", "top_right", "bottom_left")
    ]
    (tmp_path / "marks.geojson").write_text(json.dumps(marks))
    with pytest.raises(InputError, match="no point named 'bottom_right'"):
        read_piece(tmp_path / "marks.geojson", 0.5)


@pytest.mark.slow
def test_the_command_writes_a_profile_and_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    lines = [f"a\t{x}\t{y}\t50" for x, y in rng.uniform(0, 500, (300, 2))]
    table, marks, out = tmp_path / "cells.tsv", tmp_path / "marks.geojson", tmp_path / "out"
    table.write_text("\n".join(["Image\tCentroid X µm\tCentroid Y µm\tArea µm^2", *lines]), encoding="utf-8")
    places = zip(CORNERS, ((0, 0), (1000, 0), (0, 1000), (1000, 1000)), strict=True)
    features = [
        {"type": "Feature", "properties": {"name": n}, "geometry": {"type": "Point", "coordinates": list(p)}} for n, p in places
    ]
    marks.write_text(json.dumps(features))
    asked = ["--cell-table", str(table), "--profile", "cortex", "--out", str(out)]
    assert run(command("measure-morphology"), asked) == 2
    assert "--corners" in capsys.readouterr().err
    assert run(command("measure-morphology"), [*asked, "--corners", str(marks), "--pixel-size-um", "0.5"]) == 0
    rows = [r for _, r in read_csv(out / "profiles.csv", ["depth_percent"])]
    assert sum(float(r["cells"]) for r in rows) == 300
