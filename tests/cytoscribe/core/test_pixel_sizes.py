"""The size of a pixel is read in every unit that a microscope writes, and never off a resolution for paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from cytoscribe.core.errors import InputError
from cytoscribe.core.tiff_picture import TiffSlide

PIXELS = np.full((32, 40, 3), 200, np.uint8)


def size_of(path: Path, pixels: np.ndarray = PIXELS, **options: Any) -> float | None:
    tifffile.imwrite(path, pixels, **options)
    slide = TiffSlide.opened(path)
    assert isinstance(slide, TiffSlide)
    return slide.pixel_size_um


@pytest.mark.parametrize(
    ("unit", "per", "expected"),
    [
        ("micron", 2.0, 0.5),
        ("um", 4.0, 0.25),
        ("\\u00B5m", 2.0, 0.5),
        ("mm", 1000.0, 1.0),
        ("cm", 20000.0, 0.5),
        ("inch", 25400.0, 1.0),
        ("nm", 0.004, 0.25),
        ("pixel", 1.0, None),
    ],
)
def test_imagej_units(tmp_path: Path, unit: str, per: float, expected: float | None) -> None:
    found = size_of(tmp_path / "s.tif", imagej=True, resolution=(per, per), metadata={"axes": "YXS", "unit": unit})
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-3))


@pytest.mark.parametrize(
    ("unit", "given", "expected"),
    [("µm", 0.5, 0.5), ("nm", 500.0, 0.5), ("mm", 5e-4, 0.5), ("m", 5e-7, 0.5), ("Å", 5000.0, 0.5), ("pixel", 1.0, None)],
)
def test_ome_units(tmp_path: Path, unit: str, given: float, expected: float | None) -> None:
    told = {"axes": "YXS", "PhysicalSizeX": given, "PhysicalSizeY": given}
    told |= {"PhysicalSizeXUnit": unit, "PhysicalSizeYUnit": unit}
    found = size_of(tmp_path / "s.ome.tif", photometric="rgb", metadata=told)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        (300, "INCH", None),
        (118.11, "CENTIMETER", None),
        (28, "CENTIMETER", None),
        (118, "CENTIMETER", None),
        (37.8, 3, None),
        (20000, "CENTIMETER", 0.5),
        (50800, "INCH", 0.5),
        (2000, "NONE", None),
    ],
)
def test_resolutions_for_paper_are_no_sizes(tmp_path: Path, resolution: float, unit: Any, expected: float | None) -> None:
    found = size_of(tmp_path / "s.tif", resolution=(resolution, resolution), resolutionunit=unit, photometric="rgb")
    assert found == (None if expected is None else pytest.approx(expected))


def test_pixels_that_are_not_square_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not square \(0\.5 x 1 um\)"):
        size_of(tmp_path / "a.ome.tif", photometric="rgb", metadata={"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeY": 1.0})
    with pytest.raises(InputError, match="not square"):
        size_of(tmp_path / "b.tif", resolution=(20000, 10000), resolutionunit="CENTIMETER", photometric="rgb")
    with pytest.raises(InputError, match="not square"):
        size_of(tmp_path / "c.tif", imagej=True, resolution=(2.0, 4.0), metadata={"axes": "YXS", "unit": "um"})


def test_the_size_is_that_of_the_picture_that_is_read(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "s.ome.tif", ome=True) as file:
        file.write(PIXELS, photometric="rgb", metadata={"axes": "YXS", "Name": "label", "PhysicalSizeX": 8.0})
        file.write(np.tile(PIXELS, (4, 4, 1)), photometric="rgb", metadata={"axes": "YXS", "PhysicalSizeX": 0.5})
    slide = TiffSlide.opened(tmp_path / "s.ome.tif")
    assert isinstance(slide, TiffSlide)
    assert (slide.sizes[0], slide.pixel_size_um) == ((128, 160), pytest.approx(0.5))
