"""A mapped section as GeoJSON that QuPath imports: regions as annotations, borders as lines, tiles as detections."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.runs import write_text
from cytoscribe.eval.exports.boundaries import lines_between, polygons_of
from cytoscribe.eval.exports.map_folder import MapFolder

REACH = 3
"""Cells on either side of a border over which the curve of the p-value runs."""
_NAMESPACE = uuid.UUID("7b1d6c1e-51a4-4b0a-9d0c-2f5f7c1b8a10")
_UNSEEN = (120, 120, 120)


def write_regions(found: MapFolder, path: Path, pixel_size_um: float | None) -> int:
    """Write an annotation for each connected piece of a region, and a line for each border between two; returns how many.

    Coordinates are pixels of the section; class is the region (`unseen` where most tiles were rejected); measurements: mean probability,
    mean p-value, area in pixels, and in square micrometres where the pixel size is known.
    """
    features = [*_regions(found, pixel_size_um), *_borders(found)]
    _write(features, path)
    return len(features)


def write_tiles(found: MapFolder, path: Path) -> int:
    """Write every tile as a QuPath tile with its class, probability and p-value; returns how many."""
    colours = colours_of(found)
    features = []
    for tile in found.tiles.to_dict("records"):
        name = "unseen" if tile["unseen"] else str(tile["region"])
        x, y, side = int(tile["x"]), int(tile["y"]), int(tile["side_px"])
        ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
        told = {"Probability": float(tile["probability"]), "p-value": float(tile["p_value"])}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append(_feature(f"tile {x} {y}", "tile", geometry, name, colours[name], told))
    _write(features, path)
    return len(features)


def _regions(found: MapFolder, pixel_size_um: float | None) -> Iterator[dict[str, Any]]:
    colours = colours_of(found)
    for value in np.unique(found.labels[found.labels > 0]):
        name = found.names[int(value)]
        for number, rings in enumerate(polygons_of(found.labels == value)):
            inside = _filled(rings, found.labels.shape) & (found.labels == value)
            area = int(inside.sum()) * found.step**2
            told = {"Probability": _mean(found.probability[inside]), "p-value": _mean(found.p_value[inside]), "Area px^2": area}
            if pixel_size_um:
                told["Area um^2"] = area * pixel_size_um**2
            coordinates = [(ring * found.step).tolist() for ring in rings]
            geometry = {"type": "Polygon", "coordinates": coordinates}
            yield _feature(f"{name} {number}", "annotation", geometry, name, colours[name], told)


def _filled(rings: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Cells within the outer ring."""
    from PIL import Image, ImageDraw

    mask = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(mask).polygon([(float(x) - 0.5, float(y) - 0.5) for x, y in rings[0]], fill=1)
    return np.asarray(mask)


def _borders(found: MapFolder) -> Iterator[dict[str, Any]]:
    for one, other in _neighbours(found.labels):
        first, second = found.names[one], found.names[other]
        curve = _curve(found, one, other)
        for number, line in enumerate(lines_between(found.labels, one, other)):
            geometry = {"type": "LineString", "coordinates": (line * found.step).tolist()}
            name = f"border {first} | {second}"
            yield _feature(f"{name} {number}", "annotation", geometry, name, (255, 255, 255), curve)


def _neighbours(labels: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of labels that touch along an edge, glass left out."""
    pairs: set[tuple[int, int]] = set()
    for first, second in ((labels[:-1], labels[1:]), (labels[:, :-1], labels[:, 1:])):
        differ = (first != second) & (first > 0) & (second > 0)
        pairs |= {(min(a, b), max(a, b)) for a, b in zip(first[differ].tolist(), second[differ].tolist(), strict=True)}
    return sorted(pairs)


def _curve(found: MapFolder, one: int, other: int) -> dict[str, float]:
    """Mean p-value of the cells of two regions by their distance in cells from the border between them."""
    from scipy.ndimage import distance_transform_cdt

    told = {}
    for here, there in ((one, other), (other, one)):
        distance = distance_transform_cdt(found.labels != there, metric="taxicab")
        for cells in range(1, REACH + 1):
            values = found.p_value[(found.labels == here) & (distance == cells)]
            if np.isfinite(values).any():
                told[f"p-value {cells * found.step} px inside {found.names[here]}"] = _mean(values)
    return told


def _mean(values: np.ndarray) -> float:
    return round(float(np.nanmean(values)), 6) if np.isfinite(values).any() else 0.0


def colours_of(found: MapFolder) -> dict[str, tuple[int, int, int]]:
    """Name to the colour that the overlay shows it in, grey for unseen."""
    from cytoscribe.eval.report.section_picture import palette

    known = [n for n in found.names[1:] if n != "unseen"]
    drawn = (np.asarray(palette(len(known))) * 255).round().astype(int)
    named = {name: (int(c[0]), int(c[1]), int(c[2])) for name, c in zip(known, drawn, strict=True)}
    return {**named, "unseen": _UNSEEN}


def _feature(
    key: str, kind: str, geometry: dict[str, Any], name: str, colour: tuple[int, int, int], told: dict[str, float]
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_NAMESPACE, key)),
        "geometry": geometry,
        "properties": {
            "objectType": kind,
            "classification": {"name": name, "color": list(colour)},
            "measurements": told,
        },
    }


def _write(features: list[dict[str, Any]], path: Path) -> None:
    write_text(path, json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
