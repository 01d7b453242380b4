"""Units in the names of measures: micrometres where the size of a pixel is known, pixels where it is not."""

from __future__ import annotations

from collections.abc import Mapping

_POWERS = {"area": 2, "perimeter": 1, "diameter": 1, "distance": 1, "height": 1, "width": 1}
"""Last word of a measure's name to the power of a length that it is; other measures have no length in them."""


def with_units(measures: Mapping[str, float], pixel_size_um: float | None) -> dict[str, float]:
    """The measures (in pixels) with `_um`, `_um2` or `_px`, `_px2` after every length and area, and their values in that unit."""
    named = {}
    for name, value in measures.items():
        power = _POWERS.get(name.rsplit("_", 1)[-1], 0)
        ending = "" if not power else ("_um" if pixel_size_um else "_px") + ("2" if power == 2 else "")
        named[name + ending] = value * (pixel_size_um or 1.0) ** power
    return named
