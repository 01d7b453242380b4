"""Every format becomes 8-bit RGB; broken files are named, never a crash."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK"])
def test_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    suffix = ".tif" if mode == "CMYK" else ".png"
    path = tmp_path / f"image{suffix}"
    Image.fromarray(np.full((6, 9, 3), 200, np.uint8)).convert(mode).save(path)
    image = read_image(path)
    assert image.shape == (6, 9, 3)
    assert image.dtype == np.uint8
    assert abs(int(image.mean()) - 200) < 60


def test_sixteen_bits_are_stretched_over_their_own_range(tmp_path: Path) -> None:
    values = np.linspace(1000, 1400, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.tif")
    image = read_image(tmp_path / "deep.tif")
    assert image.min() == 0
    assert image.max() == 255
    assert abs(float(image[32, 0].mean()) - 128) < 4


def test_constant_sixteen_bit_image_is_readable(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 4000, np.uint16)).save(tmp_path / "flat.png")
    assert read_image(tmp_path / "flat.png").shape == (8, 8, 3)


def test_transparency_is_glass_not_black(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 4), np.uint8), "RGBA").save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png").min() == 255


def test_broken_and_missing_images_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(InputError, match=r"broken\.png.*not a readable image"):
        read_image(tmp_path / "broken.png")
    with pytest.raises(InputError, match=r"absent\.png.*no such image"):
        read_image(tmp_path / "absent.png")


def test_sixteen_bit_grey_with_alpha_keeps_its_depth(tmp_path: Path) -> None:
    """A camera of 12 bits: the upper bytes alone are nearly black. Pillow writes no such PNG."""
    grey = np.linspace(200, 4000, 40 * 30).reshape(40, 30).astype(">u2")
    alpha = np.full_like(grey, 65535)
    alpha[0] = 0
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in np.stack([grey, alpha], axis=2))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 30, 40, 16, 4, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts]
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    found = read_image(tmp_path / "deep.png")
    assert found[0].min() == 255
    assert found[1].mean() < 20
    assert found[-1].min() > 240
    assert abs(int(found[20].mean()) - 128) < 8
