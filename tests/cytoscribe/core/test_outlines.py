"""Polygons as labels: names, holes, order and faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cytoscribe.core import outlines as outlines_module
from cytoscribe.core.errors import InputError
from cytoscribe.core.outlines import drawn, grid_step, read_outlines


def box(x: float, y: float, width: float, height: float) -> list[list[float]]:
    """A closed ring."""
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]


def feature(name: str | None, *rings: list[list[float]]) -> dict[str, Any]:
    """A feature as QuPath writes it."""
    properties: dict[str, Any] = {"objectType": "annotation"}
    if name is not None:
        properties["classification"] = {"name": name, "color": [1, 2, 3]}
    return {"type": "Feature", "id": "x", "geometry": {"type": "Polygon", "coordinates": list(rings)}, "properties": properties}


def write(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


def test_small_outlines_lie_over_large_ones_and_holes_show_what_is_beneath(tmp_path: Path) -> None:
    core, ring = feature("core", box(40, 40, 10, 10)), feature("ring", box(20, 20, 60, 60), box(30, 30, 40, 40))
    path = write(tmp_path / "s.geojson", core, feature("field", box(0, 0, 100, 100)), ring)
    outlines = read_outlines(path)
    grid = drawn(outlines, {"field": 1, "ring": 2, "core": 3}, (100, 120), 1)
    assert grid.shape == (100, 120)
    assert [int(grid[y, x]) for y, x in ((10, 10), (25, 50), (60, 60), (45, 45), (50, 110))] == [1, 2, 1, 3, 0]
    assert (grid == 2).sum() == pytest.approx(60 * 60 - 40 * 40, rel=0.06)
    assert (grid == 3).sum() == pytest.approx(100, rel=0.25)


def test_a_coarser_grid_shows_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "s.geojson", feature("a", box(100, 200, 400, 300)))
    fine, coarse = (drawn(read_outlines(path), {"a": 1}, (1000, 800), step) for step in (1, 10))
    assert coarse.shape == (100, 80)
    assert coarse.mean() == pytest.approx(fine.mean(), rel=0.08)
    assert coarse[35, 30] == 1
    assert coarse[10, 30] == 0


def test_every_shape_of_file_is_read(tmp_path: Path) -> None:
    multi = feature("m")
    multi["geometry"] = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 5, 5)], [box(10, 10, 5, 5)]]}
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {}}
    plain = {**feature(None, box(0, 0, 9, 9)), "properties": {"name": "by name"}}
    (tmp_path / "list.json").write_text(json.dumps([multi, point, plain, feature(None, box(0, 0, 3, 3))]))
    found = read_outlines(tmp_path / "list.json")
    assert found.names == ("by name", "m")
    assert len(found.outlines) == 3
    assert found.left_out == {"points or lines": 1, "outlines without a class": 1}
    (tmp_path / "one.json").write_text(json.dumps(feature("alone", box(0, 0, 5, 5))))
    assert read_outlines(tmp_path / "one.json").names == ("alone",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"s\.geojson.*not a readable GeoJSON"),
        ('{"features": 3}', "holds no list of features"),
        ('{"features": []}', "no outline with a classification"),
        (json.dumps({"features": [feature(None, box(0, 0, 5, 5))]}), "no outline with a classification"),
        (json.dumps({"features": [feature("a", [[0, 0], [1, 1]])]}), "feature 1 has no usable coordinates"),
        (json.dumps({"features": [feature("a", [[0, 0], [1, float("nan")], [2, 2]])]}), "feature 1 has no usable coordinates"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.geojson").write_text(text)
    with pytest.raises(InputError, match=message):
        read_outlines(tmp_path / "s.geojson")


def test_outlines_beyond_the_picture_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path / "s.geojson", feature("a", box(-50, -50, 70, 70)), feature("b", box(500, 500, 10, 10)))
    grid = drawn(read_outlines(path), {"a": 1, "b": 2}, (40, 40), 1)
    assert grid[10, 10] == 1
    assert set(np.unique(grid)) == {0, 1}


def test_the_grid_is_bounded() -> None:
    assert grid_step((1000, 1000), 96) == 3
    assert (100_000 / grid_step((100_000, 200_000), 8)) * (200_000 / grid_step((100_000, 200_000), 8)) <= 50_000_000


def test_outlines_filled_in_bands_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = [[50 + 45 * np.cos(a), 60 + 50 * np.sin(a)] for a in np.linspace(0, 2 * np.pi, 40)]
    star = [[x, y * (0.6 if i % 2 else 1)] for i, (x, y) in enumerate(turn)]
    path = write(tmp_path / "s.geojson", feature("field", star), feature("ring", box(20, 20, 60, 60), box(30, 30, 40, 40)))
    outlines, numbers = read_outlines(path), {"field": 1, "ring": 300}
    whole = drawn(outlines, numbers, (120, 100), 1)
    assert set(np.unique(whole)) == {0, 1, 300}
    monkeypatch.setattr(outlines_module, "_AT_ONCE", 700)
    np.testing.assert_array_equal(drawn(outlines, numbers, (120, 100), 1), whole)
