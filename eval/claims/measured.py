"""What `measure-layers` wrote, asked by region and layer in the vocabulary of claims."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.records import WHOLE
from cytoscribe.core.tables import read_csv
from cytoscribe.literature_mining.report.consensus import layer_rank
from cytoscribe.literature_mining.report.opposition import atoms, covers

LAYERS = "layers.csv"
_SUMMED = ("thickness_percent",)
_BY_CELLS = tuple(f"{kind}_cell_area_{unit}" for kind in ("median", "typical", "upper") for unit in ("um2", "px2"))
_SIZES = ("typical_cell_area_um2", "typical_cell_area_px2")
_SHARED = ("cortex_thickness_um", "cortex_thickness_px")
_AREAS = ("area_mm2", "area_px2")
_CONTEXT = ("image_path", "subject", "section", "region", "layer")
_FEWEST_LAYERS = 3
Row = Mapping[str, float]


@dataclass(frozen=True)
class LayerMeasures:
    """rows: region to cluster to layer to measures (areas of one cluster added up); unit: subject, section or picture."""

    rows: Mapping[str, Mapping[str, Mapping[str, Row]]]
    unit: str
    columns: frozenset[str] = field(default_factory=frozenset)

    @property
    def clusters(self) -> int:
        """Subjects, sections or pictures in all."""
        return len({c for by_cluster in self.rows.values() for c in by_cluster})

    def layers(self, region: str) -> tuple[str, ...]:
        """Layers that were measured of the region, from the surface down."""
        return tuple(sorted({layer for c in self.rows.get(region, {}).values() for layer in c}, key=layer_rank))

    def series(self, region: str, layer: str, measure: str) -> dict[str, float]:
        """Cluster to measure of a layer, of a range of layers, or of the whole region; clusters without it are left out."""
        found = {c: self._value(layers, layer, measure) for c, layers in self.rows.get(region, {}).items()}
        return {c: v for c, v in found.items() if math.isfinite(v)}

    def _value(self, layers: Mapping[str, Row], layer: str, measure: str) -> float:
        if measure == "layer_contrast":
            return _layer_contrast(layers)
        if measure == "neighbour_contrast":
            return _neighbour_contrast(layers, layer)
        if measure == "size_gradient":
            return _size_gradient(layers, layer)
        return joined([row for name, row in layers.items() if layer == WHOLE or within(layer, name)], measure)


def within(layer: str, measured: str) -> bool:
    """True where a measured layer is the claim's layer or a part of it."""
    return covers(layer, measured) or layer.casefold() == measured.casefold()


def joined(rows: Sequence[Row], measure: str) -> float:
    """One measure of several layers together: shares of depth are added, sizes weighed by cells, all else by area; NaN for none."""
    known = [r for r in rows if math.isfinite(r.get(measure, math.nan))]
    if not known:
        return math.nan
    if measure in _SUMMED:
        return float(sum(r[measure] for r in known))
    if measure in _SHARED:
        return known[0][measure]
    weight = "cells" if measure in _BY_CELLS else next((a for a in _AREAS if a in known[0]), "")
    weights = [r.get(weight, 1.0) for r in known]
    return float(np.average([r[measure] for r in known], weights=weights)) if sum(weights) > 0 else math.nan


def _darkness(row: Row) -> float:
    return row.get("grey_level_index", row.get("cell_density_per_mm2", math.nan))


def _numbered(layers: Mapping[str, Row]) -> list[str]:
    return sorted((n for n in layers if atoms(n)), key=layer_rank)


def _layer_contrast(layers: Mapping[str, Row]) -> float:
    """Standard deviation over mean of the layers' darkness, layer I left out, since every cortex has it pale."""
    values = np.asarray([_darkness(layers[n]) for n in _numbered(layers) if n != "I"])
    values = values[np.isfinite(values)]
    return float(values.std() / values.mean()) if values.size >= _FEWEST_LAYERS and values.mean() > 0 else math.nan


def _neighbour_contrast(layers: Mapping[str, Row], layer: str) -> float:
    """Darkness of the layer over the mean of the layers right above and below it."""
    order = _numbered(layers)
    own = [i for i, n in enumerate(order) if within(layer, n)]
    if not own:
        return math.nan
    beside = [order[i] for i in (own[0] - 1, own[-1] + 1) if 0 <= i < len(order) and order[i] != "I"]
    middle = joined([{**layers[order[i]], "darkness": _darkness(layers[order[i]])} for i in own], "darkness")
    around = [_darkness(layers[n]) for n in beside]
    return middle / float(np.mean(around)) if around and np.mean(around) > 0 else math.nan


def _size_gradient(layers: Mapping[str, Row], layer: str) -> float:
    """Typical cell area of the layer's deepest sublayer over that of its uppermost one; NaN where it has fewer than two."""
    parts = [layers[n] for n in _numbered(layers) if layer != WHOLE and within(layer, n)]
    sizes = [next((row[s] for s in _SIZES if s in row), math.nan) for row in parts]
    return sizes[-1] / sizes[0] if len(sizes) > 1 and sizes[0] > 0 else math.nan


def read_measured(folder: Path) -> LayerMeasures:
    """The table of `measure-layers`. Clusters are subjects where there are two or more, else sections, else pictures.

    Raises InputError where the table is missing or holds no number where one belongs.
    """
    path = folder / LAYERS
    if not path.is_file():
        raise InputError("no such file", where=path, fix="give the --out folder of measure-layers")
    table = read_csv(path, ["image_path", "region", "layer"])
    if not table:
        raise InputError("the table has a header but no layers", where=path, fix="run measure-layers again")
    unit = _unit([row for _, row in table])
    column = {"subject": "subject", "section": "section", "picture": "image_path"}[unit]
    numbers = [c for c in table[0][1] if c not in _CONTEXT]
    parts: dict[tuple[str, str, str], list[Row]] = {}
    for number, row in table:
        values = {c: _number(path, number, c, row[c]) for c in numbers if row[c]}
        parts.setdefault((row["region"], row[column], row["layer"]), []).append(values)
    rows: dict[str, dict[str, dict[str, Row]]] = {}
    for (region, cluster, layer), pieces in parts.items():
        rows.setdefault(region, {}).setdefault(cluster, {})[layer] = _mean(pieces, numbers)
    return LayerMeasures(rows, unit, frozenset(numbers))


def _mean(pieces: Sequence[Row], columns: Sequence[str]) -> dict[str, float]:
    """Several pictures of one cluster: areas and cells are added, shares of depth averaged, all else as in `joined`."""
    if len(pieces) == 1:
        return dict(pieces[0])
    found = {}
    for column in columns:
        known = [p[column] for p in pieces if column in p]
        if known and column in (*_AREAS, "cells"):
            found[column] = float(sum(known))
        elif known and column in (*_SUMMED, *_SHARED):
            found[column] = float(np.mean(known))
        elif known:
            found[column] = joined(pieces, column)
    return found


def _unit(rows: Sequence[Mapping[str, str]]) -> str:
    subjects = {r.get("subject", "") for r in rows}
    if "" not in subjects and len(subjects) > 1:
        return "subject"
    return "section" if all(r.get("section") for r in rows) else "picture"


def _number(path: Path, row: int, column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"'{text}' is not a number", where=cell(path, row, column), fix="run measure-layers again") from error
