"""Micrometres a pixel, as TIFF files of every kind state them: OME-XML, ImageJ, scanners' descriptions, resolution tags."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

from cytoscribe.core.errors import InputError

SCANNER_SIZES_UM = (0.05, 200.0)
"""Micrometres a pixel that a microscope or a scanner of sections may have."""
SQUARE = 0.02
"""Relative difference of both sides from which on a pixel is not square."""
_OFFICE_DPI = (72, 90, 96, 100, 120, 144, 150, 180, 200, 240, 300, 350, 360, 400, 600, 1200)
"""Resolutions that programs and cameras write for print and screen: they say nothing of the tissue."""
_OFFICE_ROUNDING = 0.015
"""They are also written as rounded pixels a centimetre."""
_MOST_OFFICE_DPI = 1200
"""Whole numbers of dots an inch up to here are paper, too: who measures tissue does not count in inches."""
_UNITS = {
    **{"km": 1e9, "m": 1e6, "meter": 1e6, "dm": 1e5, "cm": 1e4, "centimeter": 1e4, "mm": 1e3, "millimeter": 1e3},
    **{
        "µm": 1.0,
        "um": 1.0,
        "micron": 1.0,
        "micrometer": 1.0,
        "nm": 1e-3,
        "nanometer": 1e-3,
        "pm": 1e-6,
        "å": 1e-4,
        "angstrom": 1e-4,
    },
    **{"in": 25_400.0, "inch": 25_400.0, "mil": 25.4, "thou": 25.4, "pt": 25_400.0 / 72},
}


@dataclass(frozen=True)
class PixelSize:
    """Micrometres a pixel along x and y."""

    x: float
    y: float

    @property
    def square(self) -> bool:
        return abs(self.x / self.y - 1) <= SQUARE


def square_size(size: PixelSize | None, where: Any) -> float | None:
    """The side of a pixel in micrometres, None where the file does not say. Raises InputError where pixels are not square."""
    if size is None:
        return None
    if not size.square:
        raise InputError(
            f"pixels are not square ({size.x:g} x {size.y:g} um)",
            where=where,
            fix="resample the picture to square pixels, or give the pixel size yourself where the file is wrong",
        )
    return size.x


def plausible_size(micrometres: float | None) -> float | None:
    """The pixel size, or None where no microscope has such a one."""
    low, high = SCANNER_SIZES_UM
    return micrometres if micrometres is not None and low < micrometres < high else None


def micrometres_in(unit: str) -> float | None:
    """Micrometres in a unit of length as files write it; None where it is none that is known."""
    plain = unit.strip().replace("\\u00B5", "µ").replace("\\u00b5", "µ").replace("μ", "µ").lower()
    plain = plain.replace("metre", "meter")
    return _UNITS.get(plain) or _UNITS.get(plain.rstrip("s") if len(plain) > 3 else "")


def size_in_tiff(file: Any, place: int, page: Any) -> PixelSize | None:
    """What a TIFF says of the pixels of one of its pictures; None where it says nothing that a microscope could have.

    file: tifffile.TiffFile; place: which picture of the file is meant, from 0; page: its first page of full size.
    """
    found = _by_ome(file.ome_metadata, place, page) or _by_imagej(file, page) or _by_description(page) or _by_tags(page)
    if found is None or plausible_size(found.x) is None or plausible_size(found.y) is None:
        return None
    return found


def _by_ome(metadata: str | None, place: int, page: Any) -> PixelSize | None:
    """PhysicalSizeX and Y of the image that this picture is, in micrometres where no unit is named. None where the file describes
    pictures of other sizes: its description was copied from the picture that this one was made from."""
    if not metadata:
        return None
    try:
        every = ElementTree.fromstring(metadata).findall(".//{*}Pixels")
    except ElementTree.ParseError:
        return None
    here = [p for p in every if (p.get("SizeX"), p.get("SizeY")) == (str(page.imagewidth), str(page.imagelength))]
    chosen = here[0] if len(here) == 1 else every[place] if place < len(every) else None
    if chosen is None or chosen not in here:
        return None
    x, y = _ome_length(chosen, "X"), _ome_length(chosen, "Y")
    return PixelSize(x or y or 0.0, y or x or 0.0) if x or y else None


def _ome_length(pixels: ElementTree.Element, axis: str) -> float:
    unit = micrometres_in(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    try:
        return float(pixels.get(f"PhysicalSize{axis}", "")) * (unit or 0.0)
    except ValueError:
        return 0.0


def _by_imagej(file: Any, page: Any) -> PixelSize | None:
    """ImageJ writes pixels a unit into the resolution tags and names the unit in its description, whatever the tags' own unit is."""
    told = file.imagej_metadata if file.is_imagej else None
    unit = micrometres_in(str((told or {}).get("unit", "")))
    unit_y = micrometres_in(str((told or {}).get("yunit", ""))) or unit
    x, y = _resolution(page, "XResolution"), _resolution(page, "YResolution")
    if not unit or not unit_y or not x:
        return None
    return PixelSize(unit / x, unit_y / (y or x))


def _by_description(page: Any) -> PixelSize | None:
    """What a scanner wrote, unless it speaks of a picture of another size, which this one was made from."""
    text = page.description or ""
    told = re.search(r"\bMPP\s*=\s*(\d+(?:\.\d+)?)", text)
    sizes = {(int(w), int(h)) for w, h in re.findall(r"\b(\d{2,9})x(\d{2,9})\b", text)}
    if sizes and (int(page.imagewidth), int(page.imagelength)) not in sizes:
        return None
    return PixelSize(float(told.group(1)), float(told.group(1))) if told and float(told.group(1)) else None


def _by_tags(page: Any) -> PixelSize | None:
    """The resolution tags; None where they mean paper."""
    unit = page.tags.get("ResolutionUnit")
    per = {2: 25_400.0, 3: 10_000.0}.get(int(unit.value) if unit is not None else 0)
    x, y = _resolution(page, "XResolution"), _resolution(page, "YResolution")
    if per is None or not x:
        return None
    dpi = x * 25_400.0 / per
    if per == 25_400.0 and dpi <= _MOST_OFFICE_DPI and dpi == round(dpi):
        return None
    if any(abs(dpi / office - 1) <= _OFFICE_ROUNDING for office in _OFFICE_DPI):
        return None
    return PixelSize(per / x, per / (y or x))


def _resolution(page: Any, name: str) -> float:
    tag = page.tags.get(name)
    try:
        return float(tag.value[0]) / float(tag.value[1]) if tag is not None else 0.0
    except (ZeroDivisionError, TypeError, IndexError, ValueError):
        return 0.0
