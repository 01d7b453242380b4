"""TIFFs of many laboratories: whatever the type, the layout and the order of the pictures, the pixels are right or the file is refused."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image

GLASS, CELL = (244, 244, 244), (120, 60, 150)


def section(height: int = 60, width: int = 80) -> np.ndarray:
    """A violet square on glass."""
    pixels = np.full((height, width, 3), GLASS, np.uint8)
    pixels[20:40, 10:50] = CELL
    return pixels


def near(image: np.ndarray, by: int = 3) -> bool:
    return bool((np.abs(image.astype(int) - section(*image.shape[:2]).astype(int)) <= by).all())


def channels(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (section().astype(np.uint16) * 16, {"photometric": "rgb"}),  # 12 bits
        (section().astype(np.uint16) * 4, {"photometric": "rgb"}),  # 10 bits
        (section().astype(np.uint16) * 257, {"photometric": "rgb", "tile": (16, 16)}),
        (section().astype(np.float32) / 255, {"photometric": "rgb"}),
        (section().astype(np.float64), {"photometric": "rgb"}),
        (section().astype(np.int64), {"photometric": "rgb"}),
        (section().astype(np.uint32) * 16, {"photometric": "rgb"}),
        (channels(section()), {"photometric": "rgb", "planarconfig": "separate"}),
        (channels(section()), {"photometric": "rgb", "planarconfig": "separate", "tile": (32, 32), "compression": "deflate"}),
        (channels(section()).astype(np.uint16) * 16, {"photometric": "rgb", "planarconfig": "separate", "rowsperstrip": 7}),
    ],
)
def test_colour_of_any_type_and_layout_keeps_its_values(tmp_path: Path, values: np.ndarray, options: dict[str, Any]) -> None:
    tifffile.imwrite(tmp_path / "s.tif", values, **options)
    assert near(read_image(tmp_path / "s.tif"))


@pytest.mark.parametrize("names", [["R", "G", "B"], ["red", "Green", "BLUE"]])
def test_three_named_channels_are_colours(tmp_path: Path, names: list[str]) -> None:
    metadata = {"axes": "CYX", "Channel": {"Name": names}}
    tifffile.imwrite(tmp_path / "s.ome.tif", channels(section()), photometric="minisblack", metadata=metadata)
    assert near(read_image(tmp_path / "s.ome.tif"))


def test_three_channels_without_names_are_colours_only_where_the_glass_is_bright(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(tmp_path / "s.ome.tif", channels(section()), photometric="minisblack", metadata={"axes": "CYX"})
    assert near(read_image(tmp_path / "s.ome.tif"))
    assert "not named" in capsys.readouterr().err
    tifffile.imwrite(tmp_path / "f.ome.tif", channels(255 - section()), photometric="minisblack", metadata={"axes": "CYX"})
    with pytest.raises(InputError, match="three channels that are not named"):
        read_image(tmp_path / "f.ome.tif")


@pytest.mark.parametrize(
    ("shape", "options", "told"),
    [
        ((5, 60, 80), {"photometric": "minisblack"}, "5 planes"),
        ((3, 60, 80), {"photometric": "minisblack"}, "3 planes"),
        ((4, 60, 80), {"photometric": "minisblack", "ome": True, "metadata": {"axes": "CYX"}}, "4 channels"),
        ((2, 60, 80), {"imagej": True, "metadata": {"axes": "ZYX"}}, "2 planes in depth"),
        ((6, 60, 80, 3), {"photometric": "rgb"}, "6 planes"),
    ],
)
def test_stacks_are_refused(tmp_path: Path, shape: tuple[int, ...], options: dict[str, Any], told: str) -> None:
    tifffile.imwrite(tmp_path / "s.tif", np.zeros(shape, np.uint8), **options)
    with pytest.raises(InputError, match=told):
        read_image(tmp_path / "s.tif")


def test_pages_of_one_size_are_refused_and_a_macro_photo_is_never_read(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "pages.tif") as file:
        for _ in range(2):
            file.write(section(), photometric="rgb", metadata=None, contiguous=False)
    with pytest.raises(InputError, match=r"2 (pages|pictures)"):
        read_image(tmp_path / "pages.tif")
    with tifffile.TiffWriter(tmp_path / "s.ome.tif", ome=True) as file:
        file.write(np.zeros((90, 120, 3), np.uint8), photometric="rgb", metadata={"axes": "YXS", "Name": "macro image"})
        file.write(section(), photometric="rgb", metadata={"axes": "YXS", "Name": "scan"})
        file.write(np.zeros((20, 20, 3), np.uint8), photometric="rgb", metadata={"axes": "YXS", "Name": "other"})
    assert near(read_image(tmp_path / "s.ome.tif"))


def test_alpha_grey_and_orientation(tmp_path: Path) -> None:
    grey = np.stack([section()[..., 0], np.full((60, 80), 255, np.uint8)], -1)
    grey[20:40, 10:50, 1] = 0
    tifffile.imwrite(tmp_path / "la.tif", grey, photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig")
    assert (read_image(tmp_path / "la.tif")[20:40, 10:50] == 255).all()
    tifffile.imwrite(tmp_path / "o.tif", np.rot90(section()), photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    assert near(read_image(tmp_path / "o.tif"))
    extra = np.concatenate([section(), np.zeros((60, 80, 1), np.uint8)], 2)
    tifffile.imwrite(tmp_path / "nir.tif", extra, photometric="rgb", extrasamples=["unspecified"])
    assert near(read_image(tmp_path / "nir.tif"))


def test_deep_colour_in_other_formats(tmp_path: Path) -> None:
    """PNG is written by hand, since Pillow cannot: 16-bit RGB, every row filtered as `Up`."""
    import struct
    import zlib

    values = (section().astype(np.uint16) * 16).astype(">u2")
    raw = values.view(np.uint8).reshape(60, -1).astype(np.int16)
    filtered = np.diff(raw, axis=0, prepend=0).astype(np.uint8)
    rows = b"".join(b"\x02" + row.tobytes() for row in filtered)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 80, 60, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "s.png").write_bytes(png)
    assert near(read_image(tmp_path / "s.png"))


def test_a_name_does_not_make_the_format(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", section().astype(np.uint16) * 16, photometric="rgb")
    (tmp_path / "s.tif").rename(tmp_path / "s.png")
    assert near(read_image(tmp_path / "s.png"))
    image = Image.fromarray(section())
    exif = image.getexif()
    exif[0x0112] = 3
    image.rotate(180).save(tmp_path / "s.jpg", exif=exif, quality=95, subsampling=0)
    assert near(read_image(tmp_path / "s.jpg"), 30)


def test_a_size_beyond_the_limit_says_what_to_do(tmp_path: Path) -> None:
    Image.new("L", (12_000, 9_000)).save(tmp_path / "s.png", compress_level=1)
    with pytest.raises(InputError, match="tiled TIFF"):
        read_image(tmp_path / "s.png")


def test_pages_that_lead_round_in_a_circle_end(tmp_path: Path) -> None:
    """The second page names itself as the next one. Read in a process of its own, which a reader that went round would never leave."""
    path = tmp_path / "circle.tif"
    for side in (16, 8):
        tifffile.imwrite(path, np.zeros((side, side), np.uint8), metadata=None, append=side < 16)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        offsets = [page.offset for page in file.pages]
    count = struct.unpack_from("<H", content, offsets[1])[0]
    struct.pack_into("<I", content, offsets[1] + 2 + 12 * count, offsets[1])
    path.write_bytes(content)
    code = "import sys, tifffile; from cytoscribe.core.tiff_layout import series_of; print(len(series_of(tifffile.TiffFile(sys.argv[1]))))"
    ended = subprocess.run([sys.executable, "-c", code, path], timeout=60, check=True, capture_output=True, text=True)
    assert int(ended.stdout) >= 1
