"""Where a caption places its statements: layers that hold one another, and traits of a layer told of the whole area."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from captions.gate.readback import Reading, find_layers
from cytoscribe.records import WHOLE, Claim

_NEVER_OF_AN_AREA = ("cell_size", "layer_thickness", "layer_visibility", "border")
"""Attributes of layers or of cells alone: an area has none of them itself."""
_ATOMS = ("I", "II", "IIIa", "IIIb", "IIIc", "IVa", "IVb", "IVc", "Va", "Vb", "VIa", "VIb", "WM")


_OF_THE_AREA = re.compile(
    r"(?<!of )(?<!in )(?<!area )(?:\b(?:this|the) (?:area|region|cortex)|\b[Aa]rea X|\bX)\s+(?:is|appears|looks)\s+(?:\w+ly\s+)?$"
)


@lru_cache(maxsize=4096)
def compatible(one: str, other: str) -> bool:
    """True where one layer holds the other ("III" and "IIIc", "II-III" and "II"); the whole depth fits only itself."""
    if one == other:
        return True
    if WHOLE in (one, other) or "WM" in one + other:
        return False
    first, second = _atoms(one), _atoms(other)
    if not first or not second:
        return one.removesuffix("s") == other.removesuffix("s")
    return first <= second or second <= first


def named_layers(sources: Sequence[Claim]) -> list[str]:
    """Layers of the claims that have names of their own, such as "pyramidal layer"."""
    return [c.layer for c in sources if c.layer and c.layer != WHOLE and not re.match(r"[IV]+[a-d]?(?:-|$)", c.layer)]


def place_name(layer: str) -> str:
    """The layer as a message calls it."""
    return f"layer {layer}" if re.match(r"[IV]", layer) else f"the {layer}"


def misplaced(reading: Reading, text: str, claims: Sequence[Claim]) -> str:
    """A trait of one layer, told of the whole area. That cells of a type or of giant size are there may be told so, since the area
    does hold them."""
    said = text[reading.start : reading.end]
    if any(c.layer in ("", WHOLE) or (c.polarity and (c.attribute == "cell_type" or c.value == "giant")) for c in claims):
        return ""
    if claims and not reading.layer and not _near(reading, text, claims):
        return f"says '{said}' of the whole area, where its sources say it of {place_name(claims[0].layer)}"
    if claims and claims[0].attribute in _NEVER_OF_AN_AREA and _OF_THE_AREA.search(text[: reading.start]):
        return f"says '{said}' of the area itself, where its sources say it of {place_name(claims[0].layer)}"
    return ""


def segment_has_layer(text: str, reading: Reading) -> bool:
    """Whether a layer stands in the same stretch between commas, semicolons and "and"; else the layer was only carried over."""
    start = max((m.end() for m in re.finditer(r"[,;:.?!]|\band\b|\bwith\b", text[: reading.start])), default=0)
    stop = re.search(r"[,;:.?!]|\band\b", text[reading.end :])
    end = reading.end + stop.start() if stop else len(text)
    return any(lay.start < end and start < lay.end for lay in find_layers(text))


def _near(reading: Reading, text: str, claims: Sequence[Claim]) -> bool:
    """Whether the whole layer of a claim stands between the last stop or semicolon and the first mark after the word."""
    start = max(text.rfind(mark, 0, reading.start) for mark in ".;?!") + 1
    end = min((i for i in (text.find(mark, reading.end) for mark in ".,;:?!") if i >= 0), default=len(text))
    return any(_holds(layer.name, c.layer) for layer in find_layers(text[start:end], named_layers(claims)) for c in claims)


def _holds(mention: str, layer: str) -> bool:
    parts = mention.split("+")
    whole = frozenset[str]().union(*(_atoms(p) for p in parts))
    return any(compatible(p, layer) for p in parts) and whole >= _atoms(layer)


@lru_cache(maxsize=1024)
def _atoms(layer: str) -> frozenset[str]:
    parts = layer.split("-")
    places = [[i for i, a in enumerate(_ATOMS) if a == p or (a.rstrip("abc") == p)] for p in parts]
    if not all(places):
        return frozenset()
    return frozenset(_ATOMS[min(places[0]) : max(places[-1]) + 1])
