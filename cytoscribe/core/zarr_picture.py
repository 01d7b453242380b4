"""OME-Zarr pictures and label maps, read one window at a time from the requested resolution level, with the optional package zarr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.levels import Levels, levels_of
from cytoscribe.core.optional import needed
from cytoscribe.core.pixel_sizes import PixelSize, micrometres_in, square_size
from cytoscribe.core.progress import say
from cytoscribe.core.tiff_layout import refuse_unlike_colours

_PLANES = {"z": "planes in depth", "t": "points in time", "c": "channels"}
_COLOURS = ("red", "green", "blue")
_SAMPLED = 4_000_000


class ZarrSlide:
    """The first picture of an OME-Zarr folder: grey, or three channels that are red, green and blue.

    Raises InputError where the package zarr is missing, the folder holds no picture, or a stack or other channels.
    """

    def __init__(self, path: Path, labels: bool = False) -> None:
        self.path = path
        group = _opened(path)
        told = _picture(group, path)
        self._axes = _axes(told)
        self._arrays = [group[level["path"]] for level in told["datasets"]] if told else [group]
        first = self._arrays[0]
        if not self._axes:
            self._axes = "tczyx"[-len(first.shape) :]
        self._channels = _check(self._axes, first.shape, path)
        if labels and self._channels > 1:
            raise InputError(f"a label map has one channel, this has {self._channels}", where=path, fix="save the labels alone")
        self.sizes = tuple((int(a.shape[self._axes.index("y")]), int(a.shape[self._axes.index("x")])) for a in self._arrays)
        self.stated_size = _size(told, self._axes)
        self._levels: Levels | None = None
        if not labels:
            self._look(_names(group))

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres a pixel; raises InputError where pixels are not square."""
        return square_size(self.stated_size, self.path)

    def read(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """(bottom - top, right - left, 3) uint8 in pixels of that level."""
        values = self.raw(level, top, left, bottom, right)
        eight = values if self._levels is None else self._levels.of(values)
        return np.ascontiguousarray(np.broadcast_to(eight, (*eight.shape[:2], 3)))

    def raw(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """(bottom - top, right - left, channels) of the picture's own type."""
        spans = {"y": slice(top, bottom), "x": slice(left, right), "c": slice(0, self._channels)}
        values = np.asarray(self._arrays[level][tuple(spans.get(a, 0) for a in self._axes)])
        kept = [a for a in self._axes if a in spans]
        order = [kept.index(a) for a in "yxc" if a in kept]
        values = values.transpose(order)
        return values if values.ndim == 3 else values[..., None]

    def _look(self, names: Sequence[str]) -> None:
        height, width = self.sizes[-1]
        step = max(height * width // _SAMPLED, 1)
        rows = [self.raw(len(self.sizes) - 1, y, 0, y + 1, width) for y in sorted({*range(0, height, step), height - 1})]
        sample = np.concatenate(rows)
        self._levels = levels_of(sample, colour=self._channels == 3)
        if self._channels == 3 and not all(n.lower() in (c, c[0]) for n, c in zip(names or ("",) * 3, _COLOURS, strict=False)):
            refuse_unlike_colours(sample, self.path)
            say(f"{self.path.name}: its three channels are not named red, green and blue and are read as such")


def _opened(path: Path) -> Any:
    zarr = needed("zarr", "the format .zarr is read", path, "convert the file to OME-TIFF", "'cytoscribe[zarr]'")
    return zarr.open(str(path), mode="r")


def _picture(group: Any, path: Path) -> dict[str, Any]:
    """The first entry of `multiscales`; {} where the folder is a bare array."""
    if hasattr(group, "shape"):
        return {}
    attributes = dict(group.attrs)
    told = (attributes.get("ome") or attributes).get("multiscales")
    if not told:
        raise InputError("no OME-Zarr picture (no 'multiscales')", where=path, fix="name the folder of one picture")
    return told[0]


def _axes(told: Mapping[str, Any]) -> str:
    """One letter an axis; "" where the file does not say (before version 0.3: t, c, z, y, x)."""
    names = [a.get("name", "") if isinstance(a, dict) else str(a) for a in told.get("axes") or ()]
    return "".join(n[:1].lower() for n in names)


def _check(axes: str, shape: Sequence[int], path: Path) -> int:
    """Number of channels; raises InputError unless the array is one flat picture."""
    if len(axes) != len(shape) or not {"y", "x"} <= set(axes):
        raise InputError(f"an array with the axes '{axes}' of {len(shape)}", where=path, fix="save one picture as OME-Zarr")
    long = {a: int(n) for a, n in zip(axes, shape, strict=True) if a not in "yx" and n > 1}
    if not long:
        return 1
    if long == {"c": 3}:
        return 3
    parts = ", ".join(f"{n} {_PLANES.get(a, f'planes along {a}')}" for a, n in long.items())
    raise InputError(f"a volume or several channels, not one picture ({parts})", where=path, fix="save the slice that is meant")


def _names(group: Any) -> list[str]:
    """Labels of the channels, as the viewers' metadata `omero` has them."""
    attributes = {} if hasattr(group, "shape") else dict(group.attrs)
    told = (attributes.get("ome") or attributes).get("omero") or {}
    return [str(c.get("label", "")) for c in told.get("channels", ()) if isinstance(c, dict)]


def _size(told: Mapping[str, Any], axes: str) -> PixelSize | None:
    """Of a pixel of the finest level, where the file gives its unit."""
    named = [a for a in told.get("axes") or () if isinstance(a, dict)]
    if not told or len(named) != len(axes):
        return None
    units = {a: micrometres_in(str(n.get("unit", ""))) for a, n in zip(axes, named, strict=True)}
    factors = dict.fromkeys(axes, 1.0)
    for change in (*told["datasets"][0].get("coordinateTransformations", ()), *told.get("coordinateTransformations", ())):
        if change.get("type") == "scale" and len(change.get("scale", ())) == len(axes):
            factors = {a: factors[a] * float(s) for a, s in zip(axes, change["scale"], strict=True)}
    x, y = ((units[a] or 0.0) * factors[a] for a in "xy")
    return PixelSize(x, y) if x and y else None
