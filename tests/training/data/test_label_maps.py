"""Label maps as other programs write them: values are exact, or the file is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.training.data import label_maps
from cytoscribe.training.data.colour_tables import read_colours
from cytoscribe.training.data.groups import Groups, groups_named
from cytoscribe.training.data.label_maps import read_label_colours, read_labels


def labels(left: int, right: int, dtype: str = "uint8") -> np.ndarray:
    values = np.zeros((60, 80), dtype)
    values[5:55, 5:40], values[5:55, 40:75] = left, right
    return values


@pytest.mark.parametrize(
    ("dtype", "big"),
    [
        ("uint32", 614454277),
        ("int32", 182305696),
        ("float64", 614454277),
        ("int64", 2**40),
        ("uint32", 3_000_000_000),
        ("float32", 997),
    ],
)
def test_ids_of_atlases_are_exact(tmp_path: Path, dtype: str, big: int) -> None:
    tifffile.imwrite(tmp_path / "s.tif", labels(7, 9).astype(dtype) * 0 + labels(1, 2, "int64").astype(dtype) * (big // 2))
    assert set(np.unique(read_labels(tmp_path / "s.tif"))) == {0, big // 2, big // 2 * 2}


def test_lzw_and_palettes_and_grey_in_colour(tmp_path: Path) -> None:
    Image.fromarray(labels(40, 48)).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    Image.fromarray(labels(40_000, 48_000, "uint16")).save(tmp_path / "deep.tif", compression="tiff_lzw")
    Image.fromarray(np.repeat(labels(40, 48)[..., None], 3, 2)).save(tmp_path / "rgb.png")
    palette = Image.fromarray(labels(40, 48), "P")
    palette.putpalette(list(range(256)) * 3)
    palette.save(tmp_path / "p.png")
    np.save(tmp_path / "s.npy", labels(40, 48))
    for name in ("lzw.tif", "rgb.png", "p.png", "s.npy"):
        np.testing.assert_array_equal(read_labels(tmp_path / name), labels(40, 48))
    np.testing.assert_array_equal(read_labels(tmp_path / "deep.tif"), labels(40_000, 48_000, "int64"))


def _smooth(size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(labels(40, 48)).resize(size, Image.Resampling.BILINEAR))


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        ("s.jpg", lambda p: Image.fromarray(labels(40, 48)).save(p), "JPEG changes label values"),
        ("s.png", lambda p: Image.fromarray(labels(40, 48)).save(p, format="JPEG"), "JPEG changes label values"),
        ("s.webp", lambda p: Image.fromarray(labels(40, 48)).save(p), "WebP changes"),
        ("s.jp2", lambda p: Image.fromarray(labels(40, 48)).save(p), "JPEG 2000 changes"),
        ("s.tif", lambda p: Image.fromarray(labels(40, 48)).save(p, compression="jpeg"), "JPEG changes"),
        ("s.tif", lambda p: tifffile.imwrite(p, labels(40, 48, "float32") * 1.01), "not whole numbers"),
        ("s.tif", lambda p: tifffile.imwrite(p, labels(1, 2, "float32") * 614454272), "float32, which rounds them"),
        ("s.png", lambda p: Image.fromarray(_smooth((200, 150))).save(p), "interpolated or smoothed"),
        ("s.png", lambda p: Image.fromarray(_smooth((50, 37))).save(p), "interpolated or smoothed"),
        ("s.tif", lambda p: tifffile.imwrite(p, np.stack([labels(1, 2)] * 5), photometric="minisblack"), "5 planes"),
        ("s.tif", lambda p: tifffile.imwrite(p, np.stack([labels(1, 2)] * 3), photometric="minisblack"), "3 planes"),
        ("s.npy", lambda p: np.save(p, np.stack([labels(1, 2)] * 3)), "a stack of 3 x 60 x 80"),
        ("s_seg.npy", lambda p: np.save(p, {"masks": labels(1, 2)}, allow_pickle=True), "cellpose"),  # type: ignore[arg-type]
        ("s.png", lambda p: Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)).save(p), "--colours"),
        ("s.nii.gz", lambda p: p.write_bytes(b"\x1f\x8b" + b"\0" * 99), "nibabel|not a readable"),
        ("s.nrrd", lambda p: p.write_bytes(b"NRRD0004\n"), "pynrrd|not a readable"),
    ],
)
def test_what_would_be_guessed_is_refused(tmp_path: Path, name: str, write: Callable[[Path], None], told: str) -> None:
    write(tmp_path / name)
    with pytest.raises(InputError, match=told):
        read_labels(tmp_path / name)


def test_a_thin_layer_is_no_smoothing(tmp_path: Path) -> None:
    values = labels(40, 48)
    values[5:55, 39:41] = 44
    values[30, 5:75] = 45
    Image.fromarray(values).save(tmp_path / "s.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "s.png"), values)


def test_large_ids_find_their_groups() -> None:
    groups = Groups(("a", "b"), frozenset(), {182305696: 1, 614454277: 2}, {})
    np.testing.assert_array_equal(groups.of(np.array([0, 182305696, 614454277, 5, -1, 2**40])), [0, 1, 2, 0, 0, 0])


def test_colours_are_looked_up_and_foreign_ones_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = np.full((60, 80, 3), 255, np.uint8)
    picture[5:55, 5:40], picture[5:55, 40:75] = (200, 0, 10), (0, 200, 20)
    picture[0, :9] = (1, 2, 3)
    Image.fromarray(picture).save(tmp_path / "s.png")
    (tmp_path / "c.csv").write_text("colour,label\n#c8000a,area A\n0 200 20,area B\n")
    table = read_colours(tmp_path / "c.csv")
    numbers = table.numbers(read_label_colours(tmp_path / "s.png"), groups_named(table.names), tmp_path / "s.png")
    assert numbers[30, 20] == 1
    assert numbers[30, 60] == 2
    assert numbers[59, 0] == 0
    assert "9 pixels have colours" in capsys.readouterr().err
    (tmp_path / "d.csv").write_text("colour,label\n#c8000a,area A\n#111111,area B\n")
    with pytest.raises(InputError, match=r"27% of the pixels have colours that d\.csv does not list"):
        read_colours(tmp_path / "d.csv").numbers(
            read_label_colours(tmp_path / "s.png"), groups_named(["area A"]), tmp_path / "s.png"
        )
    (tmp_path / "e.csv").write_text("colour,label\nviolet,area A\n")
    with pytest.raises(InputError, match="'violet' is not a colour"):
        read_colours(tmp_path / "e.csv")


def test_a_large_map_is_thinned_as_far_as_tiles_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.kron(np.arange(1, 13, dtype=np.uint16).reshape(3, 4), np.ones((128, 128), np.uint16))
    tifffile.imwrite(tmp_path / "s.tif", values, tile=(64, 64))
    monkeypatch.setattr(label_maps, "MOST_WHOLE", 1000)
    found = read_labels(tmp_path / "s.tif", picture=(768, 1024), finest=256)  # 128 labels across a tile: every fourth is enough
    np.testing.assert_array_equal(found, values[2::4, 2::4])
    assert found.dtype == np.uint16
    assert read_labels(tmp_path / "s.tif", picture=(768, 1024), finest=60).shape == values.shape
    monkeypatch.setattr(label_maps, "MOST_CELLS", values.size // 60)
    np.testing.assert_array_equal(read_labels(tmp_path / "s.tif"), values[4::8, 4::8])


def test_a_large_map_that_was_smoothed_is_refused_before_it_is_thinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile.imwrite(tmp_path / "s.tif", _smooth((800, 600)))
    monkeypatch.setattr(label_maps, "MOST_WHOLE", 1000)
    monkeypatch.setattr(label_maps, "MOST_CELLS", 800 * 600 // 200)
    with pytest.raises(InputError, match="interpolated or smoothed"):
        read_labels(tmp_path / "s.tif")
