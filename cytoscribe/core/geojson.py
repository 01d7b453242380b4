"""Features of GeoJSON files as labs write them: plain or gzipped, QuPath's objects of every version, polygons within collections."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import MOST_JSON, read_bytes, read_json

MOST_OUTLINES = 50_000
FEWER = "export the regions alone, or simplify their outlines"
_AGAIN = "export the annotations again (QuPath: as FeatureCollection)"
_OBJECTS = {
    **{"annotation": "annotation", "pathannotationobject": "annotation", "root": "annotation", "pathrootobject": "annotation"},
    **{"detection": "detection", "pathdetectionobject": "detection", "tile": "detection", "pathtileobject": "detection"},
    **{"cell": "cell", "pathcellobject": "cell", "tmacore": "core", "tma_core": "core", "tmacoreobject": "core"},
}
"""QuPath's names of its objects, in `properties.objectType`, `properties.object_type` or, up to version 0.2, as the feature's id."""
_FORMATS = (
    (("images", "annotations"), "COCO"),
    (("shapes", "imagePath"), "labelme"),
    (("objects", "arcs"), "TopoJSON"),
    (("_via_img_metadata",), "the VGG Image Annotator's"),
    (("masks",), "a segmentation's own format"),
)
"""Other formats of outlines in JSON, by keys that they have."""
Rings = tuple[np.ndarray, ...]


class BadGeometryError(ValueError):
    """Coordinates that are none."""


def read_features(path: Path) -> list[Any]:
    """The features of a GeoJSON file: those of a FeatureCollection, a list of them, or the one it holds; raises InputError."""
    try:
        read = _unzipped(path) if path.name.lower().endswith(".gz") else read_json(path, MOST_JSON)
    except InputError as error:
        raise InputError(f"not a readable GeoJSON file: {error.what}", where=path, fix=_AGAIN) from error
    if isinstance(read, dict):
        _refuse_others(read, path)
    features = read.get("features", [read]) if isinstance(read, dict) else read
    if not isinstance(features, list):
        raise InputError("holds no list of features", where=path, fix=_AGAIN)
    if len(features) > MOST_OUTLINES:
        raise InputError(f"{len(features):,} features, more than the {MOST_OUTLINES:,} that are read", where=path, fix=FEWER)
    return features


def _refuse_others(read: dict[str, Any], path: Path) -> None:
    """Raise InputError that names the format where an object is no GeoJSON."""
    if "features" in read or read.get("type") == "Feature" or "geometry" in read:
        return
    found = next((name for keys, name in _FORMATS if all(key in read for key in keys)), "")
    told = f" but {found}" if found else f" (it has {', '.join(map(str, list(read)[:4])) or 'nothing'})"
    raise InputError(f"not GeoJSON{told}", where=path, fix="export the outlines as a GeoJSON FeatureCollection")


def plane_of(feature: Any) -> tuple[int, int] | None:
    """Plane in depth and point in time that QuPath drew a feature on; None where it does not say."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    plane = geometry.get("plane") if isinstance(geometry, dict) else None
    if not isinstance(plane, dict) or not all(isinstance(plane.get(k, 0), int) for k in "zt"):
        return None
    return plane.get("z", 0), plane.get("t", 0)


def _unzipped(path: Path) -> Any:
    import io

    try:
        with gzip.open(io.BytesIO(read_bytes(path, MOST_JSON))) as file:
            content = file.read(MOST_JSON + 1)
        if len(content) > MOST_JSON:
            raise InputError(f"more than {MOST_JSON:,} bytes unpacked", where=path)
        return json.loads(content.decode("utf-8-sig"))
    except (OSError, EOFError, ValueError, RecursionError) as error:
        raise InputError(f"not gzipped JSON ({' '.join(str(error).split())[:80]})", where=path) from error


def name_of(feature: Any) -> str:
    """QuPath's class (derived ones joined by ": "), else the feature's own name, else the id of its region in an ontology; "" for none."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return ""
    given = properties.get("classification") or properties.get("name") or ""
    if isinstance(given, dict):
        names = given.get("names")
        given = ": ".join(str(n).strip() for n in names) if isinstance(names, list) and names else given.get("name")
    return str(given or "").strip() or region_id(feature)


def region_id(feature: Any) -> str:
    """The ontology's id of a feature's region (`properties.data.id`, as DHARANI writes it); "" where there is none."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    data = properties.get("data") if isinstance(properties, dict) else None
    told = data.get("id") if isinstance(data, dict) else None
    return str(told) if isinstance(told, (int, str)) and not isinstance(told, bool) else ""


def kind_of(feature: Any) -> str:
    """`annotation`, `detection`, `cell` or `core` for QuPath's objects; "" for features of other programs."""
    if not isinstance(feature, dict):
        return ""
    properties = feature.get("properties")
    told = properties if isinstance(properties, dict) else {}
    for name in (told.get("objectType"), told.get("object_type"), feature.get("id")):
        if isinstance(name, str) and name.lower() in _OBJECTS:
            return _OBJECTS[name.lower()]
    return "cell" if "nucleusGeometry" in feature else ""


def polygons_of(feature: Any) -> list[Rings]:
    """Rings of each polygon of a feature, collections and all, (N, 2) float each; none where it is empty, a point or a line.

    Raises BadGeometryError where a polygon has coordinates that are none.
    """
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    return [rings for polygon in _polygons(geometry) if (rings := _rings(polygon))]


def _polygons(geometry: Any, depth: int = 0) -> Iterator[Any]:
    """Coordinates of each polygon."""
    if not isinstance(geometry, dict) or depth > 8:
        return
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        yield coordinates
    elif kind == "MultiPolygon" and isinstance(coordinates, list):
        yield from coordinates
    elif kind == "MultiPolygon":
        raise BadGeometryError
    elif kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        for inner in geometry["geometries"]:
            yield from _polygons(inner, depth + 1)


def _rings(polygon: Any) -> Rings:
    """The rings of a polygon; () where it is empty, as an outline is whose last part was erased."""
    if not isinstance(polygon, list):
        raise BadGeometryError
    given = [ring for ring in polygon if ring != []]
    if not given or polygon[0] == []:
        return ()
    try:
        rings = tuple(np.asarray([point[:2] for point in ring], dtype=float) for ring in given)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise BadGeometryError from error
    if not all(r.ndim == 2 and r.shape[0] >= 3 and r.shape[1] == 2 and np.isfinite(r).all() for r in rings):
        raise BadGeometryError
    return rings
