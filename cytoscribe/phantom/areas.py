"""Cortical areas as data: what is known of each, and the phantom that follows from it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from cytoscribe.phantom.tissue import CellClass, LayerSpec, PhantomSpec
from cytoscribe.phantom.traits import Fact, apply


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
