"""Cortical areas as data: what is known of each, and the phantom that follows from it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from cytoscribe.phantom.tissue import CellClass, LayerSpec, PhantomSpec


@dataclass(frozen=True)
class Area:
    """One area of data/areas.toml; `base` names the scheme of layers it starts from; split "unseen" keeps it from training."""

    name: str
    aliases: tuple[str, ...]
    parent: str
    split: str
    base: tuple[LayerSpec, ...]
    thickness_um: float
    facts: tuple[Fact, ...]

    @property
    def spec(self) -> PhantomSpec:
        """The phantom that shows the area's facts."""
        return apply(self.facts, PhantomSpec(self.name, self.base, self.thickness_um))


@cache
def areas() -> tuple[Area, ...]:
    """All areas, known ones first."""
    text = resources.files("cytoscribe.phantom").joinpath("data/areas.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    bases = {name: tuple(_layer(row) for row in rows) for name, rows in table["base"].items()}
    return tuple(_area(row, bases) for row in table["areas"])


def area(name: str) -> Area:
    """One area by its name; raises KeyError with the names there are."""
    found = {a.name: a for a in areas()}
    if name not in found:
        raise KeyError(f"no area '{name}' (there are: {', '.join(found)})")
    return found[name]


def _layer(row: dict[str, Any]) -> LayerSpec:
    cell = CellClass(row["shape"], float(row["diameter_um"]))
    return LayerSpec(row["name"], float(row["fraction"]), float(row["density"]), (replace(cell, spread=0.22),))


def _area(row: dict[str, Any], bases: dict[str, tuple[LayerSpec, ...]]) -> Area:
    stated = [Fact(*fact) for fact in row["facts"]]
    denied = [Fact(*fact, polarity=False) for fact in row.get("denied", [])]
    return Area(
        row["name"],
        tuple(row["aliases"]),
        row["parent"],
        row.get("split", ""),
        bases[row["base"]],
        float(row["thickness_um"]),
        (*stated, *denied),
    )


@dataclass(frozen=True)
class Fact:
    """One trait in the vocabulary of mined claims; polarity False where the area is known not to have it."""

    layer: str
    attribute: str
    value: str
    polarity: bool = True


DENSITY = {"low": 0.6, "medium": 1.0, "high": 1.45}
SIZE = {"small": 0.78, "medium": 1.0, "large": 1.4, "giant": 1.6}
THICKNESS = {"thin": 0.55, "medium": 1.0, "broad": 1.6}
STAINING = {"pale": 0.7, "dark": 1.35}
BORDER_UM = {"sharp": 12.0, "blurred": 120.0}
SHAPES = {"granule": "round", "pyramidal": "pyramidal", "spindle": "fusiform"}
BETZ = CellClass("pyramidal", 52.0, 0.2, 0.035)
GIANT = CellClass("pyramidal", 40.0, 0.2, 0.04)
"""Betz cells have bodies of up to 60 by 120 um, one or two to a field of 0.2 mm (Brodmann 1909; von Economo & Koskinas 1925)."""

_SUBLAYER = re.compile(r"^(?P<layer>[IV]+)[a-c]?$")


def apply(facts: Iterable[Fact], spec: PhantomSpec) -> PhantomSpec:
    """The spec with all facts drawn in: whole-depth facts first, then layers, then sublayers, so that the finer one has the word."""
    for fact in sorted(facts, key=_fineness):
        spec = _apply_one(fact, spec)
    return spec


def _fineness(fact: Fact) -> int:
    if fact.attribute == "layer_visibility" and fact.value == "absent":
        return 9  # a layer goes last, when its borders are settled
    if fact.attribute == "border":
        return 8  # stated borders win over the lamination in general
    return 0 if fact.layer == "all" else 1 + fact.layer.endswith(("a", "b", "c"))


def _apply_one(fact: Fact, spec: PhantomSpec) -> PhantomSpec:
    if fact.attribute == "border":
        return _border(fact, spec)
    if fact.attribute == "lamination":
        return _lamination(fact, spec)
    if fact.attribute == "size_gradient":
        return _gradient(fact, spec)
    if fact.attribute == "layer_visibility" and fact.value == "absent":
        return replace(spec, layers=tuple(s for s in spec.layers if not _within(s.name, fact.layer)))
    change = _CHANGES.get(fact.attribute)
    if change is None or not fact.polarity or (fact.layer == "all" and fact.attribute == "layer_thickness"):
        return spec  # the whole thickness is the area's own number; what is denied is not drawn
    layers = tuple(change(s, fact.value) if _within(s.name, fact.layer) and s.name != "I" else s for s in spec.layers)
    if fact.layer == "I":
        layers = tuple(change(s, fact.value) if s.name == "I" else s for s in spec.layers)
    return replace(spec, layers=layers)


def _within(name: str, layer: str) -> bool:
    """True where a layer of the phantom is the fact's layer or a sublayer of it."""
    match = _SUBLAYER.match(name)
    return layer == "all" or name == layer or bool(match and match["layer"] == layer)


def _scaled(layer: LayerSpec, factor: float) -> LayerSpec:
    return replace(layer, cells=tuple(replace(c, diameter_um=c.diameter_um * factor) for c in layer.cells))


def _cell_size(layer: LayerSpec, value: str) -> LayerSpec:
    if value == "giant":
        return layer if any(c.diameter_um > 30 for c in layer.cells) else _with_class(layer, GIANT)
    larger = _scaled(layer, SIZE.get(value, 1.0))
    return replace(larger, density=larger.density / SIZE.get(value, 1.0) ** 2)  # larger bodies lie further apart


def _cell_type(layer: LayerSpec, value: str) -> LayerSpec:
    if value == "Betz":
        return _with_class(layer, BETZ)
    shape = SHAPES.get(value)
    return replace(layer, cells=tuple(replace(c, shape=shape) for c in layer.cells)) if shape else layer


def _with_class(layer: LayerSpec, cell: CellClass) -> LayerSpec:
    rest = tuple(replace(c, share=c.share * (1 - cell.share)) for c in layer.cells)
    return replace(layer, cells=(*rest, cell))


def _visibility(layer: LayerSpec, value: str) -> LayerSpec:
    if value == "inconspicuous":
        return replace(layer, density=0.6 * layer.density + 0.4 * 30e3 if layer.density > 30e3 else layer.density * 0.85)
    return replace(layer, density=layer.density * 1.25) if value == "prominent" else layer


def _arrangement(layer: LayerSpec, value: str) -> LayerSpec:
    if value == "columnar":
        return replace(layer, columns=0.7)
    return replace(layer, islands_um=330.0 if layer.name == "II" else 160.0) if value == "clustered" else layer


_CHANGES: dict[str, Callable[[LayerSpec, str], LayerSpec]] = {
    "cell_density": lambda layer, value: replace(layer, density=layer.density * DENSITY.get(value, 1.0)),
    "cell_size": _cell_size,
    "cell_type": _cell_type,
    "layer_thickness": lambda layer, value: replace(layer, fraction=layer.fraction * THICKNESS.get(value, 1.0)),
    "layer_visibility": _visibility,
    "arrangement": _arrangement,
    "staining": lambda layer, value: replace(layer, stain=layer.stain * STAINING.get(value, 1.0)),
}


def _border(fact: Fact, spec: PhantomSpec) -> PhantomSpec:
    """The border below the last sublayer of the upper layer (`III-IV`), or to the white matter (`VI-WM`)."""
    upper = fact.layer.split("-")[0]
    value = fact.value if fact.polarity else {"sharp": "blurred", "blurred": "sharp"}[fact.value]
    here = [i for i, s in enumerate(spec.layers) if _within(s.name, upper)]
    layers = list(spec.layers)
    for index in here[-1:]:
        layers[index] = replace(layers[index], lower_border_um=BORDER_UM[value])
    return replace(spec, layers=tuple(layers))


def _lamination(fact: Fact, spec: PhantomSpec) -> PhantomSpec:
    """Poor: layers run into each other and differ less in density; clear: every border is crisp."""
    clear = (fact.value == "clear") == fact.polarity
    if clear:
        return replace(spec, layers=tuple(replace(s, lower_border_um=20.0) for s in spec.layers))
    inner = [s for s in spec.layers if s.name != "I"]
    mean = sum(s.density * s.fraction for s in inner) / sum(s.fraction for s in inner)
    evened = (s if s.name == "I" else replace(s, density=0.65 * s.density + 0.35 * mean, lower_border_um=90.0) for s in spec.layers)
    return replace(spec, layers=tuple(evened))


def _gradient(fact: Fact, spec: PhantomSpec) -> PhantomSpec:
    """Sizes that grow from IIIa to IIIc, or, where that is denied, are one and the same."""
    sublayers = [s for s in spec.layers if _within(s.name, fact.layer)]
    if len(sublayers) < 2:
        return spec
    mean = sum(s.cells[0].diameter_um for s in sublayers) / len(sublayers)
    growth = dict(zip((s.name for s in sublayers), (0.9, 1.0, 1.15), strict=False))
    layers = tuple(
        s if s.name not in growth else (_scaled(s, growth[s.name]) if fact.polarity else _scaled(s, mean / s.cells[0].diameter_um))
        for s in spec.layers
    )
    return replace(spec, layers=layers)
