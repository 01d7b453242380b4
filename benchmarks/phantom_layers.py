"""Layers of drawn cortex, measured from pixels against the truth: densities, cell sizes, borders of bands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from figures import Row, print_table

from cytoscribe.captions.morphology.cortex import cortex_profile
from cytoscribe.captions.morphology.layer_names import Band
from cytoscribe.captions.morphology.layers import Cells, measure_layers
from cytoscribe.captions.morphology.tissue import outlined_cells
from cytoscribe.phantom.areas import area
from cytoscribe.phantom.draw import draw
from cytoscribe.phantom.tissue import Phantom, Preparation

AREAS = (
    "hOc1",
    "hOc2",
    "FG1",
    "FG2",
    "Te1",
    "Te3",
    "area 3b",
    "area 4",
    "SMA",
    "pre-SMA",
    "area 44",
    "area 45",
    "area 24",
    "area 5",
)
PIXEL_UM, WIDTH_UM, DEPTH_UM = 1.0, 500, 4200
VISIBLE = 1.3
"""Ratio of the stained shares of two neighbouring layers from which their border counts as visible."""
NEAR = 5.0
"""Percent of the depth within which a border counts as found."""


@dataclass(frozen=True)
class Found:
    """layers: rows (true density, measured one, true typical size, measured one, grey level index, true share covered); borders: percent of
    depth from each visible true border to the nearest found one; strange: found borders with no true one of any kind near."""

    layers: np.ndarray
    borders: np.ndarray
    strange: int
    found: int


def phantom_figures(
    interval: Callable[[Callable[[np.ndarray], float], int], tuple[float, float]], areas: Sequence[str] = AREAS
) -> None:
    """Print correlations over layers and errors of borders; intervals from a bootstrap over areas."""
    parts = [measured(name, number) for number, name in enumerate(areas)]
    figures: dict[str, object] = {}
    pairs = {"density": (0, 1, "log"), "size": (2, 3, "log"), "gli": (5, 4, "")}
    for key, (true, one, scale) in pairs.items():

        def correlation(index: np.ndarray, true: int = true, one: int = one, scale: str = scale) -> float:
            rows = np.concatenate([parts[i].layers for i in index])
            values = rows[:, [true, one]]
            values = values[np.isfinite(values).all(axis=1) & (values > 0).all(axis=1)]
            return float(np.corrcoef((np.log(values) if scale else values).T)[0, 1])

        figures[key] = correlation(np.arange(len(parts)))
        figures[f"{key}.ci95"] = interval(correlation, len(parts))
        figures[f"{key}.n"] = f"{sum(len(p.layers) for p in parts)} layers of {len(parts)} areas"

    def bias(index: np.ndarray, true: int, one: int) -> float:
        rows = np.concatenate([parts[i].layers for i in index])
        return float(np.nanmedian(rows[:, one] / rows[:, true]))

    for key, true, one in (("density_bias", 0, 1), ("size_bias", 2, 3)):
        figures[key] = bias(np.arange(len(parts)), true, one)
        figures[f"{key}.ci95"] = interval(lambda i, t=true, o=one: bias(i, t, o), len(parts))

    def near(index: np.ndarray) -> float:
        return float((np.concatenate([parts[i].borders for i in index]) <= NEAR).mean())

    def off(index: np.ndarray) -> float:
        return float(np.median(np.concatenate([parts[i].borders for i in index])))

    count = sum(p.borders.size for p in parts)
    for key, figure in (("near", near), ("off", off)):
        figures |= {key: figure(np.arange(len(parts))), f"{key}.ci95": interval(figure, len(parts)), f"{key}.n": count}
    figures |= {"strange": sum(p.strange for p in parts) / sum(p.found for p in parts), "strange.n": sum(p.found for p in parts)}
    rows = [
        Row("density", "cell density by layer, log, correlation with the truth", "0.95 wanted"),
        Row("density_bias", "measured over true density, median", ""),
        Row("size", "typical cell area by layer, log, correlation", "0.95 wanted"),
        Row("size_bias", "measured over true cell area, median", ""),
        Row("gli", "grey level index by layer against the share that bodies cover, correlation", "0.95 wanted"),
        Row("near", f"visible borders with a found one within {NEAR:g}% of the depth", "all wanted"),
        Row("off", "median distance of these, percent of the depth", "at most 5"),
        Row("strange", "found borders with no true one near", ""),
    ]
    print_table(f"phantom cortex, {PIXEL_UM:g} um a pixel", rows, figures)


def measured(name: str, seed: int) -> Found:
    """One strip of an area, drawn and measured."""
    spec = area(name).spec
    phantom = draw(spec, np.random.default_rng(seed), (DEPTH_UM, WIDTH_UM), PIXEL_UM, Preparation(blur_um=2.0))
    bands = {i: Band(name, layer.name) for i, layer in enumerate(spec.layers, start=1)}
    cells = outlined_cells(phantom.image, PIXEL_UM)
    true = Cells(np.stack([phantom.cells.x_um, phantom.cells.y_um], axis=1), phantom.cells.area_um2)
    one, other = (measure_layers(phantom.image, phantom.layer_map.astype(np.int64), bands, PIXEL_UM, c) for c in (true, cells))
    keys = ("cell_density_per_mm2", "typical_cell_area_um2")
    covered = {
        b: one[b]["cells"] and float(true.areas[_in(phantom, true, i)].sum() / one[b]["area_mm2"] * 1e-6)
        for i, b in bands.items()
        if b in one
    }
    rows = [
        [one[b][keys[0]], other[b][keys[0]], one[b][keys[1]], other[b][keys[1]], other[b]["grey_level_index"], covered[b]]
        for b in covered
    ]
    profile = cortex_profile(phantom.image, phantom.mask.astype(np.int32), "top")
    places = np.array([b["depth_percent"] for b in profile.rows["borders"]])
    every = 100 * spec.borders[1:-1]
    shares = [covered.get(b, 0.0) for b in bands.values()]
    visible = [p for p, a, b in zip(every, shares, shares[1:], strict=False) if max(a, b) >= VISIBLE * min(a, b)]
    distance = np.array([np.abs(places - p).min() if places.size else 100.0 for p in visible])
    strange = sum(float(np.abs(every - p).min()) > NEAR for p in places)
    return Found(np.asarray(rows), distance, strange, len(places))


def _in(phantom: Phantom, cells: Cells, layer: int) -> np.ndarray:
    columns, rows = np.clip(cells.points.T / PIXEL_UM, 0, np.array(phantom.layer_map.shape[::-1])[:, None] - 1).astype(int)
    return phantom.layer_map[rows, columns] == layer
