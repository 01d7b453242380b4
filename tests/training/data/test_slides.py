"""Whole-slide pictures are read window by window, whatever their levels, depth and compression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.training.data.slide_formats import TiffSlide
from cytoscribe.training.data.slides import Loaded, open_slide, plausible_size, shrink_of, square, window


def picture(height: int = 256, width: int = 320) -> np.ndarray:
    """A smooth colour field, so that a smaller level shows the same as the picture made smaller."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (height + width)], -1).astype(np.uint8)


def write_pyramid(path: Path, pixels: np.ndarray, size_um: float = 0.5, unit: str = "µm") -> Path:
    """An OME-TIFF of three levels, tiled and compressed."""
    metadata = {"axes": "YXS", "PhysicalSizeX": size_um, "PhysicalSizeXUnit": unit}
    with tifffile.TiffWriter(path, ome=True) as file:
        options = {"tile": (64, 64), "photometric": "rgb", "compression": "deflate"}
        file.write(pixels, subifds=2, metadata=metadata, **options)  # type: ignore[arg-type]
        file.write(pixels[::2, ::2], subfiletype=1, **options)  # type: ignore[arg-type]
        file.write(pixels[::4, ::4], subfiletype=1, **options)  # type: ignore[arg-type]
    return path


def test_a_pyramid_is_read_in_windows_at_the_level_asked_for(tmp_path: Path) -> None:
    pixels = picture()
    slide = open_slide(write_pyramid(tmp_path / "s.ome.tif", pixels))
    assert isinstance(slide, TiffSlide)
    assert slide.sizes == ((256, 320), (128, 160), (64, 80))
    assert slide.pixel_size_um == pytest.approx(0.5)
    np.testing.assert_array_equal(window(slide, 37, 50, 90, 70), pixels[50:120, 37:127])
    np.testing.assert_array_equal(window(slide, 40, 80, 160, 120, shrink=4), pixels[80:200:4, 40:200:4])
    assert shrink_of(slide, 2) == 4


def test_a_large_window_decodes_only_pieces_of_the_coarse_level(tmp_path: Path) -> None:
    slide = open_slide(write_pyramid(tmp_path / "s.ome.tif", picture()))
    assert isinstance(slide, TiffSlide)
    slide._pieces.clear()
    assert square(slide, 0, 0, 256, 64).shape == (64, 64, 3)
    assert {level for level, _, _ in slide._pieces} == {2}


@pytest.mark.parametrize(("unit", "given", "expected"), [("nm", 250.0, 0.25), ("mm", 0.01, 10.0), ("furlong", 1.0, None)])
def test_the_unit_of_the_pixel_size_counts(tmp_path: Path, unit: str, given: float, expected: float | None) -> None:
    path = write_pyramid(tmp_path / "s.ome.tif", picture(64, 64), given)
    tifffile.tiffcomment(path, tifffile.tiffcomment(path).replace("µm", unit).encode())  # type: ignore[union-attr]
    assert open_slide(path).pixel_size_um == (None if expected is None else pytest.approx(expected))


def test_a_scanner_says_its_pixel_size_in_words(tmp_path: Path) -> None:
    path = tmp_path / "s.svs"
    tifffile.imwrite(path, picture(64, 64), description="Scanner|AppMag = 20|MPP = 0.4990", tile=(32, 32), metadata=None)
    assert open_slide(path).pixel_size_um == pytest.approx(0.499)


@pytest.mark.parametrize(("dpi", "expected"), [(300, None), (72, None), (2540, 10.0)])
def test_resolutions_for_print_are_no_pixel_size(tmp_path: Path, dpi: int, expected: float | None) -> None:
    path = tmp_path / "s.tif"
    tifffile.imwrite(path, picture(32, 32), resolution=(dpi, dpi), resolutionunit="INCH")
    assert open_slide(path).pixel_size_um == (None if expected is None else pytest.approx(expected))


def test_sixteen_bits_are_stretched_alike_in_every_window(tmp_path: Path) -> None:
    values = (picture(128, 128)[..., 0].astype(np.uint16) * 8) + 1000
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, values, tile=(64, 64))
    slide = open_slide(path)
    assert isinstance(slide, TiffSlide)
    whole = window(slide, 0, 0, 128, 128)
    assert (whole.min(), whole.max()) == (0, 255)
    np.testing.assert_array_equal(window(slide, 30, 20, 40, 50), whole[20:70, 30:70])


def test_alpha_is_glass_and_white_is_zero_is_turned(tmp_path: Path) -> None:
    clear = np.zeros((32, 32, 4), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", clear, photometric="rgb", extrasamples=["unassalpha"])
    assert (window(open_slide(tmp_path / "a.tif"), 0, 0, 32, 32) == 255).all()
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((32, 32), np.uint8), photometric="miniswhite")
    assert (window(open_slide(tmp_path / "b.tif"), 0, 0, 32, 32) == 255).all()


def test_what_lies_outside_is_white() -> None:
    slide = Loaded(np.zeros((10, 10, 3), np.uint8))
    seen = window(slide, -5, 5, 10, 10)
    assert (seen[:5, 5:] == 0).all()
    assert (seen[5:] == 255).all()
    assert (seen[:, :5] == 255).all()


def test_palettes_and_cmyk_fall_to_the_common_reader(tmp_path: Path) -> None:
    for mode in ("P", "CMYK"):
        Image.fromarray(np.full((20, 30, 3), 200, np.uint8)).convert(mode).save(tmp_path / f"{mode}.tif")
        slide = open_slide(tmp_path / f"{mode}.tif")
        assert isinstance(slide, Loaded)
        assert slide.pixels.shape == (20, 30, 3)


def test_a_codec_that_is_missing_is_left_to_the_common_reader(tmp_path: Path) -> None:
    path = tmp_path / "lzw.tif"
    Image.fromarray(picture(40, 50)).save(path, compression="tiff_lzw", resolution_unit=3, resolution=2000)
    slide = open_slide(path)
    np.testing.assert_array_equal(window(slide, 0, 0, 50, 40), picture(40, 50))
    assert slide.pixel_size_um == pytest.approx(5.0)


def test_what_no_reader_can_open_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "broken.mrxs").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"broken\.mrxs.*(cytoscribe\[slides\]|not a readable slide)"):
        open_slide(tmp_path / "broken.mrxs")
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    with pytest.raises(InputError, match=r"broken\.tif.*not a readable image"):
        open_slide(tmp_path / "broken.tif")
    with pytest.raises(InputError, match="no such section"):
        open_slide(tmp_path / "none.tif")


def test_a_pixel_size_must_be_a_microscopes() -> None:
    assert [plausible_size(v) for v in (None, 0.0, 0.25, 264.6)] == [None, None, 0.25, None]
