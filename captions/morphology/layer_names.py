"""What the values of a label map mean: a region and a layer each, from a table that the atlas or the annotator made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.records import WHOLE
from cytoscribe.core.tables import read_csv
from cytoscribe.literature_mining.claims.layers import find_layers

_VALUE = ("label_value", "value")
_REGION = ("group", "region")
_NAME = ("layer", "fine_region", "name")
_NUMERAL = re.compile(r"[IV]+[a-c]?(?:-[IV]+[a-c]?)?|[1-6][a-c]?(?:/[1-6][a-c]?)?")


@dataclass(frozen=True)
class Band:
    """One region's layer ("all" where the label map does not divide the region)."""

    region: str
    layer: str


@dataclass(frozen=True)
class LayerNames:
    """regions: region to label value to band, for maps whose values are one region's own; shared: value to band in every map."""

    regions: Mapping[str, Mapping[int, Band]]
    shared: Mapping[int, Band]

    def of(self, region: str) -> Mapping[int, Band]:
        """The meaning of the label map of an image of this region; a region that the table lacks has the shared meaning."""
        return self.regions.get(region, self.shared)


def read_layer_names(path: Path) -> LayerNames:
    """The table of label values: a value (`label_value` or `value`), a region (`group` or `region`), and the name of the layer
    (`layer`, or a name that ends in it: `fine_region`, `name`).

    Raises InputError where a column is missing, a value is not a whole number, or two rows of one region give a value two meanings.
    """
    rows = read_csv(path, [])
    columns = rows[0][1] if rows else {}
    value, region, name = (_column(path, columns, choices) for choices in (_VALUE, _REGION, _NAME))
    regions: dict[str, dict[int, Band]] = {}
    shared: dict[int, Band] = {}
    for number, row in rows:
        key = _whole(path, number, value, row[value])
        band = Band(row[region], layer_of(row[name]))
        own = regions.setdefault(row[region], {})
        if own.setdefault(key, band) != band:
            raise InputError(
                f"value {key} has two meanings", where=cell(path, number, value), fix="give each value one row per region"
            )
        shared.setdefault(key, band)
    clash = any(shared[key].region != name for name, own in regions.items() for key in own)
    return LayerNames(regions, {} if clash else shared)


def layer_of(name: str) -> str:
    """The layer that a name ends in, in the claims' vocabulary ("Primary motor area, Layer 2/3" is II-III); "all" for none."""
    text = f"layer {name}" if _NUMERAL.fullmatch(name.strip()) else name
    found = [layer for mention in find_layers(text.replace("–", "-")) for layer in mention.layers]
    return found[-1] if found else WHOLE


def _column(path: Path, columns: Mapping[str, str], choices: tuple[str, ...]) -> str:
    found = next((c for c in choices if c in columns), None)
    if found is None:
        raise InputError(f"no column '{choices[0]}'", where=path, fix=f"name a column {' or '.join(choices)}")
    return found


def _whole(path: Path, row: int, column: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InputError(f"'{text}' is not a label value", where=cell(path, row, column), fix="give a whole number")
    return int(text)
