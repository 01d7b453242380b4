"""GeoJSON of QuPath in all its versions, of geopandas, and of atlases that name regions by number."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.outlines import read_outlines, read_polygons

SQUARE = [[[0, 0], [9, 0], [9, 9], [0, 0]]]


def feature(properties: dict[str, Any], geometry: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry or {"type": "Polygon", "coordinates": SQUARE}, "properties": properties, **more}


def write(path: Path, *features: Any) -> Path:
    content = json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


A = {"objectType": "annotation", "classification": {"name": "A"}}


@pytest.mark.parametrize(
    "other",
    [
        feature({"objectType": "detection", "classification": {"name": "Positive"}}),
        feature({"objectType": "cell", "classification": {"name": "Positive"}}, nucleusGeometry={}),
        feature({"object_type": "detection", "classification": {"name": "Positive"}}),
        feature({"classification": {"name": "Positive"}}, id="PathCellObject"),
        feature({"classification": {"name": "Positive"}}, id="PathDetectionObject"),
        feature({"objectType": "tile", "classification": {"name": "Positive"}}),
    ],
)
def test_objects_that_qupath_found_are_no_regions(tmp_path: Path, other: dict[str, Any]) -> None:
    found = read_outlines(write(tmp_path / "s.geojson", feature(A), other))
    assert found.names == ("A",)
    assert sum(found.left_out.values()) == 1
    assert len(read_polygons(tmp_path / "s.geojson")) == 2  # as cells they still count
    with pytest.raises(InputError, match=r"no outline with a classification \(1 (cells|detections) of QuPath"):
        read_outlines(write(tmp_path / "only.geojson", other))


@pytest.mark.parametrize(
    ("classification", "name"),
    [({"names": ["Cortex", "Layer IV"]}, "Cortex: Layer IV"), ({"name": "Cortex: Layer IV"}, "Cortex: Layer IV"), ("A", "A")],
)
def test_derived_classes(tmp_path: Path, classification: Any, name: str) -> None:
    assert read_outlines(write(tmp_path / "s.geojson.gz", feature({"classification": classification}))).names == (name,)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "GeometryCollection", "geometries": []},
    ],
)
def test_what_is_empty_is_counted(tmp_path: Path, geometry: Any) -> None:
    found = read_outlines(write(tmp_path / "s.geojson", feature(A), feature(A, geometry), {**feature(A), "geometry": None}))
    assert (len(found.outlines), found.left_out) == (1, {"empty outlines": 2})


def test_collections_hold_polygons(tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": SQUARE}
    nested = {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": [square, square]}]}
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    mixed = {"type": "GeometryCollection", "geometries": [line, {"type": "MultiPolygon", "coordinates": [SQUARE, SQUARE]}]}
    found = read_outlines(write(tmp_path / "s.geojson", feature(A, nested), feature(A, mixed), feature(A, line)))
    assert (len(found.outlines), found.left_out) == (4, {"points or lines": 1})


def test_an_atlas_by_ids_in_micrometres_with_y_upwards(tmp_path: Path) -> None:
    ring = [[[100, -40], [200, -40], [200, -80], [100, -40]]]
    path = write(tmp_path / "s.json", feature({"data": {"id": 10154, "acronym": "V1"}}, {"type": "Polygon", "coordinates": ring}))
    found = read_outlines(path)
    assert found.names == ("10154",)
    np.testing.assert_allclose(found.in_pixels(2.0, path).outlines[0].rings[0][:2], [[50, 20], [100, 20]])
    with pytest.raises(InputError, match="outlines in micrometres"):
        found.in_pixels(None, path)


@pytest.mark.parametrize("at", range(10, 60, 7))
def test_a_damaged_archive_is_one_line(tmp_path: Path, at: int) -> None:
    path = write(tmp_path / "a.geojson.gz", feature(A), feature(A))
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="not gzipped JSON"):
        read_outlines(path)
